# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of retention on a database of 100 conversations, one a day, of 20 messages each."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg2
import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.timestamps import format_time

from support.backups import VERIFIED, manifest_of, put_backup
from support.conversations import Volume, fill, identifier
from support.law import NO_DIFF, Case, Refused, Step
from support.module_process import ModuleProcess
from support.platform_database import PlatformDatabase
from support.sandbox import DATABASE_KEY, Sandbox, until

MODULE = "convosphere_records"
DAYS, MESSAGES = 100, 20
LOCK = "SELECT id FROM {} WHERE id = %s FOR UPDATE"
AUDIT = """
INSERT INTO audit_logs (id, event_type, severity, user_id, description, ip_address, created_at)
SELECT gen_random_uuid(), %s::auditeventtype, 'INFO', %s, 'login of ada', '10.0.0.1', now() - make_interval(days => %s)
FROM generate_series(1, %s)
"""
EXTENDED = """
INSERT INTO extended_audit_logs (id, event_id, event_type, event_category, severity, "timestamp", user_id, username,
    legal_hold, context)
SELECT gen_random_uuid(), 'e' || n, 'USER_LOGIN', 'AUTHENTICATION', 'INFO', now() - make_interval(days => %s), %s,
    'ada', n <= %s, '{"a": 1}' FROM generate_series(1, %s) n
"""
SEARCHES = """
INSERT INTO search_queries (id, user_id, query, query_type, created_at) SELECT gen_random_uuid(), %s, 'secret plans',
    'text', now() AT TIME ZONE 'UTC' - make_interval(days => %s) FROM generate_series(1, %s)
"""
HOLDS = """
CREATE SCHEMA IF NOT EXISTS convosphere_platform;
CREATE TABLE IF NOT EXISTS convosphere_platform.holds (subject_kind text, subject_id text, reason text, held_by text,
    held_since timestamptz DEFAULT now(), PRIMARY KEY (subject_kind, subject_id));
INSERT INTO convosphere_platform.holds VALUES (%s, %s, 'a lawsuit', 'Ada')
"""
RULE = {"name": "old", "records": "conversations", "action": "delete", "older_than": "50d"}
TOKENS = {"name": "reset tokens", "records": "reset_tokens", "action": "delete"}


def login_of(database: PlatformDatabase) -> dict[str, Any]:
    """Return the connection to a test's database."""
    host, port = database.running.address("postgres").split(":")
    return {"host": host, "port": port, "user": "convosphere", "password": DATABASE_KEY, "dbname": database.name}


@pytest.fixture
def database(tables: Sandbox) -> PlatformDatabase:
    database = PlatformDatabase(tables)
    fill(Volume(days=DAYS, until=datetime.now(UTC)), **login_of(database))
    return database


@pytest.fixture
def options(database: PlatformDatabase, tmp_path: Path) -> dict[str, Any]:
    """Return what each call needs: the login, a verified backup, a place for the record."""
    backups, made_at = tmp_path / "backups", datetime.now(UTC) - timedelta(hours=1)
    named = {
        "database_name": database.name,
        "verified": {**VERIFIED, "at": format_time(made_at + timedelta(minutes=9))},
    }
    content = manifest_of(made_at, **named).database
    assert content is not None
    backup = put_backup(backups, made_at, database=replace(content, schema_revisions=revisions(database)), **named)
    os.utime(backups / backup.files[0].name, (made_at.timestamp(), made_at.timestamp()))
    return {
        **database.login,
        "environment_name": "dev",
        "backup_dir": str(backups),
        "record_dir": str(tmp_path / "records"),
        "run": "run-1",
    }


def revisions(database: PlatformDatabase) -> tuple[str, ...]:
    stamped = database.query("SELECT to_regclass('alembic_version') IS NOT NULL")[0][0]
    return tuple(row[0] for row in database.query("SELECT version_num FROM alembic_version")) if stamped else ()


def count(database: PlatformDatabase, table: str, condition: str = "true") -> int:
    found: int = database.query(f"SELECT count(*) FROM {table} WHERE {condition}")[0][0]  # noqa: S608 - of this file
    return found


