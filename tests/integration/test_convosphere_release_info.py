# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._stack import deploy_plan, releases

from support.compose_project import OBEYS, docker
from support.law import Refused, Step
from support.migrations import WRITTEN, backup, stamp
from support.platform_database import PlatformDatabase
from support.stack_project import StackProject, stack_project

MODULE = "convosphere_release_info"
TEXT = "services: {}"
GRAPH: dict[str, list[str]] = {"a": [], "b": ["a"], "c": ["b"]}
NAMES = ("images", "missing", "complete", "serves", "refusal", "backup")


class Kept:
    """A stack that never ran, and its releases; `ids` has the short id of each image."""

    def __init__(self, project: StackProject) -> None:
        self.project = project
        self.ids: dict[str, str] = {}
        self.options = {"project_name": project.name, "project_src": str(project.directory)}
        (project.directory / "releases").mkdir()

    def add(self, number: int, tag: str, **more: Any) -> str:
        """Record a release of one image, which serves; return its id."""
        name = f"{self.project.name}:{tag}"
        if tag not in self.ids:
            identifier = self.project.import_image(name, f"{OBEYS} # {tag}")
            self.ids[tag] = identifier.rpartition(":")[2][:12]
        record = {
            "id": f"2026010{number}T000000000Z",
            "environment": "test",
            "released_by": "alice",
            "released_at": f"2026-01-0{number}T00:00:00+00:00",
            "images": {"web": f"{name}@{self.ids[tag]}"},
            "files": {"compose.yaml": deploy_plan.digest(f"{TEXT} # {number}")},
            **more,
        }
        releases.save(self.project.directory / "releases", record, {"compose.yaml": f"{TEXT} # {number}"})
        return str(record["id"])

    def described(self, number: int, tag: str, **more: Any) -> dict[str, Any]:
        """Return what the module returns of a release that is complete, with other values."""
        image = {"service": "web", "reference": f"{self.project.name}:{tag}", "image_id": self.ids[tag]}
        return {
            "id": f"2026010{number}T000000000Z",
            "environment": "test",
            "released_at": f"2026-01-0{number}T00:00:00+00:00",
            "released_by": "alice",
            "restored_from": None,
            "rolled_back_from": None,
            "images": [{**image, "present": tag != "gone"}],
            "files": {"compose.yaml": deploy_plan.digest(f"{TEXT} # {number}")},
            "schema_revisions": None,
            "serves": False,
            "complete": True,
            "missing": [],
            "images_to_bring": [],
            "refusal": None,
            "backup": None,
            **more,
        }


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    with stack_project(tmp_path) as project:
        yield Kept(project)


def schema(*heads: str, adds: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the schema of a release as convosphere_db_migration records it."""
    found = {name: GRAPH[name] for name in "abc"[: "abc".index(max(heads)) + 1]}
    return {"image_id": "sha256:x", "heads": list(heads), "revisions": found, "adds": list(adds)}


@pytest.mark.law
def test_law(run_info_law, kept):
    kept.add(1, "one")
    kept.add(2, "gone")
    kept.add(3, "three")
    docker("rmi", f"{kept.project.name}:gone")
    missing = f"image {kept.project.name}:gone@{kept.ids['gone']} of web"
    to_bring = [{"name": f"{kept.project.name}:gone"}]
    first = kept.described(1, "one")
    run_info_law(
        MODULE,
        {**kept.options, "release": "previous"},
        returns={
            "releases": [
                kept.described(3, "three", serves=True),
                kept.described(2, "gone", complete=False, missing=[missing], images_to_bring=to_bring),
                first,
            ],
            "target": first,
        },
        refused=[
            Refused("unknown", {**kept.options, "release": "4"}, "There is no release 4. Nothing was changed. Kept"),
            Refused("nothing", {**kept.options, "project_src": "/nowhere", "release": "previous"}, "No release serves"),
            Refused("no engine", {**kept.options, "docker_host": "unix:///nowhere"}, "not running at unix:///nowhere"),
        ],
    )


def test_a_missing_image_can_be_brought_unless_its_tag_moved(run_steps, kept):
    kept.add(1, "moved")
    kept.add(2, "gone")
    kept.add(3, "three")
    docker("rmi", f"{kept.project.name}:gone")
    kept.project.import_image(f"{kept.project.name}:moved", f"{OBEYS} # other")
    docker("image", "rm", kept.ids["moved"])

    options = [{**kept.options, "release": f"2026010{number}T000000000Z"} for number in (1, 2)]
    run = run_steps(MODULE, [Step("moved", options[0], changed=False), Step("gone", options[1], changed=False)])

    assert run.task("moved").result["target"]["images_to_bring"] == []
    assert run.task("moved").result["target"]["complete"] is False
    assert run.task("gone").result["target"]["images_to_bring"] == [{"name": f"{kept.project.name}:gone"}]


def test_the_schema_of_the_database_decides(run_steps, kept, tables, tmp_path):
    database = stamp(PlatformDatabase(tables), "c")
    backups = tmp_path / "backups"
    backups.mkdir()
    older, _other, _later = (
        backup(backups, database.name, [revision], environment=environment, created_at=WRITTEN + timedelta(hours=hours))
        for hours, (revision, environment) in enumerate([("a", "test"), ("a", "other"), ("b", "test")])
    )
    kept.add(1, "one", schema=schema("a"))
    kept.add(2, "two", schema=schema("b", adds=("b",)))
    kept.add(3, "three", schema=schema("c", adds=("b",)))

    options = {**kept.options, **database.login, "backup_dir": str(backups)}
    before = run_steps(MODULE, [Step("read", options, changed=False)]).task("read").result["releases"]
    database.query("UPDATE alembic_version SET version_num = 'b'")
    after = run_steps(MODULE, [Step("read", options, changed=False)]).task("read").result["releases"]
    closed = {**options, "login_port": 1}
    unknown = run_steps(MODULE, [Step("read", closed, changed=False)]).task("read").result["releases"]

    assert [each["refusal"] is None for each in before] == [True, False, False]
    assert "the database has the revisions c, which do more than add".capitalize() in before[1]["refusal"]
    assert before[2]["backup"] == older
    assert f"restore.yml -e env=test -e backup={older} -e confirm=test. Then roll back again." in before[2]["refusal"]
    assert [each["refusal"] for each in after] == [None, None, None]
    assert [each["refusal"] is None for each in unknown] == [True, False, False]
    assert "the revisions of the database cannot be read. Start the database" in unknown[2]["refusal"]
