# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._app import mcp_servers, service_account
from ansible_collections.convosphere.platform.plugins.module_utils._app.mcp_servers import Registered, Server
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ApiError, UnhealthyError
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Invocation
from ansible_collections.convosphere.platform.plugins.module_utils._stack import mcp_record
from ansible_collections.convosphere.platform.plugins.module_utils._stack.mcp_registration import McpRegistration

from support.containers import container

URL = "http://mcp:9000/mcp"


class Backends:
    """The memory of several backends, by their URL; the servers that fail; and who was asked with which token."""

    def __init__(self) -> None:
        self.memory: dict[str, dict[str, Registered]] = {}
        self.failing: set[str] = set()
        self.silent: set[str] = set()
        self.accounts: list[str] = []

    def of(self, api: Any) -> Any:
        known, writes = self.memory.setdefault(api.url, {}), "administrator" in api.token

        def read() -> dict[str, Registered]:
            if api.url in self.silent:
                raise ApiError("it does not answer")
            return dict(known)

        def register(server: Server, *, is_known: bool) -> None:
            assert writes
            assert is_known is (server.server_id in known)
            if server.server_id in self.failing:
                raise ApiError(f"the platform cannot use {server.server_id}")
            known[server.server_id] = Registered(server.url, server.name, 5)

        return Mock(read=read, register=register, remove=known.pop)


@pytest.fixture
def backends(monkeypatch) -> Backends:
    found = Backends()

    @contextmanager
    def administrator(item: Any, environment: Any) -> Iterator[str]:
        assert environment["SECRET_KEY"] == "k" * 40
        found.accounts.append(item.name)
        yield "token of an administrator"

    monkeypatch.setattr(mcp_servers, "McpServers", found.of)
    monkeypatch.setattr(service_account, "administrator", administrator)
    return found


@pytest.fixture
def invocation() -> Invocation:
    return Invocation({}, {}, check_mode=False, warn=Mock(), hide=Mock())


def backend(number: int = 1, status: str = "running") -> Any:
    config = {"Env": ["SECRET_KEY=" + "k" * 40], "Labels": {}}
    network = {"Networks": {"net": {"IPAddress": f"10.0.0.{number}"}}}
    return container("backend", status, number=number, Config=config, NetworkSettings=network)


def record(directory: Path, *names: str, required: bool = False, removed: tuple[str, ...] = ()) -> None:
    fields = {"server_url": URL, "server_name": "Search", "min_tools": 1, "required": required}
    mcp_record.write(
        directory, mcp_record.Record(dict.fromkeys(names, fields), dict.fromkeys(names, ""), frozenset(removed))
    )


def test_each_container_that_runs_gets_the_servers_and_a_second_run_has_nothing_to_do(tmp_path, backends, invocation):
    record(tmp_path, "search")
    containers = {"backend": [backend(1), backend(2), backend(3, "exited")], "frontend": [container("frontend")]}

    for accounts in (["p-backend-1", "p-backend-2"], []):
        registration = McpRegistration(tmp_path, invocation)
        registration.require(containers)
        assert backends.accounts == accounts
        backends.accounts.clear()

    search = {"search": Registered(URL, "Search", 5)}
    assert backends.memory == {"http://10.0.0.1:8000": search, "http://10.0.0.2:8000": search}
    assert registration.report() == {}
    invocation.warn.assert_not_called()  # type: ignore[attr-defined]


def test_what_was_removed_goes_and_what_others_registered_stays(tmp_path, backends, invocation):
    record(tmp_path, removed=("old",))
    foreign = Registered("http://other", "Other", 1)
    backends.memory["http://10.0.0.1:8000"] = {"old": foreign, "foreign": foreign}

    McpRegistration(tmp_path, invocation).attempt({"backend": [backend()]})

    assert backends.memory == {"http://10.0.0.1:8000": {"foreign": foreign}}


def test_without_a_record_nothing_is_asked(tmp_path, backends, invocation):
    for directory in (tmp_path, None):
        McpRegistration(directory, invocation).require({"backend": [backend()]})

    assert backends.memory == {}


def test_a_server_that_fails_is_a_warning_and_the_others_are_registered(tmp_path, backends, invocation):
    record(tmp_path, "bad", "good")
    backends.failing = {"bad"}
    registration = McpRegistration(tmp_path, invocation)

    registration.require({"backend": [backend()]})

    reason = "p-backend-1: the platform cannot use bad"
    invocation.warn.assert_called_once_with(reason)  # type: ignore[attr-defined]
    assert registration.report() == {"mcp_servers": {"registered": ["good"], "failed_servers": {"bad": reason}}}


def test_a_required_server_that_fails_is_an_error_but_never_in_a_rollback(tmp_path, backends, invocation):
    record(tmp_path, "bad", required=True)
    backends.failing = {"bad"}
    registration = McpRegistration(tmp_path, invocation)

    registration.attempt({"backend": [backend()]})
    with pytest.raises(UnhealthyError, match="p-backend-1: the platform cannot use bad"):
        registration.require({"backend": [backend()]})


def test_a_required_server_that_failed_earlier_and_works_now_is_no_error(tmp_path, backends, invocation):
    record(tmp_path, "bad", required=True)
    backends.failing = {"bad"}
    registration = McpRegistration(tmp_path, invocation)
    registration.attempt({"backend": [backend()]})
    backends.failing = set()

    registration.require({"backend": [backend()]})

    assert registration.report() == {"mcp_servers": {"registered": ["bad"], "failed_servers": {}}}


def test_a_backend_that_does_not_answer_is_told_for_each_server(tmp_path, backends, invocation):
    record(tmp_path, "one", "two")
    backends.silent = {"http://10.0.0.1:8000"}
    registration = McpRegistration(tmp_path, invocation)

    registration.attempt({"backend": [backend()]})

    assert set(registration.failed) == {"one", "two"}
    assert backends.accounts == []


def test_check_mode_only_reads(tmp_path, backends, invocation):
    record(tmp_path, "search")
    registration = McpRegistration(tmp_path, invocation)

    registration.predict({"backend": [backend()]})

    assert registration.registered == {"search"}
    assert backends.accounts == []
    assert backends.memory == {"http://10.0.0.1:8000": {}}
