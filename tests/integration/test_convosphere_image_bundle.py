# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives of images: written by one module, and loaded by the other, which transfers missing layers only."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from support.compose_project import docker
from support.law import NO_DIFF, Case, Refused, Step
from support.module_process import run_module

MODULE = "convosphere_image_bundle"
LOAD = "convosphere_image"
BASE_BYTES, TOP_BYTES = 3_000_000, 1_000_000


@pytest.fixture
def names() -> Iterator[Callable[[int], list[str]]]:
    """Generate names of images, and remove the images of those names afterwards."""
    made: list[str] = []

    def make(count: int) -> list[str]:
        made.extend(f"cvtest-bundle-{uuid.uuid4().hex[:8]}:1" for number in range(count))
        return made[-count:]

    yield make
    remove(made)


def remove(references: Sequence[str]) -> None:
    there = [name for name in references if docker("image", "ls", "--quiet", name).strip()]
    if there:
        docker("image", "rm", "--force", *there)


def build(folder: Path, name: str, base: str, content: bytes) -> str:
    """Build an image with one layer of these bytes on `base`, and return its id."""
    folder.mkdir(exist_ok=True)
    (folder / "content").write_bytes(content)
    (folder / "Dockerfile").write_text(f"FROM {base}\nCOPY content /content-{len(content)}\n")
    try:
        docker("build", "--quiet", f"--tag={name}", str(folder))
    except AssertionError as error:
        # The builder of Engine 20.10 may lose an image before it has its name, while another test removes images.
        if "unable to find image" not in str(error):
            raise
        docker("build", "--quiet", f"--tag={name}", str(folder))
    return image_id(name)


def image_id(name: str) -> str:
    return docker("image", "inspect", "--format={{ .Id }}", name).strip()


def options(folder: Path, *images: str) -> dict[str, Any]:
    place = {"project_src": str(folder / "stack"), "path": str(folder / "bundle.tar")}
    return {"environment_name": "cvtest", **place, **({"images": list(images)} if images else {})}


def manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "bundle.tar.json").read_text())


@pytest.mark.law
def test_law(run_law, names, tmp_path):
    first, second = names(2)
    one = build(tmp_path / "one", first, "scratch", os.urandom(TOP_BYTES))
    two = build(tmp_path / "two", second, "scratch", b"two")
    run_law(
        MODULE,
        cases=[
            Case(
                "write",
                options(tmp_path, first),
                diff={"before": {}, "after": {first: {"id": one}}},
                returns={"images": [{"name": first, "id": one, "layers": [ANY]}], "sha256": ANY, "size_bytes": ANY},
            ),
            Case(
                "other images",
                options(tmp_path, second),
                diff={"before": {first: {"id": one}}, "after": {second: {"id": two}}},
            ),
        ],
        refused=[
            Refused("no images", options(tmp_path, "cvtest-none:1"), "The host has no image cvtest-none:1"),
            Refused("a digest", options(tmp_path, f"{first}@{one}"), f"docker tag {first}@{one} {first}. Then name"),
            Refused("no directory", {**options(tmp_path, first), "path": "/nowhere/b.tar"}, "no directory /nowhere"),
            Refused(
                "no release",
                {**options(tmp_path), "release": "20260101T000000000Z"},
                "There is no release 20260101T000000000Z",
            ),
        ],
    )
    assert [each["id"] for each in manifest(tmp_path)["images"]] == [two]
    assert sorted(path.name for path in tmp_path.glob("*bundle*")) == ["bundle.tar", "bundle.tar.json"]


def test_docker_itself_loads_the_archive(run_playbook, names, tmp_path):
    base, name = names(2)
    build(tmp_path / "base", base, "scratch", os.urandom(BASE_BYTES))
    image = build(tmp_path / "image", name, base, b"top")
    run_playbook([task(MODULE, options(tmp_path, base, name))]).succeeded()
    remove([name, base])

    docker("load", "--input", str(tmp_path / "bundle.tar"))

    assert image_id(name) == image


