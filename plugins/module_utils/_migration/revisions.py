# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Order the revisions of the code as a graph, and find which of their effects a database has.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .alembic_client import Revision, heads
from .upgrade_sql import COLUMN, NEXT_PART, TABLE, plain, statements

#: Statements that belong to a table or column, and have been run if it exists.
_ACCESSORY = re.compile(r"(CREATE (UNIQUE )?INDEX|CREATE TYPE|COMMENT ON)", re.IGNORECASE)


@dataclass(frozen=True)
class CurrentSchema:
    """The columns of each table of a database but alembic_version, and alembic's record.

    ``stamps`` is None without the table alembic_version, ``width`` also without a limit.
    """

    tables: Mapping[str, frozenset[str]]
    stamps: tuple[str, ...] | None = None
    width: int | None = None


@dataclass(frozen=True)
class Effect:
    """The tables that a revision creates, the columns that it adds to others, and whether it does anything else."""

    tables: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    more: bool = False

    @classmethod
    def of(cls, sql: str) -> Effect:
        """Read the effect from the statements of an upgrade."""
        found = statements(sql)
        tables = [plain(match[1]) for match in map(TABLE.match, found) if match]
        added = [(plain(match[1]), plain(match[2])) for match in map(COLUMN.match, found) if match]
        known = (TABLE, COLUMN, _ACCESSORY)
        more = any(not any(pattern.match(statement) for pattern in known) for statement in found)
        more = more or any(COLUMN.match(part) and NEXT_PART.search(part) for part in found)
        return cls(tuple(tables), tuple(pair for pair in added if pair[0] not in tables), more)

    @property
    def shows(self) -> bool:
        """Whether the whole effect can be seen in a database."""
        return bool(self.tables or self.columns) and not self.more

    def concerns(self, current: CurrentSchema) -> bool:
        """Return whether a table that it creates or changes exists."""
        return any(table in current.tables for table in (*self.tables, *(table for table, _column in self.columns)))

    def divide(self, current: CurrentSchema) -> tuple[list[str], list[str], list[str]]:
        """Return what exists, which columns are missing in existing tables, and what else is missing."""
        existing = [f"table {table}" for table in self.tables if table in current.tables]
        existing += [f"column {_dotted(pair)}" for pair in self.columns if pair[1] in current.tables.get(pair[0], ())]
        lacking = [pair for pair in self.columns if pair[1] not in current.tables.get(pair[0], ())]
        columns = [f"column {_dotted(pair)}" for pair in lacking if pair[0] in current.tables]
        others = [f"table {table}" for table in self.tables if table not in current.tables]
        others += [f"column {_dotted(pair)}" for pair in lacking if pair[0] not in current.tables]
        return existing, columns, others


@dataclass
class Code:
    """The revisions of one version of the platform, as a graph."""

    revisions: Sequence[Revision]
    by_id: dict[str, Revision] = field(init=False)

    def __post_init__(self) -> None:
        self.by_id = {revision.id: revision for revision in self.revisions}

    @property
    def heads(self) -> list[str]:
        """The heads of the revisions, sorted."""
        return heads(self.revisions)

    def closure(self, ids: Iterable[str]) -> set[str]:
        """Return ``ids`` and all revisions that they need."""
        found: set[str] = set()
        waiting = [name for name in ids if name in self.by_id]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                revision = self.by_id[name]
                waiting += [each for each in (*revision.down, *revision.depends_on) if each in self.by_id]
        return found

    def tips(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Return those of ``ids`` that no other one needs, sorted, as alembic_version has them."""
        wanted = set(ids)
        return tuple(heads([self.by_id[name] for name in wanted]))

    def ordered(self, ids: Iterable[str]) -> list[Revision]:
        """Sort ``ids`` so that each comes after all that it needs, and branches stay together."""
        wanted, done = set(ids), list[str]()

        def visit(name: str) -> None:
            if name in wanted and name not in done:
                for before in sorted((*self.by_id[name].down, *self.by_id[name].depends_on)):
                    visit(before)
                done.append(name)

        for name in sorted(wanted):
            visit(name)
        return [self.by_id[name] for name in done]


def _dotted(pair: tuple[str, str]) -> str:
    return ".".join(pair)
