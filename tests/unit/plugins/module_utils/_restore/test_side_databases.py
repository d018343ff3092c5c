# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which databases are the collection's own, and what they are called."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._postgres import database_comment
from ansible_collections.convosphere.platform.plugins.module_utils._restore import database_server, side_databases
from ansible_collections.convosphere.platform.plugins.module_utils._restore.side_databases import (
    BEFORE,
    RESTORE,
    UPGRADE,
    VERIFY,
    SideDatabases,
)


class FakeServer:
    """A server of some databases: (name, comment, whether one can connect)."""

    def __init__(self, *rows: tuple[str, str | None, bool]) -> None:
        self.rows = rows

    def databases(self) -> dict[str, database_server.ServerDatabase]:
        raw = {"datconnlimit": -1}
        return {row[0]: database_server._database((*row, raw, "convosphere", "pg_default")) for row in self.rows}


def marked(role: str, of: str = "live", **more: Any) -> str:
    statement = database_comment.comment_statement("any", {"role": role, "of": of, **more}, None)
    return statement.partition(" IS ")[2].strip("'")


@pytest.mark.parametrize("comment", [None, "Ask Ada", "two\nlines [convosphere]"])
def test_a_mark_leaves_what_others_wrote(comment):
    mark = {"role": "live", "of": 'od"d', "at": "2026-11-23T15:01:02Z"}
    statement = database_comment.comment_statement("any", mark, comment)
    stored = statement.partition(" IS ")[2].lstrip("E").strip("'").replace("\\\\", "\\")

    assert database_comment.split_comment(stored) == (comment, mark)


@pytest.mark.parametrize("text", [None, "", "Ask Ada", "[convosphere.platform {not json}]", "[convosphere.platform 1]"])
def test_what_is_no_mark_is_a_comment(text):
    assert database_comment.split_comment(text) == (text, {})


def test_only_what_is_marked_or_was_never_opened_is_a_leftover():
    server = FakeServer(
        ("live", marked(RESTORE), True),  # whatever its mark says
        ("live_verify_0123abcd", marked(VERIFY), True),
        ("live_restore_0123abcd", None, False),
        ("live_restore_1123abcd", None, True),
        ("live_restore_2123abcd", "Ask Ada", False),
        ("live_restore_x", None, False),
        ("live_restore_3123abcd", marked(RESTORE, halfway={"kept": {"uploads": "x"}}), True),
        ("live_upgrade_0123abcd", marked(UPGRADE), True),
        ("live_upgrade_1123abcd", None, False),
        ("other_verify_0123abcd", marked(VERIFY, "other"), True),
        ("live_before_20261123T150102Z", marked(BEFORE), True),
    )

    assert SideDatabases(server, "live").leftovers() == [
        "live_verify_0123abcd",
        "live_restore_0123abcd",
        "live_upgrade_0123abcd",
        "live_upgrade_1123abcd",
    ]


def test_no_temporary_role_is_longer_than_the_one_that_names_are_cut_for():
    assert max(map(len, side_databases._TEMPORARY)) == len(RESTORE)


def test_kept_databases_are_listed_oldest_first():
    server = FakeServer(
        ("a", marked(BEFORE, at="2026-11-23T15:01:03Z"), True),
        ("b", marked(BEFORE, at="2026-11-23T15:01:02Z"), True),
        ("c", None, True),
    )

    assert SideDatabases(server, "live").kept() == ["b", "a"]


@pytest.mark.parametrize("live", ["live", "x" * 63, "ü" * 31 + "x"])
def test_a_name_is_never_cut_by_postgresql_and_never_taken(live):
    now = datetime(2026, 11, 23, 15, 1, 2, tzinfo=UTC)
    name = side_databases.dated_name(live, BEFORE, now, {})
    second = side_databases.dated_name(live, BEFORE, now, {name: None})

    assert name.endswith("_before_20261123T150102Z")
    assert name != second
    assert max(len(each.encode()) for each in (name, second)) <= 63
