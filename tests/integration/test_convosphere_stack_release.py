# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollback by convosphere_stack: the option release."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._stack import deploy_plan

from support.compose_project import OBEYS, docker
from support.law import NO_DIFF, Step
from support.migrations import stamp
from support.platform_database import PlatformDatabase
from support.stack_project import StackProject, secrets, stack_project

MODULE = "convosphere_stack"


class Deployed:
    """A stack after two deploys; `first` and `second` are the ids of their releases."""

    def __init__(self, project: StackProject) -> None:
        self.project = project
        self.newer = f"{project.name}:newer"
        project.import_image(self.newer, f"{OBEYS} # newer")
        token = secrets(TOKEN="the-first-token")
        project.deploy(project.options({"web": self.web("one")}, secrets=token, override={"services": {"web": {}}}))
        self.first = project.release()["id"]
        later = {"web": {**self.web("two"), "image": self.newer}, "more": project.service()}
        project.deploy(project.options(later, secrets=secrets(TOKEN="the-second-token")))
        self.second = project.release()["id"]
        self.options = {name: value for name, value in project.options().items() if name != "files"}

    def web(self, color: str) -> dict[str, Any]:
        """Return a service that shows its version and a secret."""
        return self.project.service(environment={"COLOR": color, "TOKEN": "${TOKEN}"})

    def record(self, release: str, **more: Any) -> None:
        """Change the record of a release."""
        path = self.project.directory / f"releases/{release}/release.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **more}))


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Deployed]:
    with stack_project(tmp_path) as project:
        yield Deployed(project)


def test_back_and_forth(run_steps, deployed):
    stack, image = deployed.project, docker("image", "inspect", "--format={{.Id}}", deployed.project.image).strip()
    stack.import_image(stack.image, f"{OBEYS} # the tag means another image by now")
    back = {**deployed.options, "release": deployed.first, "released_by": "ada"}
    run = run_steps(
        MODULE,
        [
            Step("check", back, check=True, changed=True),
            Step("back", back, changed=True),
            Step("again", back, changed=False, diff=NO_DIFF),
            Step("again (check)", back, check=True, changed=False, diff=NO_DIFF),
        ],
    )

    assert run.task("check").diff == run.task("back").diff
    assert {"file compose.yaml", "file compose.override.yaml", "service web", "service more", "release"} == {
        *run.task("back").diff["before"],
        *run.task("back").diff["after"],
    }
    assert (stack.variable("COLOR"), stack.variable("TOKEN")) == ("one", "the-second-token")
    assert set(stack.containers()) == {"web"}
    assert stack.containers()["web"]["Image"] == image
    record = stack.release()
    kept = json.loads((stack.directory / f"releases/{deployed.first}/release.json").read_text())
    assert (record["restored_from"], record["rolled_back_from"]) == (deployed.first, deployed.second)
    assert (record["images"], record["files"], record["modes"]) == (kept["images"], kept["files"], kept["modes"])
    assert record["released_by"] == "ada"

    forth = stack.deploy({**deployed.options, "release": deployed.second})

    assert forth.changed
    assert (stack.variable("COLOR"), set(stack.containers())) == ("two", {"web", "more"})
    assert stack.release()["rolled_back_from"] == record["id"]


@pytest.mark.parametrize("check", [True, False])
def test_what_cannot_serve_is_refused_before_anything_is_changed(deployed, check):
    stack = deployed.project
    before = stack.files(), stack.containers()
    back = {**deployed.options, "release": deployed.first}
    images = json.loads((stack.directory / f"releases/{deployed.first}/release.json").read_text())["images"]

    assert f"newest first: {deployed.second} (serves), {deployed.first}." in stack.fail(
        {**back, "release": "none"}, check=check
    )
    deployed.record(deployed.first, images={"web": f"{stack.image}@000000000000"})
    assert f"The host lacks images of the release {deployed.first}: {stack.image} (000000000000) of web" in stack.fail(
        back, check=check
    )
    deployed.record(deployed.first, images=images, secrets=["TOKEN", "LOST_KEY"])
    assert "The release needs the secrets LOST_KEY, and" in stack.fail(back, check=check)
    (stack.directory / f"releases/{deployed.first}/compose.yaml").write_text("by hand")
    assert "has no intact copy of compose.yaml" in stack.fail(back, check=check)
    for name, value in {
        "files": stack.options()["files"],
        "schema_image": "x",
        "secrets": secrets(A="long-enough"),
    }.items():
        assert "mutually exclusive" in stack.fail({**back, name: value}, check=check)
    assert "There is no compose.yaml in files" in stack.fail(deployed.options, check=check)

    assert (stack.files(), stack.containers()) == before


