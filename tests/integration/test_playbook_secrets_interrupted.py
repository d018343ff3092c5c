# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotations of secrets of one environment that fail, wait, or are killed in each phase."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from support.rotation import assert_consistent, connect, ids, login, unfinished, values

PHASES = [
    "Generate the new values, and record them",
    "Make the new values of a rotation valid",
    "Deploy the new values",
    "Bring the stack up if its schema is known to fit",
    "End the previous values",
]
#: The steps that change a login role, and whether that is the role of now or the other one.
INSIDE = {"Make the new values of a rotation valid": False, "End the previous values": True}
ROLES = {"convosphere", "convosphere_2"}
WAITING = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'ALTER ROLE%'"


def test_a_deploy_that_fails_leaves_the_previous_secrets_and_the_next_one_carries_on(keys):
    before, containers = values(keys), ids(keys)
    broken = {"stack_settings": {"WEAVIATE_URL": "http://nowhere.invalid:8080"}, "stack_wait_timeout": 20}

    run = keys.run("secrets.yml", extra_vars={"rotate": "SECRET_KEY,POSTGRES_PASSWORD", **broken})

    assert run.rc == 2
    assert "It was rolled back: release" in run.failures[0].message
    assert (values(keys), ids(keys)) == (before, containers)
    new = (unfinished(keys) or {})["values"]
    status = str(keys.run("status.yml").succeeded().task("Report the services").message)
    assert "ROTATION   of POSTGRES_PASSWORD, SECRET_KEY, started at" in status
    assert keys.health() == "healthy"
    other = keys.run("secrets.yml", extra_vars={"rotate": "DEFAULT_ADMIN_PASSWORD"})
    assert "is not finished. Finish it first" in other.failures[0].message

    keys.run("deploy.yml").succeeded()

    after = values(keys)
    assert {name: after[name] for name in new} == new
    assert login(after) != login(before)
    assert_consistent(keys)


@pytest.mark.campaign
def test_a_database_that_is_down_is_started_and_the_rotation_goes_on_with_the_next_deploy(keys):
    before, given = values(keys), {"rotate": "POSTGRES_PASSWORD"}
    broken = {"stack_settings": {"WEAVIATE_URL": "http://nowhere.invalid:8080"}, "stack_wait_timeout": 20}
    assert keys.run("secrets.yml", extra_vars={**given, **broken}).rc == 2
    keys.compose("down", "--timeout=1")

    refused = keys.run("secrets.yml", extra_vars=given)
    planned = keys.run("plan.yml", extra_vars={"output": "json"}).succeeded()
    predicted = keys.run("deploy.yml", check=True).succeeded()
    run = keys.run("deploy.yml").succeeded()

    assert "the service postgres does not run" in refused.failures[0].message
    assert "secret " not in str(planned.task("Report the plan").message)
    for each in (predicted, run):
        message = str(each.task("Report that the rotation of secrets waits for another deploy").message)
        assert "The rotation of POSTGRES_PASSWORD is not finished: PostgreSQL did not run" in message
    assert values(keys) == before
    assert keys.health() == "healthy"
    keys.run("deploy.yml").succeeded()
    assert login(values(keys)) != login(before)
    assert_consistent(keys)


@pytest.mark.campaign
def test_a_rotation_that_is_finished_on_a_new_volume_keeps_the_login_of_the_owner(keys):
    if login(values(keys)) == "convosphere_2":
        keys.run("secrets.yml", extra_vars={"rotate": "POSTGRES_PASSWORD"}).succeeded()

    def reached(lines: list[dict[str, Any]]) -> bool:
        return any(line.get("kind") == "start" and "End the previous values" in str(line["name"]) for line in lines)

    assert keys.run("secrets.yml", extra_vars={"rotate": "POSTGRES_PASSWORD"}, kill_when=reached).rc == -9
    assert login(values(keys)) == "convosphere_2"
    keys.compose("down", "--volumes", "--timeout=1")

    keys.run("deploy.yml").succeeded()

    assert login(values(keys)) == "convosphere"
    assert_consistent(keys)


@pytest.mark.campaign
@pytest.mark.parametrize("playbook", ["secrets.yml", "deploy.yml"])
@pytest.mark.parametrize("phase", PHASES)
def test_a_rotation_that_is_killed_is_carried_on(keys, phase, playbook):
    before, given = values(keys), {"rotate": "SECRET_KEY,DEFAULT_ADMIN_PASSWORD,POSTGRES_PASSWORD"}

    def reached(lines: list[dict[str, Any]]) -> bool:
        return any(line.get("kind") == "start" and phase in str(line["name"]) for line in lines)

    killed = keys.run("secrets.yml", extra_vars=given, kill_when=reached)
    assert killed.rc == -9
    new = (unfinished(keys) or {"values": {}})["values"]

    keys.run(playbook, extra_vars=given if playbook == "secrets.yml" else {}).succeeded()

    after = values(keys)
    assert {name: after[name] for name in new} == new
    # Killed before anything was recorded, it has not begun.
    assert (login(after) != login(before)) == (bool(new) or playbook == "secrets.yml")
    assert_consistent(keys)


@pytest.mark.campaign
@pytest.mark.parametrize("playbook", ["secrets.yml", "deploy.yml"])
@pytest.mark.parametrize("step", INSIDE)
def test_a_rotation_that_is_killed_while_it_changes_a_login_role_is_carried_on(keys, step, playbook):
    if not keys.sql("SELECT FROM pg_roles WHERE rolname = 'convosphere_2'"):
        keys.run("secrets.yml", extra_vars={"rotate": "POSTGRES_PASSWORD"}).succeeded()
    before, given = values(keys), {"rotate": "POSTGRES_PASSWORD,SECRET_KEY"}
    [role] = {login(before)} if INSIDE[step] else ROLES - {login(before)}

    with closing(connect(keys, login(before), before["POSTGRES_PASSWORD"])) as session, session.cursor() as cursor:
        cursor.execute(
            f"ALTER ROLE {role} CONNECTION LIMIT -1"
        )  # without a commit it keeps others from changing the role
        waits = f"SELECT count(*) {WAITING}"
        killed = keys.run("secrets.yml", extra_vars=given, kill_when=lambda _lines: keys.sql(waits) == "1")
        keys.sql(f"SELECT pg_terminate_backend(pid) {WAITING}")
    assert killed.rc == -9
    assert sorted((unfinished(keys) or {"values": {}})["values"]) == ["POSTGRES_PASSWORD", "SECRET_KEY"]

    keys.run(playbook, extra_vars=given if playbook == "secrets.yml" else {}).succeeded()

    assert login(values(keys)) != login(before)
    assert_consistent(keys)
