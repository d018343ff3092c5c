# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the database allows and REST cannot show: a value in one column, and what the owner's list answers then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from support.content_routes import Ask
from support.content_rows import ROWS

#: Runs one statement with values.
Run = Callable[..., Any]


@dataclass(frozen=True)
class Odd:
    """A value in a column of the newest row of a table, and the status of a route for the owner of the rows."""

    table: str
    column: str
    value: Any
    status: int
    path: str


def _each(table: str, path: str, column: str, good: tuple[Any, ...] = (), bad: tuple[Any, ...] = ()) -> Iterator[Odd]:
    for status, values in ((200, good), (500, bad)):
        for value in values:
            yield Odd(table, column, value, status, path)


def _assistants() -> Iterator[Odd]:
    for column in ("description", "personality", "instructions", "category", "assistant_metadata"):
        yield Odd("assistants", column, None, 200, "/assistants/")
    yield Odd("assistants", "version", None, 500, "/assistants/")
    for column, good, bad in (
        ("temperature", ("0.70", "1", " 0.7 ", "2.5"), (None, "abc", "0,7", "", "NaN", "inf")),
        ("max_tokens", ("4096.0", " 100 ", "0", "-1"), (None, "4096.5", "8k", "")),
        ("tags", ("[]",), (None, "{}", '["a", 1]', '"a"')),
        ("tools_config", ("[]", "[{}]"), (None, "{}", '["x"]', "[[]]")),
        ("name", ("",), ()),
        ("system_prompt", ("",), ()),
    ):
        yield from _each("assistants", "/assistants/", column, good, bad)


def _tools() -> Iterator[Odd]:
    for column, good, bad in (
        ("version", (), (None,)),
        ("required_permissions", ("[]",), (None, "{}", "[1]")),
        ("tags", ("[]",), (None, "{}", "[1]")),
        ("tool_metadata", ("{}",), (None, "[]")),
        ("parameters_schema", (None, "{}"), ("[]", '"x"')),
        ("creator_id", (None,), ()),
    ):
        yield from _each("tools", "/tools/", column, good, bad)


def _settings() -> Iterator[Odd]:
    for column, low, high in (
        ("chunk_size", 100, 2000),
        ("chunk_overlap", 0, 500),
        ("max_file_size", 1024**2, 100 * 1024**2),
        ("processing_timeout", 60, 3600),
        ("batch_size", 1, 100),
        ("cache_expiry", 60, 86400),
    ):
        yield from _each("knowledge_settings", "/knowledge/settings", column, (low, high), (low - 1, high + 1))


def _domain_groups() -> Iterator[Odd]:
    for column, good, bad in (
        ("tags", (None, "[]"), ("{}", '["a", 1]')),
        ("permissions", (None, "[]"), ("{}", "[1]")),
        ("settings", (None, "{}"), ("[]",)),
        ("created_at", (), (None,)),
        ("description", (None, ""), ("x" * 2001,)),
    ):
        yield from _each("domain_groups", "/domain-groups/", column, good, bad)


def _conversations() -> Iterator[Odd]:
    for column, good, bad in (
        ("title", ("(erased)",), ("", " ")),
        ("description", (None,), ("", "x" * 2001)),
        ("conversation_metadata", (None, "{}"), ("[]",)),
        ("message_count", (0,), (-1,)),
        ("total_tokens", (0,), (-1,)),
        ("updated_at", (None,), ()),
    ):
        yield from _each("conversations", "/conversations/", column, good, bad)
    yield from _each("conversations", "/chat/conversations", "updated_at", (), (None,))


ODD = (*_assistants(), *_tools(), *_settings(), *_domain_groups(), *_conversations())


def compare(ask: Ask, run: Run) -> list[str]:
    """Write each value, ask, and write the former one again; return how the answers differ from the table."""
    differing = []
    for odd in ODD:
        row = ROWS[odd.table][-1]["id"]
        ((before,),) = run(f"SELECT {odd.column}::text FROM {odd.table} WHERE id = %s", row)  # noqa: S608 - this file
        write = f"UPDATE {odd.table} SET {odd.column} = %s WHERE id = %s"  # noqa: S608 - names of this file
        run(write, odd.value, row)
        status, _body = ask("owner", "GET", odd.path, None)
        run(write, before, row)
        if status != odd.status:
            value = repr(odd.value)[:40]
            differing.append(f"{odd.path} with {odd.column} = {value}: {status} instead of {odd.status}")
    return differing
