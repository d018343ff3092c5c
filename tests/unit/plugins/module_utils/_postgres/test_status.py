# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.status import without_values
from hypothesis import given
from hypothesis import strategies as st

SECRET = "s3cret"


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("SELECT 1", "SELECT ?"),
        ("SELECT a1, $1, t2.b FROM t2 WHERE x = -1.5e3", "SELECT a1, $1, t2.b FROM t2 WHERE x = -?"),
        ("ALTER ROLE ada PASSWORD 's3cret'", "ALTER ROLE ada PASSWORD ?"),
        ("SELECT 'it''s s3cret' || \"a'b\"", 'SELECT ? || "a\'b"'),
        ("SELECT E'it\\'s s3cret', U&'s3cret', x'1f'", "SELECT ?, ..."),
        ("SELECT $$s3cret$$ || $a$ $b$ s3cret $a$", "SELECT ? || ?"),
        ("SELECT a -- s3cret 'x\nFROM b /* s3cret */", "SELECT a FROM b"),
        ("INSERT INTO t VALUES (1, 's3cret', 3)", "INSERT INTO t VALUES (?, ...)"),
        ("UPDATE t SET a = 's3cre", "UPDATE t SET a = ?"),
        ("UPDATE t SET a = $x$s3cre", "UPDATE t SET a = ?"),
        ("SELECT /* s3cret", "SELECT"),
        ("SELECT 'a\\' , 's3cret'", "SELECT ..."),
        ("SELECT /* a /* b */ it's */ 's3cret'", "SELECT ..."),
        ("", ""),
    ],
)
def test_values_are_left_out(statement, shown):
    assert without_values(statement) == shown


def test_a_long_statement_is_cut():
    assert without_values("SELECT " + "x" * 500, 20) == "SELECT xxxxxxxxxx..."


@given(st.text("ab's3\\$-/*\" eE\n", max_size=30))
def test_a_text_is_never_shown_whatever_stands_in_it(value):
    quoted = value.replace("'", "''")
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")

    for literal in (f"'{SECRET}{quoted}{SECRET}'", f"E'{SECRET}{escaped}{SECRET}'"):
        statement = f"ALTER ROLE a PASSWORD {literal} VALID UNTIL {literal}"
        assert SECRET not in without_values(statement)
        assert SECRET not in without_values(statement[:-3])
