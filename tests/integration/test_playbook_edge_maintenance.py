# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maintenance as users and operators see it, by requests through the edge."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from support.environment import Environment

PLAYBOOK = "edge_maintenance.yml"
REASON = "We move to a larger disk."


@pytest.fixture
def edge(live: Environment) -> Iterator[Environment]:
    yield live
    live.run(PLAYBOOK, extra_vars={"state": "off"}).succeeded()


def get(url: str) -> tuple[int, Any, str]:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read().decode()


def address(environment: Environment) -> str:
    """Return the address from which the edge sees the requests of this machine."""
    (network,) = environment.inspect("edge")["NetworkSettings"]["Networks"].values()
    return str(network["Gateway"])


def test_users_get_503_and_operators_are_let_through(edge):
    started = edge.inspect("edge")["State"]["StartedAt"]
    begin = {"state": "on", "minutes": "30", "reason": REASON}

    check = edge.run(PLAYBOOK, extra_vars=begin, check=True).succeeded()
    assert check.changed == 1
    assert get(edge.url)[0] == 200

    begun = edge.run(PLAYBOOK, extra_vars=begin).succeeded()
    status, headers, page = get(edge.url)
    assert (status, headers["Retry-After"]) == (503, "300")
    assert REASON in page
    assert get(f"{edge.url}/api/v1/auth/me")[0] == 503
    assert get(f"{edge.url}/api/v1/health/detailed")[0] == 200
    assert "let through: none" in begun.output
    # The API for the host itself answers, so that the other playbooks work.
    edge.run("health.yml").succeeded()

    operators = {**begin, "stack_edge_operators": [address(edge)]}
    assert edge.run(PLAYBOOK, extra_vars=operators).succeeded().changed == 1
    assert get(edge.url)[0] == 200
    assert edge.inspect("edge")["State"]["StartedAt"] == started


def test_it_survives_a_deploy_shows_in_the_status_and_is_ended(edge):
    edge.run(PLAYBOOK, extra_vars={"state": "on", "reason": REASON}).succeeded()

    unchanged = edge.run("deploy.yml").succeeded()
    assert unchanged.changed == 0
    assert get(edge.url)[0] == 503
    edge.run("deploy.yml", extra_vars={"stack_edge_wait": 61}).succeeded()
    assert get(edge.url)[0] == 503
    status = edge.run("status.yml").succeeded().output
    assert "MAINTENANCE until 20" in status
    assert REASON in status

    assert edge.run(PLAYBOOK, extra_vars={"state": "off"}).succeeded().changed == 1
    assert get(edge.url)[0] == 200
    assert "MAINTENANCE" not in edge.run("status.yml").succeeded().output
    edge.run("deploy.yml").succeeded()


def test_a_wrong_call_is_refused_before_anything_is_changed(live):
    run = live.run(PLAYBOOK, extra_vars={"state": "maybe", "minutes": "0"})

    assert run.rc != 0
    output = " ".join(run.output.split())
    assert "Allowed: on, off." in output
    assert "Allowed: a whole number from 1." in output
    assert run.changed == 0
