# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import Plan
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Invocation
from ansible_collections.convosphere.platform.plugins.module_utils._migration.alembic_client import Revision
from ansible_collections.convosphere.platform.plugins.module_utils._migration.migration_plan import CURRENT, Migration
from ansible_collections.convosphere.platform.plugins.module_utils._migration.migration_run import (
    ABSENT,
    UNKNOWN,
    MigrationWork,
    Planned,
    _why_unreachable,
)
from ansible_collections.convosphere.platform.plugins.module_utils._migration.revisions import Code


def test_the_heads_are_those_of_the_code_that_was_planned_with():
    work = MigrationWork(Invocation({"login_port": 5432}, {}, check_mode=False, warn=print, hide=print))
    # The record of a release does not tell which predecessors are dependencies only.
    work.code = Code([Revision("a"), Revision("b", ("a",))])
    code = Code([Revision("a"), Revision("b", depends_on=("a",))])
    migration = Migration(CURRENT, ("b",), ("b",))
    unused: Any = None
    work.planned = Planned(migration, code, unused, unused, unused)

    assert work.report(Plan())["heads"] == ["a", "b"]


@pytest.mark.parametrize(
    ("host", "ca", "situation"),
    [("127.0.0.1", "", ABSENT), ("db.example.com", "ca.crt", UNKNOWN), ("db.example.com", "missing.crt", ABSENT)],
)
def test_a_managed_database_that_cannot_be_reached_is_not_taken_for_one_that_does_not_exist(
    tmp_path: Path, host: str, ca: str, situation: str
) -> None:
    (tmp_path / "ca.crt").touch()
    backend: Any = SimpleNamespace(project="p", database_runs=False, has_database=False, is_deployed=False)
    login = {"login_host": host, "login_unix_socket": None, "ca_cert": str(tmp_path / ca) if ca else None}

    assert _why_unreachable(backend, login) == situation
