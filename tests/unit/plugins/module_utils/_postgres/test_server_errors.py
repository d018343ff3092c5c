# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of PostgreSQL's errors, and that no row is in it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core import program_output
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.server_errors import Diagnosis

INDEX = """\
pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 3204; 1259 16400 INDEX ix_norm convosphere
pg_restore: error: could not execute query: ERROR:  function unaccent(text) does not exist
LINE 1:  SELECT unaccent(t)
                ^
HINT:  No function matches the given name and argument types.
QUERY:   SELECT unaccent(t)
CONTEXT:  SQL function "norm" during inlining
Command was: CREATE INDEX ix_norm ON public.u USING btree (public.norm(email))
    WHERE email <> 'x';


pg_restore: error: a worker process died unexpectedly
"""
GERMAN = """\
pg_restore: error: could not execute query: FEHLER:  Funktion unaccent(text) existiert nicht
ZEILE 1:  SELECT unaccent(t)
                ^
TIPP:  Keine Funktion stimmt mit dem angegebenen Namen überein.
Command was: CREATE TABLE public.g (
    id integer
);
"""
CHECK = """\
pg_restore: error: COPY failed for table "users": ERROR:  new row for relation "users" violates check constraint "c"
DETAIL:  Failing row contains (1, ada@example.org, $2b$12$planted, first line
planted second line).
CONTEXT:  COPY users, line 1: "1\tada@example.org\t$2b$12$planted"
"""
KEY = """\
pg_restore: error: could not execute query: FEHLER:  konnte Unique Index »users_email_key« nicht erstellen
DETAIL:  Schlüssel »(token)=(planted)« ist doppelt vorhanden.
Command was: CREATE SUBSCRIPTION s CONNECTION 'password=planted' PUBLICATION p;
"""


def error(code="42883", **fields):
    """Fake an error of psycopg2 with the attributes that are read."""
    names = ("message_primary", "message_detail", "message_hint", "context")
    names += ("constraint_name", "column_name", "table_name")
    found = RuntimeError("what psycopg2 prints")
    found.pgcode = code
    found.diag = SimpleNamespace(**{**dict.fromkeys(names), **fields})
    return found


def test_the_error_and_the_hint_of_the_server_are_kept_whole():
    shown = program_output.shown(INDEX)

    assert shown.split("\n") == [
        "pg_restore: error: could not execute query: ERROR:  function unaccent(text) does not exist",
        "HINT:  No function matches the given name and argument types.",
        'CONTEXT:  SQL function "norm" during inlining',
        "Command was: CREATE INDEX ix_norm ON public.u USING btree (public.norm(email))",
    ]
    statement = program_output.failed_statement(INDEX)
    assert statement
    assert statement.endswith("WHERE email <> 'x';")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            'could not extend file "base/1/2": No space left on device',
            'could not extend file "base/1/2": No space left on device',
        ),
        ('invalid input syntax for type integer: "planted"', "invalid input syntax for type integer: ..."),
        ("canceling statement due to statement timeout", "canceling statement due to statement timeout"),
    ],
)
def test_why_a_copy_failed_is_kept_up_to_a_value(said, shown):
    output = (
        f'pg_restore: error: COPY failed for table "t": ERROR:  {said}\nCONTEXT:  COPY t, line 7, column a: "planted"\n'
    )

    assert program_output.shown(output) == (
        f'pg_restore: error: COPY failed for table "t": ERROR:  {shown}\nCONTEXT:  COPY t, line 7, column a:...'
    )


def test_a_server_that_speaks_another_language_is_understood_as_well():
    shown = program_output.shown(GERMAN)

    assert "FEHLER:  Funktion unaccent(text) existiert nicht" in shown
    assert "TIPP:  Keine Funktion" in shown
    assert shown.endswith("Command was: CREATE TABLE public.g (")
    assert program_output.failed_statement(GERMAN) == "CREATE TABLE public.g (\n    id integer\n);"


@pytest.mark.parametrize("text", [CHECK, KEY])
def test_no_value_of_a_row_and_no_connection_of_a_statement_is_shown(text):
    shown = program_output.shown(text)

    assert "planted" not in shown
    assert "pg_restore: error: " in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Error response from daemon: No such container: x", None),
        ("words\nwithout a program", None),
        ("pg_dump: hint: only this", "pg_dump: hint: only this"),
    ],
)
def test_what_is_no_error_of_the_program_is_shown_as_it_is(text, shown):
    assert program_output.shown(text) == shown
    assert program_output.failed_statement(text) is None


def test_sqlstate_message_detail_and_both_hints_are_kept():
    found = Diagnosis.of(
        error(
            "53200",
            message_primary="out of shared memory",
            message_detail="Two\n lines",
            message_hint="You might need to increase max_locks_per_transaction.",
        )
    ).error("Cannot lock the tables in database x", "Nothing was changed")

    assert str(found) == (
        "Cannot lock the tables in database x: out of shared memory (Two lines) [SQLSTATE 53200]. "
        "You might need to increase max_locks_per_transaction. Nothing was changed."
    )
    assert found.details["sqlstate"] == "53200"
    assert found.details["server_hint"] == "You might need to increase max_locks_per_transaction."


@pytest.mark.parametrize("code", ["23505", "23502", "22P02", "21000", "44000"])
def test_a_detail_that_quotes_a_row_is_not_kept_but_its_place_is(code):
    found = Diagnosis.of(
        error(code, message_primary="no", message_detail="Key (x)=(planted)", table_name="users", constraint_name="c")
    )

    assert str(found) == f"no (constraint c of table users) [SQLSTATE {code}]"
    assert "planted" not in str(found.error("Cannot write").details)


def test_what_has_no_fields_is_told_by_its_first_line():
    assert str(Diagnosis.of(ValueError("\n a text with NUL\nmore"))) == "a text with NUL"
    assert str(Diagnosis.of(ValueError())) == "ValueError"


@pytest.mark.parametrize(
    ("code", "surroundings"),
    [(None, True), ("53100", True), ("57P01", True), ("40P01", True), ("42883", False), ("42704", False)],
)
def test_errors_of_the_server_are_told_from_errors_about_what_is_in_it(code, surroundings):
    assert Diagnosis.of(error(code)).is_of_surroundings is surroundings
