# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""plan.yml and drift.yml: what they show, what fails, and that they change nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from support.compose_project import docker
from support.environment import SERVICES, Environment
from support.playbook import PlaybookRun

#: Declared, and not deployed.
PENDING = {"stack_memory": {"redis": "300m"}}
USERS = {"users_list": [{"email": "declared@example.com"}]}


def everything(live: Environment) -> dict[str, Any]:
    """Return all that a run could leave behind: files, containers with their starts, and the rows of the database."""
    dump = docker("exec", "--user=postgres", live.container("postgres"), "pg_dump", "--username=convosphere")
    # From 15.14 on each dump begins and ends with a random word.
    lines = [line for line in dump.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]
    return {
        **live.traces(),
        "starts": {service: live.inspect(service)["State"]["StartedAt"] for service in SERVICES},
        "database": hashlib.sha256("\n".join(lines).encode()).hexdigest(),
    }


def document(run: PlaybookRun, task: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run.task(task).result["msg"])
    return found


def objects(found: dict[str, Any]) -> set[str]:
    return {change["object"] for change in found["changes"]}


def test_after_a_deploy_there_is_nothing_to_change_and_no_drift(live):
    before = everything(live)

    plan = live.run("plan.yml").succeeded()
    drift = live.run("drift.yml").succeeded()

    release = json.loads((live.directory / "releases/current/release.json").read_text())["id"]
    place = f"{live.name} on {live.host}"
    assert plan.task("Report the plan").result["msg"] == [f"{place}: nothing to change (release {release})."]
    assert drift.task("Report the drift").result["msg"] == [f"{place}: no drift (release {release})."]
    assert (plan.changed, drift.changed) == (0, 0)
    assert everything(live) == before


@pytest.fixture
def planted(live: Environment) -> Iterator[Environment]:
    """Yield the environment with one difference of each kind on its host; deploy it afterwards."""
    file = live.directory / "edge/Caddyfile"
    file.write_text(f"{file.read_text()}\n# by hand\n")
    services = yaml.safe_load((live.directory / "compose.yaml").read_text())
    services["services"]["weaviate"].setdefault("environment", {})["PLANTED"] = "by-hand"
    services["services"]["stranger"] = {"image": services["services"]["redis"]["image"], "command": ["sleep", "9999"]}
    by_hand = live.folder / "by-hand.yaml"
    by_hand.write_text(yaml.safe_dump(services))
    live.compose(f"--project-name={live.project}", f"--file={by_hand}", "up", "--detach", "--no-deps", "--wait",
                 "weaviate", "stranger")  # fmt: skip
    docker("rm", "--force", live.container("frontend"))
    live.sql("ALTER TABLE users ADD COLUMN planted text")
    yield live
    live.sql("ALTER TABLE users DROP COLUMN planted")
    live.run("deploy.yml").succeeded()
    assert live.run("drift.yml").rc == 0


def test_each_planted_difference_shows_in_plan_drift_and_deploy(planted):
    host = {"file edge/Caddyfile", "service edge", "service weaviate", "service stranger", "service frontend"}
    inventory = {"file compose.yaml", "service redis"}
    before = {name: value for name, value in planted.traces().items() if name != "images"}

    plan = planted.run("plan.yml", extra_vars={**PENDING, **USERS, "output": "json"}).succeeded()
    drift = planted.run(
        "drift.yml", extra_vars={**PENDING, **USERS, "output": "json", "fails_on": "nothing"}
    ).succeeded()
    alarm = planted.run("drift.yml", extra_vars={"fails_on": "host"})
    foreseen = planted.run("deploy.yml", extra_vars=PENDING, check=True, diff=True).succeeded()

    assert {name: value for name, value in planted.traces().items() if name != "images"} == before
    planned, drifted = document(plan, "Report the plan"), document(drift, "Report the drift")
    # The new container of the frontend may get another number.
    assert objects(planned) - {"edge upstreams"} == {*host, *inventory, "release"}
    assert objects(drifted) == {*objects(planned), "column users.planted", "user declared@example.com"}
    diff = foreseen.task("Bring the stack up if its schema is known to fit").diff
    assert {*diff["before"], *diff["after"]} == objects(planned)

    origins = {change["object"]: change["origin"] for change in drifted["changes"]}
    assert {name for name, origin in origins.items() if origin == "host"} - {"edge upstreams"} == {
        *host,
        "column users.planted",
    }
    assert {name for name, origin in origins.items() if origin == "inventory"} == {*inventory, "release"}
    reasons = {change["object"]: change["reason"] for change in planned["changes"]}
    assert reasons["service weaviate"] == "environment PLANTED"
    assert reasons["service redis"] == "memory limit"
    services = {effect: names for effect, names in planned["services"].items() if names and effect != "unchanged"}
    assert {effect: sorted(names) for effect, names in services.items()} == {
        "created": ["frontend"],
        "replaced": ["redis", "weaviate"],
        "reloaded": ["edge"],
        "removed": ["stranger"],
    }
    assert planned["users"] == {"created": 1, "updated": 0, "deleted": 0}

    assert alarm.rc == 2
    (failure,) = alarm.failures
    assert failure.message.startswith(f"{planted.name} on {planted.host} has drifted from release ")
    assert "\n" not in failure.message
    assert "by-hand" not in alarm.output + plan.output + drift.output
