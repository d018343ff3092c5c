# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from types import SimpleNamespace

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils import _operator

SUDO = {"USER": "root", "LOGNAME": "root", "SUDO_USER": "bob"}


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """Stand in for the machine: no terminal, the account of root, and a host name."""
    monkeypatch.setattr(_operator.os, "getlogin", no_terminal)
    monkeypatch.setattr(_operator.pwd, "getpwuid", lambda _uid: SimpleNamespace(pw_name="root"))
    monkeypatch.setattr(_operator.socket, "gethostname", lambda: "bastion")


def no_terminal() -> str:
    raise OSError(6, "No such device or address")


@pytest.mark.parametrize("variable", ["awx_user_name", "tower_user_name"])
def test_the_user_of_awx_comes_first(variable):
    assert _operator.name({variable: "alice", "awx_schedule_name": "nightly"}, SUDO) == "alice"
    assert _operator.actor({variable: "alice"}, SUDO) == "alice@awx"


@pytest.mark.parametrize("variable", ["awx_schedule_name", "tower_schedule_name"])
def test_a_job_that_no_user_started_names_its_schedule(variable):
    assert _operator.name({variable: "nightly", "awx_user_name": ""}, SUDO) == "schedule nightly"
    assert _operator.actor({variable: "nightly"}, SUDO) == "schedule nightly@awx"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (SUDO, "bob"),
        ({"USER": "root", "DOAS_USER": "carol"}, "carol"),
        ({"USER": "dave"}, "dave"),
        ({"LOGNAME": "erin"}, "erin"),
        ({"USER": "root", "LOGNAME": "erin"}, "erin"),
        ({"SUDO_USER": "root", "USER": "frank"}, "frank"),
        ({"USER": "root"}, "root"),
        ({}, "root"),
    ],
)
def test_otherwise_the_login_is_named_and_root_only_if_nothing_shows_a_better_name(environ, expected):
    assert _operator.name({"awx_user_name": None}, environ) == expected
    assert _operator.actor({}, environ) == f"{expected}@bastion"


def test_the_login_of_the_terminal_tells_who_became_root(monkeypatch):
    monkeypatch.setattr(_operator.os, "getlogin", lambda: "grace")

    assert _operator.name({}, {"USER": "root"}) == "grace"


def test_a_user_without_a_name_is_its_number(monkeypatch):
    def nobody(_uid: int) -> None:
        raise KeyError("uid not found")

    monkeypatch.setattr(_operator.pwd, "getpwuid", nobody)
    monkeypatch.setattr(_operator.os, "getuid", lambda: 1234)

    assert _operator.name({}, {}) == "1234"


def test_the_id_of_a_run_is_the_same_in_its_processes_and_the_number_of_the_job_in_awx():
    with ProcessPoolExecutor(1, get_context("fork")) as pool:
        assert pool.submit(_operator.run_id, {}).result() == _operator.run_id({})

    assert _operator.run_id({}).startswith(f"bastion/{os.getpid()}/")
    assert _operator.run_id({"awx_job_id": 4711}) == "4711"
