# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what retention needs to know: names, holds, the platform's rules, and the rows that expired.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from .._conversations import names
from .._core.errors import DatabaseError
from .._postgres import status
from .._postgres.connection import Database
from . import holds, platform_retention
from .retention_rules import (
    ANONYMIZE,
    ARCHIVE,
    AUDIT_LOGS,
    CONVERSATIONS,
    DELETE,
    EXTENDED_AUDIT_LOGS,
    RESET_TOKENS,
    Rule,
    Stage,
)
from .retention_sql import OF_MESSAGES, SOURCES, Conditions, Held, differs

_NOW = "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00')"
_NAMED = "SELECT lower(email), lower(username) FROM users WHERE id::text = ANY (%s::text[])"
_NO_NAMES = names.Found((), (), ())
_MESSAGES = "messages"
_OF_MESSAGES = ("id", "conversation_id", "content", "created_at")
#: Tables that name conversations without a foreign key.
MENTIONS = ("domain_resources", "domain_group_resources")
_GROUPS = "SELECT name FROM user_groups WHERE name = ANY (%s::text[])"


def now(database: Database) -> str:
    """Return the time of the server, from which all ages of a run are counted."""
    return str(database.fetch(_NOW)[0][0])


def read_held(database: Database) -> Held:
    """Return what is on hold now."""
    ids: dict[str, set[str]] = {kind: set() for kind in holds.KINDS}
    for hold in holds.listed(database):
        ids[hold.kind].add(hold.id)
    users = sorted(ids[holds.USER])
    named = database.fetch(_NAMED, (users,)) if users else []
    return Held(
        frozenset(users),
        frozenset(ids[holds.CONVERSATION]),
        frozenset(ids[holds.ASSISTANT]),
        frozenset(email for email, _username in named),
        frozenset(username for _email, username in named),
    )


def platform_rules(database: Database) -> tuple[list[Rule], list[Rule], list[str]]:
    """Return the platform's enabled retention rules, as platform_retention.read does."""
    database.columns(platform_retention.TABLE, (*platform_retention.COLUMNS, "enabled"))
    selected = ", ".join(platform_retention.COLUMNS)
    statement = f"SELECT {selected} FROM {platform_retention.TABLE} WHERE enabled ORDER BY name"  # noqa: S608
    rows = [dict(zip(platform_retention.COLUMNS, row)) for row in database.fetch(statement)]
    labels: dict[str, set[str]] = {column: set() for column in platform_retention.CHOSEN_BY}
    for source in (SOURCES[AUDIT_LOGS], SOURCES[EXTENDED_AUDIT_LOGS]):
        columns = database.columns(source.table, platform_retention.CHOSEN_BY.values())
        for column, chosen in platform_retention.CHOSEN_BY.items():
            labels[column].update(columns[chosen].labels)
    return platform_retention.read(rows, labels)


def check(database: Database, stages: Sequence[Stage]) -> None:
    """Raise DatabaseError if a table, a column or a right is missing, or an unknown table refers to conversations."""
    kinds = {stage.rule.records for stage in stages}
    rights: dict[str, str] = {}
    for kind in kinds:
        table = SOURCES[kind].table
        database.columns(table, SOURCES[kind].columns)
        own = [stage for stage in stages if stage.rule.records == kind]
        deletes = kind != RESET_TOKENS and any(stage.action == DELETE or stage.moves for stage in own)
        rights[table] = "SELECT, UPDATE, DELETE" if deletes else "SELECT, UPDATE"
        if kind == CONVERSATIONS:
            database.columns(_MESSAGES, _OF_MESSAGES)
            rights[_MESSAGES] = rights[table]
            _refuse_unknown_references(database)
    missing = database.missing_rights(rights)
    if missing:
        raise DatabaseError(f"Cannot apply the rules of retention: {'; '.join(missing)}", hint="Nothing was changed.")


def _refuse_unknown_references(database: Database) -> None:
    expected = {(CONVERSATIONS, _MESSAGES)}
    found = {
        (table, reference.table) for table in (CONVERSATIONS, _MESSAGES) for reference in database.references(table)
    }
    unknown = [f"{child} refers to {table}" for table, child in sorted(found - expected)]
    if unknown:
        raise DatabaseError(
            f"Cannot delete conversations: {'; '.join(unknown)}, which this version of the collection does not know",
            hint="Nothing was changed. Use a version of the collection for this version of the platform.",
        )