def conversations(fits: Callable[[int], bool], days: int) -> list[int]:
    """Return the numbers of the conversations of which the last message is older than so many days."""
    return [number for number in range(DAYS - days) if fits(number)]


def in_research(number: int) -> bool:
    """Return whether the owner of a conversation is in the group Forschung."""
    user = number % 12
    return user != 11 and (user % 3 == 1 or (user % 5 == 0 and (user + 1) % 3 == 1))


# ------------------------------------------------------------------------------------------------------- the law


def add_other_records(database: PlatformDatabase) -> None:
    ada = database.add_user("ada@example.com")
    for user, hours in ((ada, -1), (database.add_user("bob@example.com"), 1)):
        database.query(
            "UPDATE users SET password_reset_token = 'planted-token-' || username,"
            " password_reset_expires_at = now() + make_interval(hours => %s) WHERE id = %s",
            hours,
            user,
        )
    for event, user, days, number in [
        ("USER_LOGIN", ada, 366, 2500),
        ("USER_LOGIN", identifier("person", 3), 366, 4),
        ("USER_LOGIN", None, 364, 3000),
        ("USER_UPDATE", ada, 366, 5),
        ("USER_LOGOUT", None, 366, 6),
    ]:
        database.query(AUDIT, event, user, days, number)
    # A failed login has no user, and names one.
    failed = "UPDATE audit_logs SET event_type = 'USER_LOGIN', description = %s, details = %s WHERE id IN"
    some = "(SELECT id FROM audit_logs WHERE event_type = 'USER_LOGOUT' LIMIT 2)"
    database.query(f"{failed} {some}", "Failed: Person3@example.com", None)
    database.query(f"{failed} {some}", "Failed", '{"identifier": "person3"}')
    database.query(f"{failed} {some}", "Failed", '{"identifier": "person33"}')
    database.query(EXTENDED, 40, ada, 2, 9)
    for days, number in ((31, 20), (29, 80)):
        database.query(SEARCHES, ada, days, number)


RULES = [
    TOKENS,
    {
        **RULE,
        "name": "research",
        "action": "archive",
        "older_than": "60d",
        "delete_after": "30d",
        "groups": ["Forschung"],
    },
    {**RULE, "name": "other conversations", "except_users": ["Person2@example.com"]},
    {"name": "searches", "records": "search_queries", "action": "delete", "older_than": "30d"},
    {
        "name": "logins",
        "records": "audit_logs",
        "action": "delete",
        "older_than": "365d",
        "event_types": ["USER_LOGIN"],
    },
    {"name": "details", "records": "extended_audit_logs", "action": "anonymize", "older_than": "30d"},
]
REFUSED = [
    ("problems", {"rules": [{}, {**RULE, "older_than": "1y"}]}, "3 problems: rules[0]: name is missing"),
    (
        "names",
        {"rules": [{**RULE, "groups": ["Recht"], "assistants": ["Nobody"]}]},
        "2 problems: rule old: groups has Recht, which does not exist; rule old: assistants has Nobody, which",
    ),
    (
        "event types",
        {"rules": [{**RULES[4], "event_types": ["user_login"]}]},
        "rule logins: event_types has user_login. Allowed: USER_LOGIN, ",
    ),
    ("share", {"rules": [{**RULE, "older_than": "1d"}]}, "percent and more than max_share=50. Nothing was changed"),
    ("backup", {"rules": [RULE], "backup_dir": None}, "without a backup that has them. backup_dir is not set"),
    (
        "run",
        {"rules": [RULE], "run": "../x", "record_dir": None},
        "2 problems: run is '../x': give letters, digits, dots, ",
    ),
    ("key", {"rules": [RULE], "signing_key": "/etc/hostname"}, "Cannot sign with signing_key /etc/hostname"),
    ("no database", {"rules": [RULE], "login_db": "nowhere"}, 'database "nowhere" does not exist'),
]


