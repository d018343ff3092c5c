# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from unittest.mock import ANY

import pytest

from support.law import Refused, Step
from support.platform_database import PlatformDatabase
from support.sandbox import Sandbox

MODULE = "convosphere_deletion_info"
QUERIES = """INSERT INTO search_queries (id, user_id, query, query_type, created_at)
    VALUES (gen_random_uuid(), %s, 'x', 'text', '2026-01-31 12:00')"""


@pytest.fixture
def database(tables: Sandbox) -> PlatformDatabase:
    return PlatformDatabase(tables)


@pytest.mark.law
def test_law(run_info_law, run_steps, database):
    rule = {"name": "searches", "records": "search_queries", "action": "delete", "older_than": "9d"}
    options = {**database.login, "environment_name": "dev", "rules": [rule], "skip_backup_gate": True}
    user = database.add_user("ada@example.com")
    run_steps(MODULE, [Step("none", database.login, returns={"deletions": [], "total": 0})])
    for _time in range(2):
        database.query(QUERIES, user)
        run_steps(MODULE, [Step("delete", options, changed=True, module="convosphere_records")])
    database.query(
        "UPDATE convosphere_platform.deletions SET signature = 'x', deleted_at = '2026-06-30 12:00+00' WHERE id = "
        "(SELECT id FROM convosphere_platform.deletions LIMIT 1)"
    )

    deletion = {
        "id": ANY,
        "run": ANY,
        "rule": "searches",
        "records": "search_queries",
        "action": "delete",
        "definition": {"name": "searches", "records": "search_queries", "action": "delete", "older_than": 9},
        "tables": {"search_queries": 1},
        "files": [],
        "first_at": "2026-01-31T12:00:00Z",
        "last_at": "2026-01-31T12:00:00Z",
    }
    newer = {**deletion, "deleted_at": ANY, "signed": False}
    older = {**deletion, "deleted_at": "2026-06-30T12:00:00Z", "signed": True}
    run_info_law(
        MODULE,
        database.login,
        returns={"deletions": [newer, older], "total": 2},
        refused=[Refused("period", {**database.login, "since": "1y"}, "since is '1y'. Allowed: a period such as")],
    )
    run_steps(
        MODULE,
        [
            Step("newest", {**database.login, "limit": 1}, returns={"deletions": [newer], "total": 2}),
            Step("recent", {**database.login, "since": "1h"}, returns={"deletions": [newer], "total": 1}),
        ],
    )
