# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.filter.deploy_verdict import deploy_verdict

GROUPS = {
    "prod": ["edge-1", "app-1", "app-2", "db-1"],
    "edge": ["edge-1"],
    "app": ["app-1", "app-2"],
    "database": ["db-1"],
}
BEFORE = {"backend": ["10.0.0.11:18000"]}


def outcome(*done: str, **more: Any) -> dict[str, Any]:
    return {"done": list(done), "failures": [], **more}


def failure(step: str, message: str, *done: str) -> dict[str, Any]:
    return outcome(*done, failures=[{"step": step, "task": f"Do {step}", "message": message}])


def everything() -> dict[str, dict[str, Any]]:
    """Return the outcomes of a deploy that succeeded."""
    return {
        "edge-1": outcome("images", "edge", "finish"),
        "app-1": outcome(
            *("images", "app", "finish"),
            upstreams={"backend": ["10.0.0.11:18001"], "frontend": ["10.0.0.11:18010"]},
            previous_upstreams=BEFORE,
        ),
        "app-2": outcome(
            *("images", "app", "finish"),
            upstreams={"backend": ["10.0.0.12:18001"]},
            previous_upstreams={"backend": ["10.0.0.12:18000"]},
        ),
        "db-1": outcome("images", "database", "finish"),
    }


def verdict(outcomes: dict[str, dict[str, Any]], step: str, **groups: list[str]) -> dict[str, Any]:
    return deploy_verdict(outcomes, step, environment="prod", groups={**GROUPS, **groups})


@pytest.mark.parametrize("step", ["images", "database", "app", "edge", "finish"])
def test_a_deploy_goes_on_while_every_host_succeeds(step: str):
    found = verdict(everything(), step)

    assert (found["goes_on"], found["message"], found["abandons"]) == (True, "", [])


def test_the_edge_is_given_the_addresses_of_all_app_hosts():
    found = verdict(everything(), "app")

    assert found["upstreams"] == {
        "backend": ["10.0.0.11:18001", "10.0.0.12:18001"],
        "frontend": ["10.0.0.11:18010"],
    }
    assert found["previous_upstreams"] == {"backend": ["10.0.0.11:18000", "10.0.0.12:18000"]}


def test_a_failed_app_host_ends_the_deploy_before_the_edge_is_switched():
    outcomes = {**everything(), "app-2": failure("app", "The service backend is unhealthy", "images")}
    found = verdict(outcomes, "app")

    assert (found["goes_on"], found["failed_step"]) == (False, "app")
    assert found["abandons"] == ["db-1", "app-1", "app-2"]
    assert found["message"].splitlines() == [
        "The deploy of prod failed while the new containers were brought up beside those that serve. "
        "No request was sent to a new container: what served before serves.",
        "app-2 (Do app): The service backend is unhealthy",
    ]


def test_a_host_that_cannot_be_reached_counts_as_failed():
    found = verdict({**everything(), "app-2": outcome("images")}, "app")

    assert not found["goes_on"]
    assert "app-2: the host could not be reached, or the run was stopped there" in found["message"]
    assert not verdict({**everything(), "db-1": {}}, "images")["goes_on"]


def test_only_hosts_that_began_return_to_the_release_before():
    assert verdict({**everything(), "app-1": failure("images", "no space")}, "abandon")["abandons"] == []
    assert verdict({**everything(), "db-1": failure("database", "no", "images")}, "abandon")["abandons"] == ["db-1"]
    everyone = ["db-1", "app-1", "app-2", "edge-1"]
    assert verdict({**everything(), "edge-1": failure("edge", "no", "images")}, "abandon")["abandons"] == everyone


def test_a_failure_after_the_commit_point_does_not_return():
    outcomes = {**everything(), "app-2": failure("finish", "timeout", "images", "app")}
    found = verdict(outcomes, "finish")

    assert found["abandons"] == []
    assert "The new release serves on all hosts. Next: run deploy.yml again" in found["message"]


def test_the_first_failed_step_is_reported_although_later_ones_did_not_run():
    outcomes = {host: outcome("images") for host in everything()}
    outcomes["db-1"] = failure("database", "The migration failed", "images")
    found = verdict(outcomes, "finish")

    assert found["failed_step"] == "database"
    assert "app-1" not in found["message"]


def test_the_first_deploy_has_no_release_to_return_to():
    new = dict.fromkeys(["app-1", "app-2"], outcome("images", "app", upstreams=BEFORE, previous_upstreams={}))
    outcomes = {**everything(), **new, "edge-1": failure("edge", "no", "images")}

    assert "No release served before: the containers are kept for inspection." in verdict(outcomes, "edge")["message"]


def test_a_migration_and_a_host_that_did_not_return_are_mentioned():
    broken = failure("app", "no", "images")
    broken["failures"].append({"step": "abandon", "task": "Return", "message": "the engine does not answer"})
    migrated = outcome("images", "database", advice="This deploy migrated the database from a to b.")
    found = verdict({**everything(), "app-1": broken, "db-1": migrated}, "finish")["message"]

    assert "This deploy migrated the database from a to b." in found
    assert "app-1 could not be returned to the release before. Next: correct the cause, deploy again." in found
    assert "app-1 (Return): the engine does not answer" in found


def test_a_database_host_with_a_backend_brings_it_up_in_the_step_of_the_database():
    groups = {"prod": ["one", "two"], "edge": ["one"], "app": ["one", "two"], "database": ["one"]}
    outcomes = {"one": outcome("images", "database"), "two": outcome("images", "app")}

    assert verdict(outcomes, "app", **groups)["goes_on"]
    assert not verdict({**outcomes, "two": outcome("images")}, "app", **groups)["goes_on"]
