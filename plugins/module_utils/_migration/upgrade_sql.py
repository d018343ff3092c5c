# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the statements of a revision's upgrade: what they create, and whether they only add to a schema.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re

TABLE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?([^\s(]+)", re.IGNORECASE)
COLUMN = re.compile(r"ALTER TABLE (?:ONLY )?(\S+) ADD COLUMN (?:IF NOT EXISTS )?(\S+)", re.IGNORECASE)
#: A further part of an ALTER TABLE, of which only the first is evaluated.
NEXT_PART = re.compile(r",\s*(?:ADD|DROP|ALTER|RENAME|VALIDATE|SET)\b", re.IGNORECASE)
_LEADING_COMMENTS = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)+", re.DOTALL)
#: Statements that concern a table, which an older version may ignore if the table is new.
_OF_TABLE = (
    re.compile(r"CREATE UNIQUE INDEX .*?\bON (?:ONLY )?([^\s(]+)", re.IGNORECASE | re.DOTALL),
    re.compile(r"ALTER TABLE (?:ONLY )?(?:IF EXISTS )?(\S+) ", re.IGNORECASE),
    re.compile(r"INSERT INTO ([^\s(]+)", re.IGNORECASE),
)
#: Statements that no version notices.
_UNNOTICED = re.compile(r"CREATE INDEX|CREATE TYPE|CREATE SEQUENCE|COMMENT ON", re.IGNORECASE)
_REQUIRED = re.compile(r"\bNOT NULL\b|\bPRIMARY KEY\b", re.IGNORECASE)
_FILLED = re.compile(r"\bDEFAULT\b|\bGENERATED\b|\b(?:BIG|SMALL)?SERIAL\b", re.IGNORECASE)


def statements(sql: str) -> list[str]:
    """Return the statements without their leading comments."""
    parts = [_LEADING_COMMENTS.sub("", f" {part}", count=1).strip() for part in re.split(r";\s*(?:\n|$)", sql)]
    return [part for part in parts if part]


def plain(name: str) -> str:
    """Return a name in SQL without its schema and quotes."""
    return name.rpartition(".")[2].strip('"')


def only_adds(sql: str | None) -> bool:
    """Return whether the version of the platform from before an upgrade can work with the schema after it.

    It can if the upgrade only creates tables, indexes and types, and adds columns that may be left out of an INSERT.
    ``sql`` is None if the statements are not known: then the answer is False.
    """
    if sql is None:
        return False
    found = statements(sql)
    new = {plain(match[1]) for match in map(TABLE.match, found) if match}
    return all(_adds(statement, new) for statement in found)


def _adds(statement: str, new: set[str]) -> bool:
    if TABLE.match(statement) or _UNNOTICED.match(statement):
        return True
    concerned = next((match for match in (pattern.match(statement) for pattern in _OF_TABLE) if match), None)
    if concerned and plain(concerned[1]) in new:
        return True
    if not COLUMN.match(statement) or NEXT_PART.search(statement):
        return False
    return not _REQUIRED.search(statement) or bool(_FILLED.search(statement))
