# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core import locks
from ansible_collections.convosphere.platform.plugins.module_utils._host import environment_directory
from ansible_collections.convosphere.platform.plugins.module_utils._stack import releases as stack_releases

from support.compose_project import OBEYS, docker
from support.law import NO_DIFF, Case, Refused, Step
from support.stack_project import StackProject, stack_project

MODULE = "convosphere_prune"


class Stack:
    """A stack that never ran, with an image for each of its releases."""

    def __init__(self, project: StackProject) -> None:
        self.project = project
        self.ids: dict[str, str] = {}
        environment_directory.write_marker(project.directory, "test")
        self.options = {
            "project_src": str(project.directory),
            "environment_name": "test",
            "repositories": [project.name],
            "min_age": 0,
        }

    def image(self, tag: str, *more: str) -> str:
        """Make an image; its name."""
        name = f"{self.project.name}:{tag}"
        self.ids[tag] = self.project.import_image(name, f"{OBEYS} # {tag}", *more)
        return name

    def short(self, tag: str) -> str:
        """Return the id of an image as releases store it."""
        return self.ids[tag].rpartition(":")[2][:12]

    def release(self, number: int, *tags: str, directory: Path | None = None) -> str:
        """Record a release that is made of some images, and serves; its id."""
        releases = (directory or self.project.directory) / "releases"
        releases.mkdir(parents=True, exist_ok=True)
        name = f"2026010{number}T000000000Z"
        stack_releases.save(releases, {"id": name, **self.record(*tags)}, {"compose.yaml": "services: {}"})
        return name

    def record(self, *tags: str) -> dict[str, Any]:
        """Return the part of a release's record that lists the images."""
        return {"images": {f"web{tag}": f"{self.project.name}:{tag}@{self.short(tag)}" for tag in tags}, "files": {}}

    def tags(self) -> list[str]:
        """Return the repository's tags, sorted."""
        return sorted(docker("images", "--format={{.Tag}}", self.project.name).split())

    def releases(self) -> list[str]:
        """Return the ids of the current releases."""
        return sorted(path.parent.name for path in self.project.directory.glob("releases/2*/release.json"))


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with stack_project(tmp_path) as project:
        found = Stack(project)
        docker("rmi", project.image, project.bad_image)
        yield found


@pytest.mark.law
def test_law(run_law, stack):
    for tag in ("one", "two", "three", "other"):
        stack.image(tag)
    first, _second, _third = (stack.release(number, tag) for number, tag in enumerate(("one", "two", "three"), 1))
    other = f"image {stack.project.name}:other"
    size = json.loads(docker("image", "inspect", f"{stack.project.name}:one"))[0]["Size"]
    run_law(
        MODULE,
        cases=[
            Case(
                "prune",
                {**stack.options, "releases_kept": 2},
                diff={
                    "before": {
                        f"release {first}": {"images": stack.record("one")["images"]},
                        f"image {stack.project.name}:one": {"id": stack.short("one"), "size_bytes": size},
                        other: {"id": stack.short("other"), "size_bytes": size},
                    },
                    "after": {},
                },
                returns={"releases": [first], "size_bytes": 2 * size},
            ),
        ],
        refused=[
            Refused("no stack", {**stack.options, "project_src": "/nowhere"}, "There is no stack in /nowhere"),
            Refused("another environment", {**stack.options, "environment_name": "prod"}, "test, not to prod"),
            Refused("none kept", {**stack.options, "releases_kept": 0}, "it must be 1 or more"),
            Refused(
                "too many", {**stack.options, "releases_kept": 1, "max_removals": 1},
                "1 releases and 1 images would be removed, and max_removals allows 1 in total",
            ),
            Refused("no engine", {**stack.options, "docker_host": "unix:///nowhere"}, "not running at unix:///nowhere"),
        ],
    )  # fmt: skip
    assert stack.tags() == ["three", "two"]
    assert stack.releases() == ["20260102T000000000Z", "20260103T000000000Z"]