def test_in_check_mode_an_image_may_be_to_come(deployed):
    stack = deployed.project
    missing = f"{stack.name}:gone"
    deployed.record(deployed.first, images={"web": f"{missing}@0123456789ab"})
    release = stack.directory / f"releases/{deployed.first}"
    text = (release / "compose.yaml").read_text().replace(stack.image, missing)
    (release / "compose.yaml").write_text(text)
    files = {path.name: deploy_plan.digest(path.read_text()) for path in release.glob("compose*")}
    deployed.record(deployed.first, files=files)

    options = {**deployed.options, "release": deployed.first, "images_to_come": [missing]}
    task = stack.deploy(options, check=True)

    assert task.result["changed"] is True
    assert "The host lacks images" in stack.fail({**options, "images_to_come": []}, check=True)
    assert "The host lacks images" in stack.fail(options)


def test_a_release_that_fails_gives_way_to_the_one_that_served(deployed):
    stack = deployed.project
    before = stack.serving()
    good = docker("image", "inspect", "--format={{.Id}}", stack.image).strip()
    bad = docker("image", "inspect", "--format={{.Id}}", stack.bad_image).strip()
    assert good != bad
    # The image of the release is one that crashes.
    deployed.record(deployed.first, images={"web": f"{stack.image}@{bad.rpartition(':')[2][:12]}"})

    message = stack.fail({**deployed.options, "release": deployed.first})

    assert f"It was rolled back: release {deployed.second} serves." in message
    assert "cannot find my database" in message
    assert stack.serving() == before
    assert stack.release()["id"] == deployed.second


def test_a_schema_is_never_downgraded(deployed, tables):
    stack, database = deployed.project, stamp(PlatformDatabase(tables), "b")
    image_id = docker("image", "inspect", "--format={{.Id}}", stack.image).strip()
    graph: dict[str, list[str]] = {"a": [], "b": ["a"]}
    old = {"image_id": image_id, "heads": ["a"], "revisions": {"a": []}, "adds": []}
    deployed.record(deployed.first, schema=old, schema_revisions=["a"])
    back = {**deployed.options, **database.login, "release": deployed.first}
    before = stack.files(), stack.containers()

    new = {"image_id": "x", "heads": ["b"], "revisions": graph, "adds": []}
    deployed.record(deployed.second, schema=new, schema_revisions=["b"])
    for check in (True, False):
        message = stack.fail(back, check=check)
        assert f"Cannot roll back to the release {deployed.first}: the database has the revisions b" in message
        assert "A rollback never downgrades a schema" in message
    assert (stack.files(), stack.containers()) == before

    deployed.record(deployed.second, schema={**new, "adds": ["b"]})
    assert stack.deploy(back).changed
    assert stack.release()["schema"] == {**old, "database": ["b"]}

    # A deploy with the same backend and other settings knows that the database is ahead.
    known = {"schema_image": stack.image, **database.login}
    again = stack.deploy(stack.options({"web": deployed.web("three")}, secrets=secrets(TOKEN=None), **known))
    assert (again.result["changed"], again.result["schema_known"]) == (True, True)
    assert stack.release()["schema"] == {**old, "database": ["b"]}
    assert database.query("SELECT version_num FROM alembic_version") == [("b",)]


def test_services_are_replaced_although_nothing_differs(run_steps, tmp_path):
    with stack_project(tmp_path) as stack:
        options = stack.options({"web": stack.service(), "other": stack.service()})
        stack.deploy(options)
        before, release = stack.containers(), stack.release()
        forced = {**options, "replace": ["web"]}
        replaced = {"before": {"service web": {"replaced": None}}, "after": {"service web": {"replaced": True}}}

        run_steps(
            MODULE,
            [
                Step("check", forced, check=True, changed=True, diff=replaced),
                Step("replace", forced, changed=True, diff=replaced),
                Step("without", options, changed=False, diff=NO_DIFF),
                Step("unknown", {**options, "replace": ["wob"]}, fails="replace names wob, which the Compose files do"),
            ],
        )

        after = stack.containers()
        assert after["web"]["Id"] != before["web"]["Id"]
        assert after["other"] == before["other"]
        assert stack.release() == release
