# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._people import registers
from ansible_collections.convosphere.platform.plugins.module_utils._people.erasure_ledger import LEDGER, Entry
from ansible_collections.convosphere.platform.plugins.module_utils._people.references import KEYS
from ansible_collections.convosphere.platform.plugins.module_utils._people.registers import Directory

from support.law import Case, Refused, Step
from support.module_process import ModuleProcess, run_module
from support.person_rows import ADA, BOB, PersonRows
from support.platform_database import PlatformDatabase
from support.sandbox import Sandbox, until

MODULE = "convosphere_person_erasure"
DELETED = (
    "assistants", "conversations", "document_chunks", "document_processing_jobs", "document_tag_association",
    "documents", "domain_group_managers", "domain_group_members", "domain_group_resources", "domain_invitations",
    "messages", "search_queries", "user_dashboards", "user_group_association", "users",
)  # fmt: skip
UPDATED = {
    "audit_logs": 3,
    "compliance_reports": 1,
    "domain_activities": 1,
    "extended_audit_logs": 1,
    "tags": 1,
    "tools": 1,
    "users": 1,
}
COUNTS = {"deleted": dict.fromkeys(DELETED, 1), "updated": UPDATED, "files": 0, "objects": 0}


@pytest.fixture
def rows(tables: Sandbox) -> PersonRows:
    return PersonRows(PlatformDatabase(tables))


@pytest.fixture
def options(rows: PersonRows, tmp_path: Path) -> dict[str, Any]:
    return {
        **rows.database.login,
        "environment_name": "dev",
        "user": ADA.lower(),
        "confirm": ADA.lower(),
        "backup_dir": str(tmp_path / "backups"),
    }


def ledger_of(folder: Path) -> list[Entry]:
    return list(registers.read(LEDGER, Directory(folder), "dev").own)


@pytest.mark.law
def test_law_with_a_row_in_every_table(run_law, rows, options, tmp_path):
    ada = rows.fill()
    before = rows.counts()
    assert [table for table, count in before.items() if not count] == []
    ledger = f"erasures-dev.json in {options['backup_dir']}"
    copies = tmp_path / "copies"
    copies.mkdir()

    run = run_law(
        MODULE,
        cases=[
            Case(
                "erase",
                {**options, "retention": {"keep_last": 3}},
                diff={"before": {ADA: COUNTS, ledger: {"erasures": 0}}, "after": {ledger: {"erasures": 1}}},
                returns={
                    **COUNTS,
                    "leftovers": {"messages": 1},
                    "leftover_rows": [{"table": "messages", "id": ANY}],
                    "backups": {"ids": [], "pinned": [], "until": ""},
                },
            ),
            Case(
                "bring the ledger to another place",
                {**options, "confirm": None, "copy_to": [{"directory": str(copies)}]},
                diff={
                    "before": {f"erasures-dev.json in {copies}": {"erasures": 0}},
                    "after": {f"erasures-dev.json in {copies}": {"erasures": 1}},
                },
                returns={"deleted": {}, "updated": {}, "leftovers": {"messages": 1}},
            ),
        ],
        refused=[
            Refused("unknown", {**options, "user": "eve@example.com"}, "no erasure of one is recorded"),
            Refused("no heir", {**options, "user": BOB, "documents": "hand_over"}, "assistants_to names no user"),
            Refused("the last administrator", {**options, "user": BOB}, "is the last active super_admin"),
            Refused("no batch", {**options, "batch_size": 0}, "batch_size is 0"),
        ],
        secrets=["planted-hash-of-ada"],
    )

    predicted = run.task("erase (check)").result
    assert {name: predicted[name] for name in ("leftovers", "leftover_rows", *COUNTS)} == {
        name: run.task("erase").result[name] for name in ("leftovers", "leftover_rows", *COUNTS)
    }
    assert rows.naming(ada) == {}
    assert rows.naming(ADA) == {"messages": 2}  # of others: one names another address
    after = rows.counts()
    assert {table: before[table] - after[table] for table in before if before[table] != after[table]} == {
        **COUNTS["deleted"],
        "audit_logs": -1,  # that of the erasure
    }
    assert rows.database.query("SELECT usage_count FROM tags") == [(1,)]
    assert rows.database.query("SELECT preferences FROM users") == [({"theme": "dark"},)]
    assert [entry.user_id for entry in ledger_of(copies)] == [ada]
    assert ADA.lower() not in (copies / "erasures-dev.json").read_text().lower()