def identified(database: Database, rules: Iterable[Rule]) -> tuple[list[Rule], list[str], list[str]]:
    """Return the rules with ids in the place of assistants and users, then the problems, then the warnings.

    A name that several have would let each user widen a rule with a look-alike: it is a problem. An exception that
    means no user, such as an erased one, keeps no record: it is a warning.
    """
    result, problems, warnings = [], [], []
    for rule in rules:
        assistants = names.assistants(database, rule.assistants) if rule.assistants else _NO_NAMES
        users = names.users(database, rule.except_users) if rule.except_users else _NO_NAMES
        found = [f"groups has {name}, which does not exist" for name in _unknown_groups(database, rule)]
        found += [f"assistants has {name}, which does not exist" for name in assistants.unknown]
        found += [f"assistants {problem}" for problem in assistants.problems]
        found += [f"except_users {problem}" for problem in users.problems]
        found += _unknown_events(database, rule)
        problems += [f"rule {rule.name}: {problem}" for problem in found]
        warnings += [
            f"rule {rule.name}: except_users has {name}, which is no user and keeps no record. Correct or remove it."
            for name in users.unknown
        ]
        result.append(replace(rule, assistants=assistants.ids, except_users=users.ids))
    return result, problems, warnings


def _unknown_groups(database: Database, rule: Rule) -> list[str]:
    known = {row[0] for row in database.fetch(_GROUPS, (list(rule.groups),))} if rule.groups else set()
    return [name for name in rule.groups if name not in known]


def _unknown_events(database: Database, rule: Rule) -> list[str]:
    if not rule.event_types:
        return []
    labels = database.columns(SOURCES[rule.records].table, ("event_type",))["event_type"].labels
    return [f"event_types has {name}. Allowed: {', '.join(labels)}" for name in rule.event_types if name not in labels]


def schema_revisions(database: Database) -> tuple[str, ...]:
    """Return the revisions of the schema, sorted; none without alembic's record."""
    stamped = database.fetch("SELECT to_regclass('alembic_version') IS NOT NULL")[0][0]
    return tuple(status.revisions(database)) if stamped else ()


def count(database: Database, conditions: Conditions, stages: Sequence[Stage]) -> tuple[int, list[tuple[int, int]]]:
    """Return all rows of the kind, and for each stage the rows that expired and those of them on hold."""
    counts = ["count(*)"]
    for stage in stages:
        expired = conditions.expired(stage)
        counts += [f"count(*) FILTER (WHERE {expired})", f"count(*) FILTER (WHERE {expired} AND {conditions.held})"]
    statement = f"SELECT {', '.join(counts)} FROM {conditions.rows}"  # noqa: S608 - texts of retention_sql
    row = [int(number) for number in database.fetch(statement, conditions.values)[0]]
    return row[0], list(zip(row[1::2], row[2::2]))


def choose(database: Database, conditions: Conditions, stage: Stage, limit: int) -> list[str]:
    """Return the ids of the rows that a stage takes, those first that were not used for longest."""
    statement = f"""
        SELECT r.id::text FROM {conditions.rows} WHERE {conditions.expired(stage)} AND NOT {conditions.held}
        ORDER BY {conditions.source.used_at}, r.id LIMIT %(limit)s
    """  # noqa: S608 - texts of retention_sql
    return [row[0] for row in database.fetch(statement, {**conditions.values, "limit": limit})]


def predict(database: Database, stage: Stage, ids: Sequence[str]) -> dict[str, int]:
    """Return the rows that a stage changes, by table, if it takes the rows with these ids."""
    counts = {SOURCES[stage.rule.records].table: len(ids)}
    if stage.rule.records != CONVERSATIONS or stage.action == ARCHIVE:
        return counts
    condition = differs(OF_MESSAGES) if stage.action == ANONYMIZE else "true"
    statement = f"""
        SELECT count(*) FROM messages JOIN unnest(%s::uuid[]) AS gone (gone_id) ON conversation_id = gone_id
        WHERE {condition}
    """  # noqa: S608 - a text of retention_sql
    counts[_MESSAGES] = int(database.fetch(statement, (list(ids),))[0][0])
    for table in mentions(database) if stage.action == DELETE else ():
        statement = f"SELECT count(*) FROM {table} WHERE resource_id = ANY (%s::text[])"  # noqa: S608 - MENTIONS
        counts[table] = int(database.fetch(statement, (list(ids),))[0][0])
    return counts


def mentions(database: Database) -> list[str]:
    """Return those of MENTIONS that exist."""
    statement = "SELECT name FROM unnest(%s::text[]) AS given (name) WHERE to_regclass(name) IS NOT NULL ORDER BY 1"
    return [row[0] for row in database.fetch(statement, (list(MENTIONS),))]
