# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._migration import alembic_script

HASH = "$2b$12$plantedplantedplantedplanted"
PRIMARY = 'null value in column "x" of relation "users" violates not-null constraint'
ROW = f"DETAIL:  Failing row contains (1, a@example.com, {HASH}, null)."


class NotNullViolation(Exception):
    """An error of a driver, as its own text has it."""

    diag = SimpleNamespace(message_primary=PRIMARY, message_detail=ROW)
    pgcode = "23502"


class IntegrityError(Exception):
    """SQLAlchemy's around it."""

    statement = "ALTER TABLE users ALTER x SET NOT NULL"

    def __init__(self, original: Exception) -> None:
        super().__init__(f"(psycopg2) {original}\n[SQL: {self.statement}]\n[parameters: {HASH}]")
        self.orig = original


def test_what_the_database_said_is_told_without_the_row_that_it_quotes():
    told = alembic_script._described(IntegrityError(NotNullViolation(f"{PRIMARY}\n{ROW}\n")))

    assert told == {
        "kind": "NotNullViolation",
        "said": PRIMARY,
        "sqlstate": "23502",
        "statement": "ALTER TABLE users ALTER x SET NOT NULL",
        "revision": None,
    }


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(f"{PRIMARY}\n{ROW}"),  # a driver without a diagnosis, or a revision that passes it on as text
        RuntimeError(f"{PRIMARY}\nCONTEXT:  COPY users, line 1: {HASH}"),
        RuntimeError(f"{PRIMARY}\n[SQL: SELECT :h]\n[parameters: {{'h': '{HASH}'}}]"),
    ],
)
def test_a_row_in_the_text_of_an_error_is_cut_off(error):
    told = alembic_script._described(error)

    assert HASH not in json.dumps(told)
    assert told["said"] == PRIMARY


def test_the_lines_of_any_other_error_are_all_told():
    assert alembic_script._described(ValueError("two\nlines"))["said"] == "two\nlines"


def test_the_seconds_of_a_revision_are_noted_also_if_it_fails(monkeypatch):
    seconds: dict[str, float] = {}
    monkeypatch.setattr(alembic_script, "_SECONDS", seconds)

    def fail():
        raise NotNullViolation

    assert alembic_script._timed("good", lambda: 7)() == 7
    with pytest.raises(NotNullViolation):
        alembic_script._timed("bad", fail)()
    assert seconds.keys() == {"good", "bad"}
    assert min(seconds.values()) >= 0
