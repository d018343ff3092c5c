# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the conditions by which retention chooses rows. Pure: texts and values, no input or output.

Every condition is true or false, never NULL, so that NOT turns it into its opposite. The alias of the table is r.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .retention_rules import (
    ANONYMIZE,
    ARCHIVE,
    AUDIT_LOGS,
    CONVERSATIONS,
    EXTENDED_AUDIT_LOGS,
    RESET_TOKENS,
    SEARCH_QUERIES,
    Rule,
    Stage,
)

#: What anonymised texts say that must not be empty.
ERASED = "(erased)"
#: The messages of the rows of a batch only, which PostgreSQL would not find out from the join.
_OF_BATCH = "conversation_id = ANY (%(batch)s::uuid[])"
_LAST_MESSAGES = """LEFT JOIN (SELECT conversation_id, max(created_at) AS last FROM messages WHERE {0}
    GROUP BY conversation_id) m ON m.conversation_id = r.id"""


@dataclass(frozen=True)
class Source:
    """A table, when its rows were last used, and what an anonymised row has: columns with their values."""

    table: str
    columns: tuple[str, ...]
    used_at: str
    joined: str = ""
    condition: str = "true"
    anonymous: tuple[tuple[str, str], ...] = ()
    #: A further sign that a row is not anonymised yet.
    plain: str = "false"
    #: What may name a user without an id, and the name that was given to log in.
    texts: str = ""
    login: str = ""


_NULL = "NULL"
_PERSONAL = tuple((name, _NULL) for name in ("user_id", "session_id", "ip_address", "user_agent"))
_OF_AUDIT = (("description", f"'{ERASED}'"), ("details", _NULL))
_OF_EXTENDED = tuple((name, _NULL) for name in ("username", "error_message", "context", "audit_metadata"))
_OF_CONVERSATIONS = (("title", f"'{ERASED}'"), ("description", _NULL), ("conversation_metadata", _NULL))
OF_MESSAGES = (
    ("content", f"'{ERASED}'"),
    *((name, _NULL) for name in ("tool_input", "tool_output", "message_metadata")),
)


def assignments(columns: Sequence[tuple[str, str]]) -> str:
    """Return the SET clause for columns with their values."""
    return ", ".join(f"{name} = {value}" for name, value in columns)


def differs(columns: Sequence[tuple[str, str]], alias: str = "") -> str:
    """Return the condition for rows that do not have these values yet."""
    return " OR ".join(f"{alias}{name} IS DISTINCT FROM {value}" for name, value in columns)


_PLAIN_MESSAGES = f"r.id IN (SELECT conversation_id FROM messages WHERE {{0}} AND ({differs(OF_MESSAGES)}))"  # noqa: S608
SOURCES: Mapping[str, Source] = {
    CONVERSATIONS: Source(
        "conversations",
        ("id", "user_id", "assistant_id", "is_archived", "updated_at", "created_at"),
        "coalesce(m.last, r.updated_at, r.created_at)",
        joined=_LAST_MESSAGES,
        anonymous=_OF_CONVERSATIONS,
        plain=_PLAIN_MESSAGES,
    ),
    # The platform stores UTC without its zone.
    SEARCH_QUERIES: Source("search_queries", ("id", "user_id", "created_at"), "r.created_at AT TIME ZONE 'UTC'"),
    AUDIT_LOGS: Source(
        "audit_logs",
        ("id", "user_id", "event_type", "created_at"),
        "r.created_at",
        anonymous=_PERSONAL + _OF_AUDIT,
        texts="r.description, r.details",
        login="r.details ->> 'identifier'",
    ),
    EXTENDED_AUDIT_LOGS: Source(
        "extended_audit_logs",
        ("id", "user_id", "event_type", "timestamp", "legal_hold"),
        'r."timestamp"',
        anonymous=_PERSONAL + _OF_EXTENDED,
        texts="r.username, r.error_message, r.context, r.audit_metadata",
        login="r.username",
    ),
    RESET_TOKENS: Source(
        "users",
        ("id", "password_reset_token", "password_reset_expires_at"),
        "r.password_reset_expires_at",
        condition="r.password_reset_token IS NOT NULL",
    ),
}
_IN_GROUPS = """r.user_id IN (SELECT a.user_id FROM user_group_association a JOIN user_groups g ON g.id = a.group_id
    WHERE g.name = ANY (%(groups_{0})s::text[]))"""
_IS_EXCEPTED = "coalesce(r.user_id = ANY (%(except_users_{0})s::uuid[]), false)"
_HAS_ASSISTANT = "r.assistant_id = ANY (%(assistants_{0})s::uuid[])"


_NAMES_USER = """EXISTS (SELECT FROM unnest(%(held_emails)s::text[]) AS named (email)
    WHERE position(named.email IN lower(concat_ws(' ', {0}))) > 0)
    OR coalesce(lower({1}) = ANY (%(held_usernames)s::text[]), false)"""


