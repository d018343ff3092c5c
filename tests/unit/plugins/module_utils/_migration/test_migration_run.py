# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import Plan
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Invocation
from ansible_collections.convosphere.platform.plugins.module_utils._migration.alembic_client import Revision
from ansible_collections.convosphere.platform.plugins.module_utils._migration.migration_plan import CURRENT, Migration
from ansible_collections.convosphere.platform.plugins.module_utils._migration.migration_run import (
    MigrationWork,
    Planned,
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
