# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs is planted, and has to show in the plan, in a deploy's check mode, and in the deploy itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
import yaml

from support.compose_project import OBEYS, docker
from support.law import Refused
from support.module_process import run_module
from support.stack_project import StackProject, secrets, stack_project

MODULE = "convosphere_stack_plan_info"
#: Options of convosphere_stack that a plan does not have.
OF_DEPLOY = ("confirm", "wait_timeout", "released_by")


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[StackProject]:
    with stack_project(tmp_path) as project:
        yield project


def of_plan(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in OF_DEPLOY}


def plan(stack: StackProject, options: dict[str, Any]) -> dict[str, Any]:
    """Return what the module returns; assert that it left everything as it was."""
    before = (stack.tree(), stack.containers())
    result = run_module(MODULE, of_plan(options), stack.folder)
    assert not result.get("failed"), result
    assert (stack.tree(), stack.containers()) == before
    return result


def explained(result: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {change["object"]: (change["origin"], change["reason"]) for change in result["changes"]}


@pytest.mark.law
def test_law(run_info_law, stack):
    options = of_plan(stack.options(secrets=secrets(TOKEN="a-given-token", KEY=None)))
    created = {"action": "create", "origin": "inventory", "effect": None, "fields": ANY, "diff": []}
    run_info_law(
        MODULE,
        options,
        returns={
            "changes": [
                {**created, "object": "secret TOKEN", "reason": "new"},
                {**created, "object": "secret KEY", "reason": "will be generated"},
                {**created, "object": "file compose.yaml", "reason": "new"},
                {**created, "object": "service web", "reason": "new", "effect": "created"},
                {**created, "object": "release", "reason": "will be recorded"},
            ],
            "services": {
                "created": ["web"],
                "beside": [],
                "replaced": [],
                "restarted": [],
                "reloaded": [],
                "started": [],
                "removed": [],
                "unchanged": [],
            },
            "release": None,
            "routes": {},
            "schema_known": True,
        },
        refused=[
            Refused("no Compose file", {**options, "files": []}, "There is no compose.yaml in files"),
            Refused("no environment", {**options, "environment_name": None}, "environment_name"),
        ],
        folder=stack.folder,
    )
    assert stack.tree() == {}
    assert stack.ids() == []


def test_each_planted_difference_shows_in_plan_check_and_deploy(stack):
    """One stack in which everything differs in another way; the four ways to look at it name the same objects."""
    kept = {"kept": stack.service(), "stopped": stack.service(), "gone": stack.service(), "env": stack.service()}
    services = {**kept, "retagged": stack.service(), "settings": stack.service()}
    note = {"path": "note.txt", "content": "as deployed\n"}
    deployed = stack.options(services, secrets=secrets(TOKEN="a-given-token"), wait_timeout=120)
    deployed["files"].append(note)
    stack.deploy(deployed)
    assert plan(stack, deployed)["changes"] == []

    by_hand = {name: dict(service) for name, service in services.items()}
    by_hand["env"]["environment"] = {"PLANTED": "by-hand"}
    by_hand["retagged"]["image"] = f"{stack.name}:other"
    by_hand["stranger"] = stack.service()
    stack.import_image(f"{stack.name}:other", OBEYS, "HEALTHCHECK CMD true", "LABEL other=true")
    file = stack.folder / "by-hand.yaml"
    file.write_text(yaml.safe_dump({"services": by_hand}))
    command = ("compose", f"--project-name={stack.name}", f"--file={file}", f"--project-directory={stack.directory}")
    docker(*command, "up", "--detach", "--no-deps", "env", "retagged", "stranger")
    docker("stop", "--time=0", f"{stack.name}-stopped-1")
    docker("rm", "--force", f"{stack.name}-gone-1")
    (stack.directory / "note.txt").write_text("edited\n")
    declared = {**services, "settings": stack.service(environment={"LOG_LEVEL": "debug"})}
    desired = stack.options(declared, secrets=secrets(TOKEN="another-given-token"), wait_timeout=120)
    desired["files"].append(note)

    found = plan(stack, desired)
    foreseen = stack.module(desired, check=True).diff

    running = stack.containers()["retagged"]["Image"].removeprefix("sha256:")[:12]
    recorded = stack.release()["images"]["retagged"]
    image = f"its container runs {stack.name}:other@{running} instead of {recorded}"
    assert explained(found) == {
        "secret TOKEN": ("inventory", "has another value in the inventory"),
        "file compose.yaml": ("inventory", "another text since the last deploy"),
        "file note.txt": ("host", "edited on the host"),
        "service stopped": ("host", "its container is exited"),
        "service gone": ("host", "its container was removed"),
        "service env": ("host", "environment PLANTED"),
        "service retagged": ("host", f"{image}; its definition"),
        "service settings": ("inventory", "environment LOG_LEVEL"),
        "service stranger": ("host", "its container belongs to no service"),
        "release": ("inventory", "will be recorded"),
    }
    assert {effect: sorted(names) for effect, names in found["services"].items()} == {
        "created": ["gone"],
        "beside": [],
        "replaced": ["env", "retagged", "settings"],
        "restarted": [],
        "reloaded": [],
        "started": ["stopped"],
        "removed": ["stranger"],
        "unchanged": ["kept"],
    }
    assert "by-hand" not in str(found)
    assert "given-token" not in str(found)
    (edited,) = [change for change in found["changes"] if change["object"] == "file note.txt"]
    assert [line for line in edited["diff"] if line[0] in "+-"] == ["-edited", "+as deployed"]

    task = stack.deploy(desired)

    objects = {change["object"] for change in found["changes"]}
    assert {*foreseen["before"], *foreseen["after"]} == objects
    assert {*task.diff["before"], *task.diff["after"]} == objects
    assert plan(stack, desired)["changes"] == []


def test_a_secret_that_was_edited_on_the_host(stack):
    service = stack.service(environment={"TOKEN": "${TOKEN}"})
    options = stack.options({"web": service}, secrets=secrets(TOKEN="a-given-token"))
    stack.deploy(options)
    path = stack.directory / ".env"
    path.write_text(path.read_text().replace("a-given-token", "edited-by-hand"))
    os.utime(path, (path.stat().st_mtime + 60,) * 2)

    assert explained(plan(stack, options)) == {"secret TOKEN": ("host", "edited in .env")}


def test_a_missing_image_is_named_and_none_is_required(stack):
    options = stack.options({"web": stack.service(image="cvtest.invalid/none:1")})

    found = plan(stack, options)

    assert explained(found)["image cvtest.invalid/none:1"] == ("inventory", "not on the host")