@dataclass(frozen=True)
class Held:
    """The ids of users, conversations and assistants that are on hold, and how audit rows name these users."""

    users: frozenset[str] = frozenset()
    conversations: frozenset[str] = frozenset()
    assistants: frozenset[str] = frozenset()
    #: In lower case. An email counts anywhere in a text; a user name, which may be a word of it, only as a whole.
    emails: frozenset[str] = frozenset()
    usernames: frozenset[str] = frozenset()


class Conditions:
    """The conditions of one run for the records of one kind, and the values of all of them.

    With ``batch``, a list of ids, they are about these rows only.
    """

    def __init__(
        self, rules: Sequence[Rule], records: str, held: Held, now: str, batch: Sequence[str] | None = None
    ) -> None:
        self.source = SOURCES[records]
        self.batch = batch
        self.records = records
        self.rules = [rule for rule in rules if rule.records == records]
        self.values: dict[str, Any] = {"now": now, "held_users": sorted(held.users)}
        if records == CONVERSATIONS:
            self.values["held_conversations"] = sorted(held.conversations)
            self.values["held_assistants"] = sorted(held.assistants)
        if self.source.texts:
            self.values["held_emails"] = sorted(held.emails)
            self.values["held_usernames"] = sorted(held.usernames)
        if batch is not None:
            self.values["batch"] = list(batch)
        for index, rule in enumerate(self.rules):
            self.values.update(_values(index, rule))

    @property
    def rows(self) -> str:
        """The FROM clause."""
        return f"{self.source.table} r {self.source.joined.format(self._messages)}"

    @property
    def _messages(self) -> str:
        return "true" if self.batch is None else _OF_BATCH

    def expired(self, stage: Stage) -> str:
        """Return the condition for the rows that a stage is about, those on hold among them."""
        index = self.rules.index(stage.rule)
        earlier = [f"NOT ({_scope(number, rule)})" for number, rule in enumerate(self.rules[:index])]
        parts = [self.source.condition, _scope(index, stage.rule), *earlier, self._aged(index, stage)]
        if self.batch is not None:
            parts.append("r.id = ANY (%(batch)s::uuid[])")
        return " AND ".join(f"({part})" for part in parts)

    @property
    def held(self) -> str:
        """The condition for rows on hold."""
        if self.records == RESET_TOKENS:
            return "false"
        text = "coalesce(r.user_id::text = ANY (%(held_users)s::text[]), false)"
        if self.records == CONVERSATIONS:
            text += " OR r.id::text = ANY (%(held_conversations)s::text[])"
            text += " OR r.assistant_id::text = ANY (%(held_assistants)s::text[])"
        if self.records == EXTENDED_AUDIT_LOGS:
            text += " OR r.legal_hold"
        if self.source.texts and self.values["held_users"]:
            text += f" OR {_NAMES_USER.format(self.source.texts, self.source.login)}"
        return f"({text})"

    def _aged(self, index: int, stage: Stage) -> str:
        limit = f"%(now)s::timestamptz - make_interval(days => %(older_than_{index})s)"
        if stage.archived_for is not None:
            # The archiving itself changed updated_at, which therefore says nothing of the last use any more.
            archived = f"%(now)s::timestamptz - make_interval(days => %(delete_after_{index})s)"
            used = "coalesce(m.last, r.created_at)"
            return f"r.is_archived AND coalesce(r.updated_at, r.created_at) < {archived} AND {used} < {limit}"
        aged = f"coalesce({self.source.used_at} < {limit}, false)"
        if stage.action == ARCHIVE and not stage.moves:
            return f"{aged} AND NOT r.is_archived"
        if stage.action == ANONYMIZE:
            return f"{aged} AND ({self._plain()})"
        return aged

    def _plain(self) -> str:
        """Return the condition for rows that are not anonymised yet: only those are written."""
        return f"{differs(self.source.anonymous, 'r.')} OR {self.source.plain.format(self._messages)}"


def _scope(index: int, rule: Rule) -> str:
    """Return the condition for the rows of any age that a rule is about."""
    parts = []
    if rule.groups:
        parts.append(f"coalesce({_IN_GROUPS.format(index)}, false)")
    if rule.assistants:
        parts.append(_HAS_ASSISTANT.format(index))
    if rule.except_users:
        parts.append(f"NOT {_IS_EXCEPTED.format(index)}")
    if rule.event_types:
        parts.append(f"r.event_type::text = ANY (%(event_types_{index})s::text[])")
    if rule.severities:
        parts.append(f"r.severity::text = ANY (%(severities_{index})s::text[])")
    return " AND ".join(parts) or "true"


def _values(index: int, rule: Rule) -> dict[str, Any]:
    return {
        f"older_than_{index}": rule.older_than,
        f"delete_after_{index}": rule.delete_after,
        f"groups_{index}": list(rule.groups),
        f"assistants_{index}": list(rule.assistants),
        f"except_users_{index}": list(rule.except_users),
        f"event_types_{index}": list(rule.event_types),
        f"severities_{index}": list(rule.severities),
    }
