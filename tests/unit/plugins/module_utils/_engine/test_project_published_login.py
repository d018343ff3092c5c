# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._engine import project

PARAMS = {"login_service": "postgres", "project_name": "p", "login_port": 5433, "login_db": "d"}
LOOPBACK = {"IP": "127.0.0.1", "PrivatePort": 5432, "PublicPort": 15432, "Type": "tcp"}


def engine(*ports: list[dict[str, Any]]) -> Any:
    """Fake the client of an engine that runs one container for each list of ports."""
    client = Mock()
    client.api.containers.return_value = [{"Ports": found} for found in ports]
    return client


def test_the_port_is_the_one_that_the_container_publishes():
    client = engine([{"PrivatePort": 9187, "PublicPort": 9187}, LOOPBACK])

    assert project.published_login(client, PARAMS) == {**PARAMS, "login_port": 15432}

    labels = client.api.containers.call_args.kwargs["filters"]["label"]
    assert labels == ["com.docker.compose.project=p", "com.docker.compose.service=postgres"]


def test_a_port_of_the_loopback_address_comes_before_one_for_other_hosts():
    private = {**LOOPBACK, "IP": "10.0.0.21", "PublicPort": 5555}

    for ports in ([private, LOOPBACK], [LOOPBACK, private]):
        assert project.published_login(engine(ports), PARAMS)["login_port"] == 15432
    assert project.published_login(engine([private]), PARAMS)["login_port"] == 5555


@pytest.mark.parametrize("client", [engine(), engine([]), engine([{"PrivatePort": 5432, "Type": "tcp"}])])
def test_the_port_is_the_given_one_where_no_container_publishes_one(client):
    assert project.published_login(client, PARAMS) is PARAMS


@pytest.mark.parametrize(("client", "runs"), [(engine(), False), (engine([]), True), (engine([LOOPBACK]), True)])
def test_a_database_runs_if_its_service_has_a_running_container(client, runs):
    assert project.login_runs(client, PARAMS) is runs
    assert project.login_runs(client, {**PARAMS, "login_service": None})


@pytest.mark.parametrize("without", ["login_service", "project_name"])
def test_no_container_is_looked_for_where_none_is_named(without):
    assert project.published_login(None, {**PARAMS, without: None})["login_port"] == 5433  # type: ignore[arg-type]
