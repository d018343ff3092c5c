# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

import pytest

from support.compose_project import docker


@pytest.fixture
def without_postgres(live):
    """Stop the database of the environment, and start it again afterwards."""
    docker("stop", live.container("postgres"))
    yield live
    docker("start", live.container("postgres"))
    live.run("health.yml", extra_vars={"wait": 60}).succeeded()


def test_a_healthy_environment(live):
    run = live.run("health.yml").succeeded()

    assert run.changed == 0
    message = run.task("Report the health, and fail if it is bad").message
    told = r"database in [\d.]+ ms, cache 7\.[\d.]+ in [\d.]+ ms, vector_db in [\d.]+ ms"
    assert re.fullmatch(f"convosphere-itest is healthy: {told}", message)
    components = run.task("Check the health of every component").result["components"]
    assert {name: part["status"] for name, part in components.items()} == dict.fromkeys(components, "healthy")
    assert {"database", "cache", "vector_db"} <= set(components)


def test_an_environment_without_its_database_fails_and_says_so(without_postgres):
    run = without_postgres.run("health.yml")

    message = run.task("Report the health, and fail if it is bad").message
    assert run.rc == 2
    assert "convosphere-itest is unhealthy" in message
    assert "database" in message
    assert "postgres is exited" in message


def test_waiting_for_an_environment_that_is_coming_up(live):
    docker("restart", "--time=0", live.container("backend"))
    assert live.inspect("backend")["State"]["Health"]["Status"] == "starting"

    run = live.run("health.yml", extra_vars={"wait": "60"}).succeeded()

    assert run.task("Check the health of every component").result["status"] == "healthy"


def test_waiting_ends_with_what_is_wrong(without_postgres):
    run = without_postgres.run("health.yml", extra_vars={"wait": "1"})

    assert run.rc == 2
    assert "database" in run.failures[0].message
