# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from support.compose_project import docker
from support.law import NO_DIFF, Case, Refused, Step
from support.registry import Registry, registry, silent_registry

MODULE = "convosphere_image"
SCRATCH = "FROM scratch\nCOPY Dockerfile /{}\n"
#: What the registry and its answers are awaited at most; the tests themselves take milliseconds.
PATIENCE = 2


@pytest.fixture
def served() -> Iterator[Registry]:
    with registry() as running:
        yield running


@pytest.fixture
def names() -> Iterator[Callable[[int], list[str]]]:
    """Generate names of images, and remove the images of those names afterwards."""
    made: list[str] = []

    def make(count: int) -> list[str]:
        made.extend(f"cvtest-image-{uuid.uuid4().hex[:8]}:1" for number in range(count))
        return made[-count:]

    yield make
    remove(made)


def remove(references: Sequence[str]) -> None:
    there = [name for name in references if image_id(name)]
    if there:
        docker("image", "rm", "--force", *there)


def image_id(name: str) -> str:
    """Return the id of an image, empty if there is no such image."""
    return docker("image", "ls", "--no-trunc", "--quiet", name).strip()


def context(folder: Path, content: str = SCRATCH.format("x")) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(content)
    return str(folder)


def build(folder: Path, name: str, content: str = "x") -> str:
    docker("build", "--quiet", f"--tag={name}", context(folder, SCRATCH.format(content)))
    return image_id(name)


def created(way: str, *references: str) -> dict[str, Any]:
    return {"before": {}, "after": {name: {"image": way} for name in references}}


@pytest.mark.law
def test_law(run_law, names, served, tmp_path):
    first, second, third = names(3)
    pulled = served.push("cvtest-pulled", "1", "one")
    loaded = build(tmp_path / "saved", third)
    docker("save", "--output", str(tmp_path / "images.tar"), third)
    remove([third])
    source = context(tmp_path / "context")
    run_law(
        MODULE,
        cases=[
            Case(
                "build",
                {"source": "build", "images": [{"name": first, "build": source}, {"name": second, "build": source}]},
                diff=created("build", first, second),
                returns={"images": {first: ANY, second: ANY}, "missing": [], "reasons": {}},
            ),
            Case(
                "pull", {"images": [{"name": pulled}]}, diff=created("pull", pulled), returns={"images": {pulled: ANY}}
            ),
            Case(
                "load",
                {"source": "load", "archive": str(tmp_path / "images.tar"), "images": [{"name": third}]},
                diff=created("load", third),
                returns={"images": {third: loaded}},
            ),
        ],
        refused=[
            Refused("no archive", {"source": "load", "images": [{"name": "cvtest-none:1"}]}, "archive"),
            Refused("twice", {"images": [{"name": first}, {"name": first}]}, "was named before, in images[0]"),
            Refused("misspelled source", {"source": "fetch", "images": []}, "pull, build, load, got: fetch"),
            Refused(
                "no context",
                {"source": "build", "images": [{"name": "cvtest-none:1", "build": "/nowhere"}]},
                "There is no Dockerfile in /nowhere to build cvtest-none:1 from",
            ),
            Refused(
                "no space",
                {"required_bytes": 1 << 60, "images": [{"name": "cvtest-none:1"}]},
                "The images need 1073741824.0 GiB in /var/lib/docker, and its file system / has",
            ),
        ],
    )
    remove([pulled])


def test_an_image_that_moved_in_the_registry_is_pulled_again_only_when_asked(run_steps, served):
    name = served.push("cvtest-moved", "1", "one")
    before = served.digest("cvtest-moved", "1")
    docker("pull", "--quiet", name)
    old = image_id(name)
    served.push("cvtest-moved", "1", "two")
    image = [{"name": name}]
    diff = {"before": {name: {"digest": before}}, "after": {name: {"digest": served.digest("cvtest-moved", "1")}}}

    run = run_steps(
        MODULE,
        [
            Step("present", {"images": image}, changed=False, diff=NO_DIFF, returns={"images": {name: old}}),
            Step("would pull", {"images": image, "pull": "always"}, check=True, changed=True, diff=diff),
            Step("pull", {"images": image, "pull": "always"}, changed=True, diff=diff),
            Step("pull again", {"images": image, "pull": "always"}, changed=False, diff=NO_DIFF),
        ],
    )

    assert run.task("pull").result["images"][name] == image_id(name) != old
    remove([name])
    docker("image", "rm", "--force", old)


def test_check_mode_downloads_nothing(run_steps, served):
    name = served.push("cvtest-checked", "1", "one")

    run_steps(MODULE, [Step("check", {"images": [{"name": name}]}, check=True, diff=created("pull", name))])

    assert image_id(name) == ""
    assert [request for request in served.requests if "/manifests/" in request]
    assert not [request for request in served.requests if request.rpartition("/")[2] in served.layers]