def test_only_missing_layers_are_transferred(run_playbook, names, tmp_path):
    base, name, old = names(3)
    load = {"source": "load", "archive": str(tmp_path / "bundle.tar"), "pull": "always", "images": [{"name": name}]}
    build(tmp_path / "base", base, "scratch", os.urandom(BASE_BYTES))
    build(tmp_path / "old", name, base, os.urandom(TOP_BYTES))
    run_playbook([task(MODULE, options(tmp_path, name))]).succeeded()
    remove([name, base])

    first = loaded(run_playbook, load)

    docker("tag", name, old)
    new = build(tmp_path / "new", name, old, os.urandom(TOP_BYTES))
    run_playbook([task(MODULE, options(tmp_path, name))]).succeeded()
    remove([name])
    docker("tag", old, name)
    foreseen = loaded(run_playbook, load, check=True)
    assert image_id(name) == image_id(old)
    second = loaded(run_playbook, load)
    again = loaded(run_playbook, load)

    assert BASE_BYTES + TOP_BYTES < first["transferred_bytes"] < 1.2 * (BASE_BYTES + TOP_BYTES)
    assert TOP_BYTES < second["transferred_bytes"] < 1.2 * TOP_BYTES
    assert foreseen["changed"]
    assert foreseen["needed"] == second["needed"]
    assert len(second["needed"]["layers"]) == 1
    assert second["images"] == {name: new}
    assert not again["changed"]
    assert "transferred_bytes" not in again


def test_an_image_whose_layers_are_all_there_gets_its_name_only(run_playbook, names, tmp_path):
    name, other = names(2)
    image = build(tmp_path / "image", name, "scratch", os.urandom(BASE_BYTES))
    run_playbook([task(MODULE, options(tmp_path, name))]).succeeded()
    docker("tag", name, other)
    docker("image", "rm", name)

    load = {"source": "load", "archive": str(tmp_path / "bundle.tar"), "images": [{"name": name}]}
    result = loaded(run_playbook, load)

    assert result["images"] == {name: image}
    assert result["needed"] == {"images": [name], "layers": []}
    assert result["transferred_bytes"] < 20_000


def test_a_corrupt_archive_is_refused_before_anything_is_loaded(run_playbook, names, tmp_path):
    (name,) = names(1)
    build(tmp_path / "image", name, "scratch", os.urandom(TOP_BYTES))
    run_playbook([task(MODULE, options(tmp_path, name))]).succeeded()
    remove([name])
    archive = tmp_path / "bundle.tar"
    content = bytearray(archive.read_bytes())
    content[TOP_BYTES // 2] ^= 1
    archive.write_bytes(content)

    load = {"source": "load", "archive": str(archive), "images": [{"name": name}]}
    (failure,) = run_playbook([task(LOAD, load)]).failures

    assert "differs from the checksum" in failure.message
    assert docker("image", "ls", "--quiet", name) == ""


def test_an_archive_that_is_not_on_the_controller_is_refused_with_the_option(run_playbook):
    load = {"source": "load", "archive": "/nowhere.tar", "images": [{"name": "cvtest-none:1"}]}

    (failure,) = run_playbook([task(LOAD, load)]).failures

    assert "there is no file /nowhere.tar on the controller" in failure.message
    assert "remote_src: true" in failure.message


def test_images_that_come_later_count_in_check_mode_only(tmp_path):
    given = {**options(tmp_path, "cvtest-none:1"), "images_to_come": ["cvtest-none:1"]}

    foreseen = run_module(MODULE, given, tmp_path, check=True)

    assert foreseen["diff"]["after"] == {"cvtest-none:1": {"id": "unknown until the image is on the host"}}
    assert "has no image cvtest-none:1" in run_module(MODULE, given, tmp_path)["msg"]


def test_the_images_of_a_kept_release_keep_the_names_it_recorded(run_steps, names, tmp_path):
    (name,) = names(1)
    old = build(tmp_path / "old", name, "scratch", b"old")
    build(tmp_path / "new", name, "scratch", b"new")
    release = tmp_path / "stack/releases/20260101T000000000Z"
    release.mkdir(parents=True)
    record = {"id": release.name, "environment": "cvtest", "images": {"backend": f"{name}@{old[7:19]}"}, "files": {}}
    (release / "release.json").write_text(json.dumps(record))
    (release.parent / "current").symlink_to(release.name)
    given = {**options(tmp_path), "release": release.name}

    run_steps(
        MODULE,
        [
            Step("write", given, changed=True, diff={"before": {}, "after": {name: {"id": old}}}),
            Step("written by now", {**given, "existing": {name: old}}, changed=False, diff=NO_DIFF),
        ],
    )
    docker("image", "rm", "--force", old)


def task(module: str, given: dict[str, Any]) -> dict[str, Any]:
    return {"name": "Run", f"convosphere.platform.{module}": given}


def loaded(run_playbook: Callable[..., Any], given: dict[str, Any], **settings: Any) -> dict[str, Any]:
    result: dict[str, Any] = run_playbook([task(LOAD, given)], **settings).succeeded().task("Run").result
    return result
