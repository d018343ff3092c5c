# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Select messages and conversations by person, assistant, time and text, as SQL conditions with values.

Texts of messages are personal data. No condition has a value in it, and no index is made for one.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .._core.errors import DatabaseError, InputError
from .._core.timestamps import since as parse_since
from .._postgres import search_texts
from .._postgres.connection import Database
from . import names
from .names import Found

ROLES = ("user", "assistant", "system", "tool")
#: What selects conversations, for every module that reads some.
CONVERSATION_OPTIONS: dict[str, Any] = {
    "users": {"type": "list", "elements": "str", "aliases": ["user"]},
    "assistants": {"type": "list", "elements": "str", "aliases": ["assistant"]},
    "conversations": {"type": "list", "elements": "str", "aliases": ["conversation"]},
    "since": {"type": "str"},
    "until": {"type": "str"},
}
#: What selects single messages beside.
MESSAGE_OPTIONS: dict[str, Any] = {
    "words": {"type": "list", "elements": "str", "default": []},
    "regex": {"type": "str"},
    "roles": {"type": "list", "elements": "str", "choices": list(ROLES), "aliases": ["role"]},
}
#: What every module reads, beside the names of users, groups and assistants.
_TABLES = {
    "conversations": ("id", "user_id", "assistant_id", "created_at"),
    "messages": ("id", "conversation_id", "content", "role", "tokens_used", "model_used", "created_at"),
}
_INVALID_REGEX = "2201B"

_FIND_CONVERSATIONS = """
SELECT given.name, c.id::text, 0 FROM unnest(%(names)s::text[]) AS given (name)
JOIN conversations c ON c.id = given.name::uuid
"""


@dataclass(frozen=True)
class Selection:
    """What is selected. None selects all. The members of one field are alternatives; all fields must match.

    The aliases in the conditions are ``m`` for messages and ``c`` for conversations.
    """

    #: Ids.
    users: tuple[str, ...] | None = None
    assistants: tuple[str, ...] | None = None
    conversations: tuple[str, ...] | None = None
    #: The period of messages, from the first timestamp up to, and without, the second.
    since: datetime | None = None
    until: datetime | None = None
    roles: tuple[str, ...] | None = None
    #: Every one of them is somewhere in the text, in any case of letters.
    words: tuple[str, ...] = ()
    #: A regular expression of PostgreSQL.
    regex: str | None = None

    @property
    def is_bounded(self) -> bool:
        """Whether a period, a person, an assistant or a conversation bounds what is read."""
        return any(each is not None for each in (self.users, self.assistants, self.conversations, self.since))

    def of_messages(self) -> tuple[str, dict[str, Any]]:
        """Return the condition of single messages, and its values."""
        parts, values = self._of_owner()
        parts += _period(self, "m.created_at")
        if self.roles is not None:
            parts.append("lower(m.role::text) = ANY (%(roles)s::text[])")
            values["roles"] = list(self.roles)
        for number, word in enumerate(self.words):
            parts.append(f"m.content ILIKE %(word_{number})s")
            values[f"word_{number}"] = search_texts.containing(word)
        if self.regex is not None:
            parts.append("m.content ~ %(regex)s")
            values["regex"] = self.regex
        return " AND ".join(parts) or "true", {**values, "since": self.since, "until": self.until}

    def of_conversations(self) -> tuple[str, dict[str, Any]]:
        """Return the condition of whole conversations: begun in the period, or with a message in it."""
        parts, values = self._of_owner()
        begun = " AND ".join(_period(self, "c.created_at"))
        if begun:
            written = " AND ".join(_period(self, "m.created_at"))
            parts.append(f"({begun} OR c.id IN (SELECT m.conversation_id FROM messages m WHERE {written}))")  # noqa: S608
        return " AND ".join(parts) or "true", {**values, "since": self.since, "until": self.until}

    def _of_owner(self) -> tuple[list[str], dict[str, Any]]:
        columns = {"users": "c.user_id", "assistants": "c.assistant_id", "conversations": "c.id"}
        given = {name: getattr(self, name) for name in columns if getattr(self, name) is not None}
        parts = [f"{columns[name]} = ANY (%({name})s::uuid[])" for name in given]
        return parts, {name: list(ids) for name, ids in given.items()}


def refuse_other_tables(database: Database) -> None:
    """Raise DatabaseError if the database has not the platform's tables, or lacks a column that is read."""
    for table, columns in _TABLES.items():
        database.columns(table, columns)


def read(database: Database, params: Mapping[str, Any], now: datetime) -> Selection:
    """Return the selection of the options of a module. Names become ids. Raises InputError with all problems."""
    problems: list[str] = []
    period = {name: _time(name, params.get(name), now, problems) for name in ("since", "until")}
    if period["since"] and period["until"] and period["since"] >= period["until"]:
        problems.append(f"since, {params['since']}, is not before until, {params['until']}")
    problems += [
        f"conversations: '{each}' is no UUID"
        for each in params.get("conversations") or ()
        if not search_texts.is_uuid(each)
    ]
    if problems:
        raise InputError.of(problems)
    users = _ids(database, "users", params, names.users, "user with this e-mail, username or id", problems)
    assistants = _ids(database, "assistants", params, names.assistants, "assistant of this name or id", problems)
    conversations = _ids(database, "conversations", params, _conversations, "such conversation", problems)
    if params.get("regex"):
        problems += _regex_problems(database, params["regex"])
    if problems:
        raise InputError.of(problems)
    roles = params.get("roles")
    return Selection(
        users,
        assistants,
        conversations,
        **period,
        roles=tuple(roles) if roles is not None else None,
        words=tuple(params.get("words") or ()),
        regex=params.get("regex"),
    )


def _time(name: str, text: str | None, now: datetime, problems: list[str]) -> datetime | None:
    if not text:
        return None
    try:
        return parse_since(name, text, now)
    except InputError as error:
        problems.append(str(error))
        return None


def _ids(
    database: Database,
    option: str,
    params: Mapping[str, Any],
    find: Callable[[Database, Sequence[str]], Found],
    meaning: str,
    problems: list[str],
) -> tuple[str, ...] | None:
    given: Sequence[str] | None = params.get(option)
    if given is None:
        return None
    found = find(database, given)
    problems += [f"{option}: '{name}' is no {meaning}" for name in found.unknown]
    problems += [f"{option} {problem}" for problem in found.problems]
    return found.ids


def _conversations(database: Database, given: Sequence[str]) -> Found:
    return names.choose(given, database.fetch(_FIND_CONVERSATIONS, {"names": list(given)}), "conversations")


def _regex_problems(database: Database, regex: str) -> list[str]:
    """Have the server compile the expression before it reads any message."""
    try:
        database.fetch("SELECT '' ~ %s", (regex,))
    except DatabaseError as error:
        if error.details.get("sqlstate") != _INVALID_REGEX:
            raise
        database.rollback()
        reason = error.message.partition("regular expression: ")[2].partition(" [SQLSTATE")[0]
        return [f"regex is no regular expression of PostgreSQL: {reason or error.message}"]
    return []


def _period(selection: Selection, column: str) -> list[str]:
    since = [f"{column} >= %(since)s"] if selection.since else []
    return [*since, f"{column} < %(until)s"] if selection.until else since
