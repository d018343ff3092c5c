# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create indexes on foreign keys for the time of a large deletion, and drop them afterwards.

The platform's foreign keys have no indexes, so that PostgreSQL reads a whole table for each deleted row that the table
could refer to.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from .._core.errors import DatabaseError
from .._postgres.connection import Database, quoted_identifier

#: The beginning of the names, by which a later run recognises what an interrupted one left.
PREFIX = "convosphere_temporary_"
#: A table with fewer bytes is read as fast as an index of it.
SMALL_BYTES = 1024 * 1024
#: The seconds to wait for a lock. Meanwhile other sessions wait for this one, so it is short.
LOCK_SECONDS = 2
_NAME_BYTES = 63
#: Whether an index would be of use, and whether this role may create it, by table and column.
_NEEDED = """
SELECT needed.name, needed.attribute FROM unnest(%(tables)s::text[], %(columns)s::text[]) AS needed (name, attribute)
JOIN pg_class c ON c.oid = to_regclass(needed.name)
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = needed.attribute AND NOT a.attisdropped
WHERE pg_relation_size(c.oid) >= %(bytes)s AND pg_has_role(c.relowner, 'USAGE') AND NOT EXISTS (
    SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indkey[0] = a.attnum AND i.indisvalid AND i.indpred IS NULL
)
"""
_LEFT = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'i' AND starts_with(c.relname, %s) ORDER BY 1, 2
"""


def needed(database: Database, columns: Iterable[tuple[str, str]], least: int = SMALL_BYTES) -> list[tuple[str, str]]:
    """Return those (table, column) that have no index, and of which the table has at least ``least`` bytes.

    A table of which the role of the connection is not the owner is left out: it may not create an index there.
    """
    pairs = list(columns)
    tables, names = [table for table, _name in pairs], [name for _table, name in pairs]
    return list(database.fetch(_NEEDED, {"tables": tables, "columns": names, "bytes": least}))


@contextmanager
def present(
    database: Database,
    columns: Sequence[tuple[str, str]],
    warn: Callable[[str], None],
    lock_seconds: int = LOCK_SECONDS,
) -> Iterator[None]:
    """Have an index on each (table, column) in the block, and drop all temporary indexes at its end, also after errors.

    The caller has no open transaction, before and after. An index that cannot be created because of a lock is done
    without, and one that cannot be dropped stays for the next run; ``warn`` gets a sentence about both.
    """
    try:
        for table, column in columns:
            _create(database, table, column, warn, lock_seconds)
        yield
    finally:
        database.rollback()
        for schema, name in left(database):
            _drop(database, f"{quoted_identifier(schema)}.{quoted_identifier(name)}", warn, lock_seconds)


def left(database: Database) -> list[tuple[str, str]]:
    """Return the schema and the name of each temporary index that exists."""
    rows: list[tuple[str, str]] = database.fetch(_LEFT, (PREFIX,))
    database.rollback()
    return rows


def name_of(table: str, column: str) -> str:
    """Return the name of the temporary index on a column, short enough for PostgreSQL."""
    name = f"{PREFIX}{table}_{column}"
    if len(name.encode()) <= _NAME_BYTES:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name.encode()[: _NAME_BYTES - 9].decode(errors='ignore')}_{digest}"


def _create(database: Database, table: str, column: str, warn: Callable[[str], None], seconds: int) -> None:
    statement = (
        f"CREATE INDEX IF NOT EXISTS {quoted_identifier(name_of(table, column))} ON {quoted_identifier(table)} "
        f"({quoted_identifier(column)})"
    )
    try:
        _with_timeout(database, statement, seconds, f"create a temporary index on {table}.{column}")
    except DatabaseError as error:
        warn(f"{error.message.rstrip('.')}. The run continues without this index, and may take longer")


def _drop(database: Database, index: str, warn: Callable[[str], None], seconds: int) -> None:
    try:
        _with_timeout(database, f"DROP INDEX IF EXISTS {index}", seconds, f"drop the temporary index {index}")
    except DatabaseError as error:
        warn(f"{error.message.rstrip('.')}. The next run that deletes rows drops it, or: DROP INDEX {index}")


def _with_timeout(database: Database, statement: str, seconds: int, step: str) -> None:
    try:
        database.execute(f"SET LOCAL lock_timeout = '{int(seconds)}s'", step=step)
        database.execute(statement, step=step)
        database.commit()
    except DatabaseError:
        database.rollback()
        raise