def test_every_foreign_key_of_the_platform_is_known(rows):
    assert {(key.table, key.column): key.target for key in KEYS} == rows.targets
    assert len(KEYS) == 34


def test_a_foreign_key_that_is_unknown_stops_the_erasure_with_its_name(run_steps, rows, options):
    rows.fill()
    rows.database.query("CREATE TABLE badges (id uuid, holder uuid CONSTRAINT badges_holder REFERENCES users (id))")
    before = rows.counts()

    run_steps(MODULE, [Step("unknown", options, fails="the foreign key badges_holder of table badges (holder)")])

    assert rows.counts() == before


def test_what_is_on_hold_or_used_by_others_is_not_erased(run_steps, rows, options):
    ada = rows.fill()
    conversation = rows.database.query("SELECT id FROM conversations WHERE user_id = %s", ada)[0][0]
    login = rows.database.login
    held = {name: options[name] for name in ("environment_name", "backup_dir", *login)}
    hold = {**held, "conversation": conversation, "reason": "Case 4711"}
    run_steps(
        MODULE,
        [
            Step("hold", hold, module="convosphere_hold", changed=True),
            Step("on hold", options, fails=f"the conversation {conversation} is on hold since"),
            Step("on hold (check)", options, check=True, fails="Case 4711"),
        ],
    )
    rows.database.query("DELETE FROM convosphere_platform.holds")
    run_steps(
        MODULE,
        [
            Step("on hold by the file alone", options, fails=f"the conversation {conversation} is on hold since"),
            Step("release", {**held, "conversation": conversation, "state": "absent"}, module="convosphere_hold"),
        ],
    )
    rows.database.query(
        "UPDATE conversations SET assistant_id = (SELECT id FROM assistants WHERE creator_id = %s)", ada
    )
    run_steps(
        MODULE,
        [
            Step("used", options, fails="1 conversations of others use assistants of Ada@example.com: give assist"),
            Step("unconfirmed", {**options, "assistants_to": BOB, "confirm": None}, fails="1 rows of messages are del"),
            Step("handed over", {**options, "assistants_to": BOB, "documents": "hand_over"}, changed=True),
        ],
    )

    owners = "SELECT count(*) FROM {} JOIN users ON users.id = {} WHERE email = %s"
    for table, column in (("assistants", "creator_id"), ("documents", "user_id"), ("tools", "creator_id")):
        assert rows.database.query(owners.format(table, column), BOB)[0][0] >= 1, table
    assert rows.naming(ada) == {}


def test_anonymised_rows_keep_the_figures_and_nothing_of_the_person(run_steps, rows, options):
    ada = rows.fill()
    rows.database.query("UPDATE extended_audit_logs SET legal_hold = true")
    before = rows.counts()
    anonymise = {**options, "mode": "anonymise", "assistants_to": BOB}
    run = run_steps(
        MODULE,
        [
            Step(
                "legal hold", {**options, "assistants_to": BOB}, fails="1 rows of extended_audit_logs are on legal hold"
            ),
            Step("check", anonymise, check=True, changed=True),
            Step("anonymise", anonymise, changed=True),
            Step("again", anonymise, changed=False),
        ],
    )

    done, predicted = run.task("anonymise").result, run.task("check").result
    assert {name: done[name] for name in COUNTS} == {name: predicted[name] for name in COUNTS}
    assert done["leftovers"] == {"messages": 1, "extended_audit_logs": 1}
    assert [rows.counts()[table] for table in ("users", "conversations", "messages")] == [
        before[table] for table in ("users", "conversations", "messages")
    ]
    user = rows.database.query("SELECT email, status::text, hashed_password FROM users WHERE id = %s", ada)
    assert user == [(f"erased-{ada}@erased.invalid", "ARCHIVED", None)]
    content = "SELECT title, content FROM messages JOIN conversations c ON c.id = conversation_id WHERE c.user_id = %s"
    assert rows.database.query(content, ada) == [("(erased)", "(erased)")]