@pytest.mark.law
def test_law(run_law, database, options):
    add_other_records(database)
    for kind, subject in (("user", identifier("person", 3)), ("conversation", identifier("conversation", 0))):
        database.query(HOLDS, kind, subject)
    archived = conversations(lambda number: in_research(number) and number % 9 > 0, 60)
    rotten = conversations(lambda number: in_research(number) and number % 9 == 0, 60)
    others = conversations(lambda number: not in_research(number) and number % 12 != 2, 50)
    kept = [number for number in others if number % 12 == 3]
    expected = {
        "reset tokens: delete reset_tokens": 1,
        "research: archive conversations": len(archived),
        "research: delete conversations": len(rotten) - 1,
        "other conversations: delete conversations": len(others) - len(kept),
        "searches: delete search_queries": 20,
        "logins: delete audit_logs": 2502,
        "details: anonymize extended_audit_logs": 7,
    }
    assert len(archived) > 0
    assert len(rotten) > 1
    assert len(kept) > 0

    done = run_law(
        MODULE,
        cases=[
            Case(
                "apply",
                {**options, "rules": RULES},
                diff={
                    "before": {title: {"expired": number} for title, number in expected.items()},
                    "after": {title: {"expired": 0} for title in expected},
                },
                returns={"skipped_rules": [], "limit": 50_000},
            )
        ],
        refused=[Refused(name, {**options, **change}, message) for name, change, message in REFUSED],
        secrets=["planted-token-ada", "planted-token-bob", "secret plans", "login of ada"],
    )

    predicted, made = (done.task(name).result["rules"] for name in ("apply (check)", "apply"))
    assert predicted == made
    assert [(each["rows"], each["held"]) for each in made] == list(
        zip(expected.values(), [0, 0, 1, len(kept), 0, 8, 2], strict=True)
    )
    gone = len(rotten) - 1 + len(others) - len(kept)
    assert sum(each["tables"].get("messages", 0) for each in made) == gone * MESSAGES
    assert count(database, "conversations") == DAYS - gone
    assert count(database, "messages") == (DAYS - gone) * MESSAGES
    assert count(database, "conversations", "is_archived AND is_active") == len(archived)
    assert count(database, "audit_logs") == 8 + 3000 + 5
    assert count(database, "search_queries") == 80
    assert count(database, "extended_audit_logs", "username = 'ada' AND legal_hold") == 2
    assert count(database, "extended_audit_logs", "num_nonnulls(username, user_id, context) = 0") == 7
    assert database.query("SELECT username FROM users WHERE password_reset_token IS NOT NULL") == [("bob",)]
    document = json.loads((Path(options["record_dir"]) / "run-1.json").read_text())
    assert {each["rule"]: each["tables"] for each in document["deletions"]} == {
        each["rule"]: each["tables"] for each in made if each["action"] != "archive" and each["rule"] != "reset tokens"
    }


# --------------------------------------------------------------------------------------------- rules and their order


def test_nothing_is_read_without_a_rule(run_steps, options):
    run_steps(MODULE, [Step("none", {**options, "login_port": 1}, changed=False, diff=NO_DIFF, returns={"rules": []})])


def test_anonymised_conversations_keep_what_statistics_need_and_are_written_once(run_steps, database, options):
    rule = {**RULE, "action": "anonymize", "assistants": ["Assistant 1"]}
    redacted = [number for number in range(50) if number % 4 == 1]
    before = database.query("SELECT sum(tokens_used), count(model_used) FROM messages")

    run_steps(
        MODULE,
        [
            Step("check", {**options, "rules": [rule]}, check=True, changed=True),
            Step("anonymise", {**options, "rules": [rule]}, changed=True),
            Step("again", {**options, "rules": [rule]}, changed=False, diff=NO_DIFF),
        ],
    )

    assert count(database, "conversations", "title = '(erased)' AND conversation_metadata IS NULL") == len(redacted)
    assert count(database, "messages", "content = '(erased)'") == len(redacted) * MESSAGES
    assert database.query("SELECT sum(tokens_used), count(model_used) FROM messages") == before


