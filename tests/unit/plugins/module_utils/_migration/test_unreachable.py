# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._migration import unreachable
from ansible_collections.convosphere.platform.plugins.module_utils._migration.unreachable import (
    ABSENT,
    STOPPED,
    UNKNOWN,
)

NOTHING = {"project": "p", "database_runs": False, "has_database": False, "is_deployed": False}


def login(host: str = "127.0.0.1", authority: str | None = None) -> dict[str, Any]:
    return {"login_host": host, "login_unix_socket": None, "ca_cert": authority}


@pytest.mark.parametrize(
    ("facts", "host", "situation"),
    [
        ({}, "127.0.0.1", ABSENT),
        ({"is_deployed": True}, "127.0.0.1", UNKNOWN),
        ({"has_database": True}, "127.0.0.1", STOPPED),
        ({"has_database": True, "database_runs": True}, "127.0.0.1", UNKNOWN),
        ({"project": None}, "127.0.0.1", UNKNOWN),
        ({}, "db.example.com", UNKNOWN),
        ({"is_deployed": True}, "db.example.com", UNKNOWN),
    ],
)
def test_a_managed_database_is_not_taken_for_one_that_does_not_exist(facts, host, situation):
    backend: Any = SimpleNamespace(**{**NOTHING, **facts})

    assert unreachable.why(backend, login(host)) == situation


def test_check_mode_continues_without_a_managed_database_only_until_its_authority_is_on_the_host(tmp_path):
    (tmp_path / "ca.crt").touch()

    assert unreachable.is_expected(UNKNOWN, login("db.example.com", str(tmp_path / "missing.crt")))
    assert not unreachable.is_expected(UNKNOWN, login("db.example.com", str(tmp_path / "ca.crt")))
    assert not unreachable.is_expected(UNKNOWN, login("db.example.com"))
    assert not unreachable.is_expected(UNKNOWN, login("127.0.0.1", str(tmp_path / "missing.crt")))
    assert unreachable.is_expected(ABSENT, login())
    assert unreachable.is_expected(STOPPED, login())
