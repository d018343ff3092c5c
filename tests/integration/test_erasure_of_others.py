# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an erasure, and a restore that erases again, must leave: other people, and what is on hold."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._people import (
    erasure_ledger,
    holds,
    person,
    reapplication,
    registers,
)
from ansible_collections.convosphere.platform.plugins.module_utils._people.erasure_ledger import DELETE, LEDGER, Entry
from ansible_collections.convosphere.platform.plugins.module_utils._people.holds import Hold
from ansible_collections.convosphere.platform.plugins.module_utils._people.registers import Directory
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import (
    DATABASE_OPTIONS,
    Database,
)

from support.law import Step
from support.person_rows import ADA, BOB, PersonRows
from support.platform_database import PlatformDatabase
from support.sandbox import Sandbox

MODULE = "convosphere_person_erasure"
ERASED_AT = "2026-06-01T12:00:00.000000Z"
BEFORE, AFTER = "2026-06-01T11:59:59Z", "2026-06-01T12:00:01Z"


@pytest.fixture
def rows(tables: Sandbox) -> PersonRows:
    return PersonRows(PlatformDatabase(tables))


@pytest.fixture
def loaded(rows: PersonRows) -> Iterator[Database]:
    """Return the database of a backup, before it becomes the live one."""
    defaults = {name: option.get("default") for name, option in DATABASE_OPTIONS.items()}
    with closing(Database({**defaults, **rows.database.login}, read_only=False)) as database:
        yield database


def erased(email: str, user: str | None = None) -> Entry:
    hashed = erasure_ledger.email_hash(email)
    return Entry(user or str(uuid.uuid4()), hashed, BEFORE, ERASED_AT, DELETE, DELETE, "", "run")


def ada_since(rows: PersonRows, created_at: str) -> str:
    ada = rows.fill()
    rows.database.query("UPDATE users SET created_at = %s WHERE id = %s", created_at, ada)
    return ada


def test_an_older_account_with_the_address_is_erased_again(rows, loaded):
    ada = ada_since(rows, BEFORE)

    assert reapplication.reapply(loaded, [erased(ADA)], []).users == [ada]
    assert rows.naming(ada) == {}


def test_another_person_with_the_address_of_an_erased_one_stays(rows, loaded):
    ada = ada_since(rows, AFTER)
    before = rows.counts()
    hold = Hold(holds.USER, ada, "Case 4711", "lea", AFTER, ERASED_AT)

    created_since = reapplication.reapply(loaded, [erased(ADA)], [])
    rows.database.query("UPDATE users SET created_at = %s WHERE id = %s", BEFORE, ada)
    lives_on = reapplication.reapply(loaded, [erased(ADA)], [], {ada})
    on_hold = reapplication.reapply(loaded, [erased(ADA), erased(BOB, ada)], [hold])
    known = [each for each in erasure_ledger.listed(loaded) if each.user_id != ada]
    known_to_the_backup = reapplication.reapply(loaded, known, [])

    assert [each.users for each in (created_since, lives_on, on_hold, known_to_the_backup)] == [[]] * 4
    assert rows.counts() == before
    assert [each.id for each in holds.listed(loaded)] == [ada]


def test_the_person_itself_is_erased_even_if_the_backup_or_the_live_database_says_it_was(rows, loaded):
    ada = ada_since(rows, AFTER)
    entry = erased(ADA, ada)
    erasure_ledger.adopt(loaded, [entry])
    loaded.commit()

    assert reapplication.living(loaded) >= {ada}
    assert reapplication.reapply(loaded, [entry], [], {ada}).users == [ada]


def test_of_two_persons_with_one_address_the_id_erases_the_one(run_steps, rows, loaded, tmp_path):
    other = rows.fill()
    one = rows.database.add_user(ADA.upper(), username="ada2")
    login: dict[str, Any] = rows.database.login
    options = {
        **login,
        "environment_name": "dev",
        "user": one,
        "confirm": one,
        "mode": "anonymise",
        "backup_dir": str(tmp_path / "backups"),
    }
    run_steps(
        MODULE,
        [
            Step("address", {**options, "user": ADA}, fails="Give the id of the one that you mean"),
            Step("unconfirmed", {**options, "confirm": ADA}, fails=one),
            Step("erase", options, changed=True),
            Step("again", options, changed=False),
        ],
    )
    users = "SELECT email FROM users WHERE id IN (%s, %s) ORDER BY 1"
    assert rows.database.query(users, one, other) == [(ADA,), (f"erased-{one}@erased.invalid",)]
    ledger = registers.read(LEDGER, Directory(tmp_path / "backups"), "dev").entries
    loaded.execute("DROP TABLE convosphere_platform.erasures")
    rows_of_both = "UPDATE users SET email = %s, created_at = '2025-01-01' WHERE id = %s"
    for email, identifier in ((ADA.upper(), one), (ADA, other)):
        loaded.execute(rows_of_both, (email, identifier))
    loaded.commit()

    assert reapplication.reapply(loaded, ledger, []).users == [one]


def test_what_others_have_on_hold_stays(run_steps, rows, tmp_path):
    rows.fill()
    login: dict[str, Any] = rows.database.login
    options = {
        **login,
        "environment_name": "dev",
        "user": ADA,
        "confirm": ADA,
        "backup_dir": str(tmp_path / "backups"),
    }
    helper = rows.add("assistants", creator_id=rows.database.query("SELECT id FROM users WHERE email = %s", BOB)[0][0])
    rows.database.query("UPDATE conversations SET assistant_id = %s", helper)
    held = {name: options[name] for name in ("environment_name", "backup_dir", *login)}
    place = {**held, "reason": "Case 4711"}
    leave = {**login, "email": BOB, "state": "absent", "owned": "transfer", "transfer_to": ADA}
    run = run_steps(
        MODULE,
        [
            Step("hold", {**place, "assistant": helper}, module="convosphere_hold", changed=True),
            Step("of the assistant", options, fails=f"the assistant {helper} is on hold since"),
            Step("release", {**held, "assistant": helper, "state": "absent"}, module="convosphere_hold"),
            Step("hold on Bob", {**place, "user": BOB}, module="convosphere_hold", changed=True),
            Step("delete Bob", leave, module="convosphere_user", fails="Cannot delete bob@example.com, who is on hold"),
            Step("check", options, check=True, changed=True),
            Step("erase", options, changed=True),
        ],
    )

    done, predicted = run.task("erase").result, run.task("check").result
    assert done["leftovers"] == {"audit_logs": 1, "messages": 1}
    assert [done[name] for name in ("deleted", "updated", "leftovers")] == [
        predicted[name] for name in ("deleted", "updated", "leftovers")
    ]
    text = "SELECT description FROM audit_logs JOIN users ON users.id = user_id WHERE email = %s"
    assert (f"looked at {ADA.lower()}",) in rows.database.query(text, BOB)


TEXTS = {
    '{"text": "by\\nada@example.com"}': True,
    '{"text": "by\\tAda@example.com\\n"}': True,
    '{"text": "CORP\\\\nada@example.com"}': False,
    '{"text": "C:\\\\\\nada@example.com"}': True,
    "nada@example.com": False,
    "ada@example.com.au": False,
    "<ada@example.com>.": True,
}


def test_an_address_is_found_in_a_text_but_not_as_a_part_of_another(rows):
    statement = "SELECT given, given ~* %s FROM unnest(%s) AS given"

    assert dict(rows.database.query(statement, person.address_pattern(ADA), list(TEXTS))) == TEXTS