def test_a_killed_run_is_completed_by_the_next_one(rows, options, tmp_path, run_steps):
    ada = rows.fill()
    filler = "INSERT INTO messages SELECT (json_populate_record(m, json_build_object('id', gen_random_uuid()))).*"
    rows.database.query(
        f"{filler} FROM messages m JOIN conversations c ON c.id = m.conversation_id, generate_series(1, 400) "
        "WHERE c.user_id = %s",
        ada,
    )
    own = "SELECT count(*) FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE c.user_id = %s"
    process = ModuleProcess(MODULE, {**options, "batch_size": 2}, tmp_path)
    until(lambda: rows.database.query(own, ada)[0][0] < 401, "the first batch")
    process.kill()

    left = rows.database.query(own, ada)[0][0]
    assert 0 < left < 401
    disabled = "SELECT status::text, hashed_password FROM users WHERE id = %s"
    assert rows.database.query(disabled, ada) == [("ARCHIVED", None)]
    assert ledger_of(Path(options["backup_dir"])) == []
    run = run_steps(MODULE, [Step("complete", options, changed=True), Step("again", options, changed=False)])
    assert run.task("complete").result["deleted"]["messages"] == left
    assert rows.naming(ada) == {}
    assert rows.naming(ADA) == {"messages": 2}


def test_indexes_exist_only_meanwhile_and_one_that_was_left_is_dropped(rows, options, tmp_path):
    ada = rows.fill()
    name = "convosphere_temporary_messages_conversation_id"
    rows.database.query(f"CREATE INDEX {name} ON messages (conversation_id)")
    many = "INSERT INTO conversations SELECT (json_populate_record(c, json_build_object('id', gen_random_uuid()))).*"
    rows.database.query(f"{many} FROM conversations c, generate_series(1, 60) WHERE c.user_id = %s", ada)

    result = run_module(MODULE, options, tmp_path)

    assert result["deleted"]["conversations"] == 61
    assert rows.database.query("SELECT count(*) FROM pg_class WHERE relname LIKE 'convosphere_temporary%'") == [(0,)]
    assert json.loads((Path(options["backup_dir"]) / "erasures-dev.json").read_text())["format"] == 1


def test_marks_of_deleted_assistants_go_and_accounts_of_runs_are_no_administrators(rows, options, tmp_path):
    rows.fill()
    assistant = {"name": "Support", "owner": ADA.lower(), "system_prompt": "Help.", "model": "gpt-4"}
    made = run_module("convosphere_assistant", {**rows.database.login, "assistants": [assistant]}, tmp_path)
    marks = "SELECT count(*) FROM convosphere_platform.managed_rows"
    assert made["created"], made
    assert rows.database.query(marks) == [(1,)]

    assert run_module(MODULE, options, tmp_path)["deleted"]["assistants"] == 2
    assert rows.database.query(marks) == [(0,)]
    rows.database.add_user("run@service.invalid", role="SUPER_ADMIN", username="convosphere-run-1")
    refused = run_module(MODULE, {**options, "user": BOB, "confirm": BOB}, tmp_path)
    assert "bob@example.com is the last active super_admin" in refused["msg"]


def test_an_address_in_another_form_of_unicode_is_refused_with_the_id(run_steps, rows, options):
    rows.fill()
    zoe = rows.database.add_user("zoe\u0308@example.com", username="zoe")
    address = "Zo\u00eb@example.com"

    run_steps(
        MODULE,
        [
            Step("look-alike", {**options, "user": address, "confirm": address}, fails=f"has the id {zoe}"),
            Step("unknown", {**options, "user": "z\u00f6@example.com"}, fails="no erasure of one is recorded"),
            Step("by id", {**options, "user": zoe, "confirm": zoe}, changed=True),
            Step("in either form", {**options, "user": address}, changed=False, returns={"mode": "delete"}),
        ],
    )