def test_all_images_that_cannot_be_had_are_in_one_error_with_the_registrys_answer(run_steps, names, served, tmp_path):
    (built,) = names(1)
    good = served.push("cvtest-good", "1", "one")
    absent = [f"{served.address}/cvtest-absent:{tag}" for tag in (1, 2)]
    images = [{"name": name} for name in (good, *absent)]
    images.append({"name": built, "build": context(tmp_path / "bad", "FROM scratch\nCOPY absent /\n")})

    options = {"source": "build", "images": images}
    run = run_steps(
        MODULE,
        [
            Step("foresee", options, check=True, fails="2 of 4 images could not be made present"),
            Step("make", options, fails="3 of 4 images could not be made present"),
        ],
    )

    message = run.task("make").message
    assert run.task("make").result["failure"]["images"] == [*absent, built]
    assert all(f"{name}: Docker Engine failed to pull {name}: manifest" in message for name in absent)
    assert "COPY failed: file not found in build context" in message
    assert "docker login" in message
    assert "Correct the Dockerfile" in message
    assert image_id(built) == ""
    assert image_id(good)
    remove([good])


def test_images_that_are_not_required_are_returned_as_missing_and_are_no_change(run_steps, served):
    name = f"{served.address}/cvtest-absent:1"
    options = {"images": [{"name": name}], "required": False}

    run = run_steps(
        MODULE,
        [
            Step("check", options, check=True, changed=False, diff=NO_DIFF, returns={"missing": [name], "images": {}}),
            Step("make", options, changed=False, diff=NO_DIFF, returns={"missing": [name], "images": {}}),
        ],
    )

    assert "manifest unknown" in run.task("make").result["reasons"][name]


def test_a_silent_registry_costs_its_timeout(run_steps):
    with silent_registry() as address:
        started = time.monotonic()
        run_steps(
            MODULE,
            [
                Step(
                    "pull",
                    {
                        "images": [{"name": f"{address}/cvtest-silent:{tag}"} for tag in (1, 2)],
                        "pull_timeout": PATIENCE,
                    },
                    fails=f"{address} did not answer within {PATIENCE} s",
                )
            ],
        )

    assert time.monotonic() - started < 20


@pytest.mark.parametrize("program", [("gzip",), ("zstd", "--quiet", "--rm")])
def test_compressed_archives(run_steps, names, tmp_path, program):
    first, second = names(2)
    ids = {name: build(tmp_path / "context", name, name.replace(":", "-")) for name in (first, second)}
    archive = tmp_path / "images.tar"
    docker("save", "--output", str(archive), first, second)
    remove([first, second])
    subprocess.run([*program, str(archive)], check=True)
    archive = next(tmp_path.glob("images.tar.*"))
    options = {"source": "load", "archive": str(archive)}

    run_steps(
        MODULE,
        [
            Step(
                "lacks one",
                {**options, "images": [{"name": first}, {"name": "cvtest-none:1"}]},
                fails="lacks cvtest-none:1",
            ),
            Step(
                "load",
                {**options, "images": [{"name": first}, {"name": second}]},
                changed=True,
                diff=created("load", first, second),
                returns={"images": ids},
            ),
            Step("current", {**options, "pull": "always", "images": [{"name": first}]}, changed=False),
        ],
    )


def test_a_newer_archive_is_loaded_when_asked(run_steps, names, tmp_path):
    (name,) = names(1)
    new = build(tmp_path / "new", name, "new")
    docker("save", "--output", str(tmp_path / "images.tar"), name)
    old = build(tmp_path / "old", name, "old")
    options = {"source": "load", "archive": str(tmp_path / "images.tar"), "images": [{"name": name}]}
    diff = {"before": {name: {"id": old}}, "after": {name: {"id": new}}}

    run_steps(
        MODULE,
        [
            Step("present", options, changed=False, returns={"images": {name: old}}),
            Step("would load", {**options, "pull": "always"}, check=True, changed=True, diff=diff),
            Step("load", {**options, "pull": "always"}, changed=True, diff=diff, returns={"images": {name: new}}),
            Step("load again", {**options, "pull": "always"}, changed=False),
        ],
    )
    docker("image", "rm", "--force", old)


def test_check_mode_needs_neither_archive_nor_context(run_steps):
    absent = {"name": "cvtest-none:1", "build": "/nowhere"}

    run = run_steps(
        MODULE,
        [
            Step("load", {"source": "load", "archive": "/nowhere.tar", "images": [absent]}, check=True, changed=True),
            Step("build", {"source": "build", "images": [absent]}, check=True, changed=True),
        ],
    )

    assert "The archive /nowhere.tar is not on the host yet" in run.output
    assert "There is no Dockerfile in /nowhere to build cvtest-none:1 from yet" in run.output