def test_a_look_alike_widens_no_rule_and_narrows_no_exception(run_steps, database, options):
    first, second = identifier("assistant", 1), identifier("assistant", 2)
    database.query("UPDATE assistants SET name = 'Assistant 1' WHERE id = %s", second)
    database.query("UPDATE users SET username = 'Person2@example.com' WHERE id = %s", identifier("person", 3))
    exact = "PERSON4@example.com"
    twin = database.add_user(exact, username="twin")
    rule = {**RULE, "assistants": ["Assistant 1"]}
    excepted = {**RULE, "except_users": ["Person2@example.com", "no@example.com"]}
    both = ", ".join(sorted([first, second]))
    several = (
        f"assistants has Assistant 1, and 2 assistants have that name: give the id of the one that you mean, of {both}"
    )
    twins = "except_users has Person4@example.com, and 2 users have that name: give the id of the one that you mean, of"

    run = run_steps(
        MODULE,
        [
            Step("name", {**options, "rules": [rule]}, fails=several),
            Step("twins", {**options, "rules": [{**RULE, "except_users": ["Person4@example.com"]}]}, fails=twins),
            Step("twin", {**options, "rules": [{**RULE, "except_users": [twin]}]}, check=True, changed=True),
            Step("exact", {**options, "rules": [{**RULE, "except_users": [exact]}]}, check=True, changed=True),
            Step("id", {**options, "rules": [{**rule, "assistants": [first]}]}, changed=True),
            Step("email", {**options, "rules": [excepted]}, changed=True),
        ],
    )

    warning = "rule old: except_users has no@example.com, which is no user and keeps no record. Correct or remove it."
    assert warning in str(run.task("email").result["warnings"])
    assert run.task("id").result["rules"][0]["rows"] == len([number for number in range(50) if number % 4 == 1])
    owners = "SELECT DISTINCT user_id::text FROM conversations WHERE updated_at < now() - interval '51 days'"
    assert database.query(owners) == [(identifier("person", 2),)]


def test_the_limit_takes_what_was_not_used_for_longest_and_a_locked_row_stays(run_steps, database, options):
    rules = {**options, "rules": [RULE], "limit": 10}
    with closing(psycopg2.connect(**login_of(database))) as connection, connection.cursor() as cursor:
        cursor.execute(LOCK.format("conversations"), (identifier("conversation", 4),))
        run_steps(MODULE, [Step("meanwhile", rules, changed=True)])
    left = {row[0] for row in database.query("SELECT title FROM conversations")}

    assert {f"Gespräch {number}" for number in range(DAYS)} - left == {f"Gespräch {n}" for n in range(10) if n != 4}
    done = run_steps(MODULE, [Step("later", {**rules, "limit": 50}, changed=True)])
    (rule,) = done.tasks[0].result["rules"]
    assert (rule["rows"], rule["remaining"]) == (41, 0)


def test_the_platforms_own_rules_are_applied_on_request(run_steps, database, options):
    add = """INSERT INTO audit_retention_rules
        (id, name, event_types, retention_days, legal_hold, action_on_expiry, enabled) VALUES
        (gen_random_uuid(), %s, %s, %s, %s, %s, %s)"""
    for rule in [
        ("held", '["USER_UPDATE"]', 1, True, "delete", True),
        ("off", None, 1, False, "delete", False),
        ("moved", '["SYSTEM_ERROR"]', 30, False, "archive", True),
        ("odd", None, 1, False, "shred", True),
        ("purge", None, 30, False, "delete", True),
    ]:
        database.query(add, *rule)
    for event, days in (("USER_LOGIN", 31), ("USER_UPDATE", 31), ("USER_LOGIN", 29), ("SYSTEM_ERROR", 31)):
        database.query(AUDIT, event, None, days, 7)

    done = run_steps(MODULE, [Step("platform", {**options, "platform_rules": True}, changed=True)])

    result = done.tasks[0].result
    assert [(each["rule"], each["records"], each["rows"]) for each in result["rules"]] == [
        ("moved (platform)", "audit_logs", 7),
        ("moved (platform)", "extended_audit_logs", 0),
        ("purge (platform)", "audit_logs", 7),
        ("purge (platform)", "extended_audit_logs", 0),
    ]
    assert result["skipped_rules"] == [
        "The platform's retention rule odd is not applied: action_on_expiry is 'shred'. Allowed: archive, delete,"
        " anonymize"
    ]
    assert count(database, "audit_logs") == 14
    ((kept,),) = database.query("SELECT files FROM convosphere_platform.deletions WHERE action = 'archive'")
    content = (Path(options["record_dir"]) / kept[0]["name"]).read_bytes()
    assert {json.loads(line)["event_type"] for line in content.splitlines()} == {"SYSTEM_ERROR"}
    assert kept == [{"name": mock.ANY, "rows": 7, "sha256": hashlib.sha256(content).hexdigest()}]
    assert len(content.splitlines()) == 7