def test_an_image_that_anything_needs_stays(run_steps, stack):
    for tag in ("serving", "container", "beside", "named-twice", "young"):
        stack.image(tag)
    stack.release(1, "serving")
    stack.release(1, "beside", directory=stack.project.directory.parent / "staging")
    docker("create", f"--label={stack.project.label}", f"{stack.project.name}:container")
    docker("tag", f"{stack.project.name}:named-twice", f"{stack.project.name}-of-mine:1")
    try:
        run = run_steps(
            MODULE,
            [
                Step("young", {**stack.options, "min_age": 3600}, changed=False, diff=NO_DIFF),
                Step("prune", stack.options, changed=True),
            ],
        )
    finally:
        docker("rmi", f"{stack.project.name}-of-mine:1")

    assert [image["name"] for image in run.task("prune").result["images"]] == [f"{stack.project.name}:young"]
    assert stack.tags() == ["beside", "container", "named-twice", "serving"]


def test_without_repositories_only_what_old_releases_were_made_of_goes(run_steps, stack):
    for tag in ("old", "new", "unknown"):
        stack.image(tag)
    stack.release(1, "old")
    stack.release(2, "new")
    options = {
        "project_src": str(stack.project.directory),
        "environment_name": "test",
        "min_age": 0,
        "releases_kept": 1,
    }

    run_steps(MODULE, [Step("prune", options, changed=True), Step("again", options, changed=False, diff=NO_DIFF)])

    assert stack.tags() == ["new", "unknown"]


def test_the_release_that_serves_stays_even_when_it_is_an_old_one(run_steps, stack):
    for tag in ("old", "new", "newest"):
        stack.image(tag)
    old, *_others = (stack.release(number, tag) for number, tag in enumerate(("old", "new", "newest"), 1))
    current = stack.project.directory / "releases/current"
    current.unlink()
    current.symlink_to(old)

    run_steps(MODULE, [Step("prune", {**stack.options, "releases_kept": 1}, changed=True)])

    assert stack.tags() == ["newest", "old"]
    assert stack.releases() == [old, "20260103T000000000Z"]


def test_a_stand_in_that_lost_its_name_is_listed_only_when_asked(run_steps, stack):
    label = "LABEL org.convosphere.sandbox=true"
    stack.image("standin", label)
    lost = stack.ids["standin"]
    stack.image("standin", label, "LABEL newer=yes")
    stack.release(1, "standin")
    # In check mode: on this host there may be more of them.
    options = {**stack.options, "max_removals": 10_000}

    run = run_steps(
        MODULE,
        [
            Step("without", options, check=True, changed=False, diff=NO_DIFF),
            Step("with", {**options, "standins": True}, check=True, changed=True),
        ],
    )
    docker("rmi", lost)

    assert lost in [image["id"] for image in run.task("with").result["images"]]


def test_nothing_is_removed_while_a_deploy_changes_the_stack(run_steps, stack):
    stack.image("one")
    stack.release(1)
    with locks.locked(stack.project.directory / ".lock", "the stack"):
        run_steps(MODULE, [Step("prune", stack.options, fails="Another run is changing the stack")])

    assert stack.tags() == ["one"]


def test_what_a_deploy_left_behind_goes(run_steps, tmp_path):
    with stack_project(tmp_path) as project:
        project.deploy(project.options())
        newer = f"{project.name}:newer"
        project.import_image(newer, OBEYS, "LABEL newer=yes")
        project.deploy(project.options({"web": {**project.service(), "image": newer}}))
        before = project.serving()

        options = {
            "project_src": str(project.directory),
            "environment_name": "test",
            "releases_kept": 1,
            "min_age": 0,
            "repositories": [project.name],
        }
        run_steps(MODULE, [Step("prune", options, changed=True), Step("again", options, changed=False)])

        assert docker("images", "--format={{.Repository}}:{{.Tag}}", project.name).split() == [newer]
        assert project.serving() == before
