# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a boot does if the host lacks something. The engine is mocked, because here it is always there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import DatabaseError, EngineError
from ansible_collections.convosphere.platform.plugins.module_utils._restore.boot import containers, trial
from ansible_collections.convosphere.platform.plugins.module_utils._restore.boot.probe import ProbeUser
from ansible_collections.convosphere.platform.plugins.module_utils._restore.boot.verdict import BootError
from docker.errors import NotFound


def test_a_host_without_an_engine_leaves_the_role_to_the_host_with_the_containers(monkeypatch):
    dropped: list[Any] = []
    monkeypatch.setattr(trial, "has_leftovers", lambda *_given: True)
    monkeypatch.setattr(trial, "drop_leftovers", lambda *given: dropped.append(given))
    monkeypatch.setattr(trial.engine_client, "connect_if_there", lambda *_given: None)
    server: Any = None

    trial.remove_leftovers(server, {"login_db": "convosphere", "docker_host": "unix:///var/run/docker.sock"})

    assert dropped == []


def test_a_container_that_is_gone_is_an_error_of_the_engine():
    def reload() -> None:
        raise NotFound("No such container: boot")

    container: Any = SimpleNamespace(name="boot", reload=reload)

    with pytest.raises(EngineError, match="failed to inspect the container boot: No such container"):
        containers.refresh(container)


def test_a_host_that_runs_out_of_memory_ends_a_boot_before_the_platform():
    given: dict[str, Any] = {}
    container = SimpleNamespace(name="boot", start=lambda: None, reload=lambda: None)

    def create(_image: str, **options: Any) -> Any:
        given.update(options)
        return container

    client: Any = SimpleNamespace(containers=SimpleNamespace(create=create))

    assert containers.BootNetwork(client, "owner", "project", 1).start("backend", "image", {}) is container
    assert (given["oom_score_adj"], given["mem_limit"]) == (1000, 1)


def test_the_first_container_that_has_ended_is_named():
    def container(name: str, status: str, code: int = 0) -> Any:
        return SimpleNamespace(name=name, status=status, attrs={"State": {"ExitCode": code}}, reload=lambda: None)

    runs = container("redis", "running")

    assert containers.ended([runs]) is None
    assert containers.ended([runs, container("store", "exited", 137)]) == "store has ended with exit code 137"


@pytest.mark.parametrize(
    ("details", "kind"),
    [
        ({}, BootError),  # the table lacks a column
        ({"sqlstate": "22001"}, BootError),
        ({"sqlstate": "42501"}, DatabaseError),
        ({"sqlstate": "53300"}, DatabaseError),
        ({"sqlstate": None}, DatabaseError),  # the connection was lost
    ],
)
def test_only_the_table_of_users_is_evidence_and_not_the_rights_or_the_server(details, kind):
    def columns(*_given: Any) -> None:
        raise DatabaseError("Refused", **details)

    database: Any = SimpleNamespace(columns=columns)

    with pytest.raises(kind):
        ProbeUser.new().add(database)