# ----------------------------------------------------------------------------------------- interruptions and records


def test_a_killed_run_keeps_its_batches_and_the_next_one_completes_them(database, options, tmp_path):
    """Batches are 500 conversations: the second one waits for a message that the test has locked."""
    total = 1200
    database.query("TRUNCATE messages, conversations, assistants, users, user_groups, ai_models CASCADE")
    fill(Volume(messages=total, conversations=total, days=DAYS, until=datetime.now(UTC)), **login_of(database))
    rules = {**options, "rules": [{**RULE, "older_than": "1d"}], "accept_share": True}
    expired = total - total // DAYS + 1  # the message of one day ago is older by now
    with closing(psycopg2.connect(**login_of(database))) as connection, connection.cursor() as cursor:
        cursor.execute(LOCK.format("messages"), (identifier("message", 700),))
        killed = ModuleProcess(MODULE, rules, tmp_path)
        until(lambda: waits_for_a_lock(database), "the second batch")
        killed.kill()
    until(lambda: not waits_for_a_lock(database), "the end of the killed session")

    assert count(database, "conversations") == total - 500
    assert recorded(database) == {"run-1": {"conversations": 500, "messages": 500}}
    assert list(Path(options["record_dir"]).iterdir()) == []

    result = ModuleProcess(MODULE, {**rules, "run": "run-2"}, tmp_path).result()

    assert result["rules"][0]["rows"] == expired - 500
    assert count(database, "conversations") == count(database, "messages") == total - expired
    assert sorted(Path(path).name for path in result["record_files"]) == ["run-1.json", "run-2.json"]
    assert {run: tables["conversations"] for run, tables in recorded(database).items()} == {
        "run-1": 500,
        "run-2": expired - 500,
    }
    assert count(database, "pg_indexes", "indexname LIKE 'convosphere_temporary%'") == 0


def waits_for_a_lock(database: PlatformDatabase) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
    return bool(database.query(waiting, database.name)[0][0])


def recorded(database: PlatformDatabase) -> dict[str, dict[str, int]]:
    return dict(database.query("SELECT run, tables FROM convosphere_platform.deletions ORDER BY 1"))


@pytest.mark.parametrize("option", ["signing_key", "controller_signing_key"])
def test_the_record_is_signed_by_the_operator(run_steps, database, options, tmp_path, option):
    key, signers = tmp_path / "key", tmp_path / "signers"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key], check=True)
    public = key.with_suffix(".pub").read_text()
    signers.write_text(f'operator namespaces="convosphere-deletions" {public}')

    record = Path(options["record_dir"]) / "run-1.json"
    written = {"record_files": [str(record)], "unsigned": {}}
    sign = Step("sign", {**options, "rules": [RULE], option: str(key)}, changed=True, returns=written)
    # A task beside it: a module that runs alone has no part on the controller.
    run_steps(MODULE, [sign, {"name": "Find the record", "ansible.builtin.stat": {"path": str(record)}}])

    signature = record.with_name("run-1.json.sig")
    assert {path.stat().st_mode & 0o777 for path in (record, signature)} == {0o600}
    assert database.query("SELECT signature FROM convosphere_platform.deletions") == [(signature.read_text(),)]
    assert verifies(record.read_text(), signature, signers)
    assert not verifies(record.read_text().replace("50", "49"), signature, signers)


def verifies(text: str, signature: Path, signers: Path) -> bool:
    """Return whether ssh-keygen finds the signature of the text good."""
    who = ["-I", "operator", "-n", "convosphere-deletions", "-f", signers, "-s", signature]
    done = subprocess.run(["ssh-keygen", "-Y", "verify", *who], input=text, capture_output=True, text=True, check=False)
    return done.returncode == 0
