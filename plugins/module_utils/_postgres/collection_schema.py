# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep tables of the collection in a schema of their own, beside those of the platform.

Backups contain the schema, like every other of the database. Alembic and the comparison of schemas do not look into it.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from .connection import Database, quoted_identifier

SCHEMA = "convosphere_platform"
_HAS_TABLE = "SELECT to_regclass(%s) IS NOT NULL"
_COLUMNS = """
SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
"""
_MAY_CREATE = """
SELECT CASE WHEN to_regnamespace(%(schema)s) IS NULL
    THEN has_database_privilege(current_database(), 'CREATE')
    ELSE has_schema_privilege(%(schema)s, 'CREATE') END, current_user::text, current_database()::text
"""


def qualified(table: str) -> str:
    """Return the SQL identifier of a table of the schema."""
    return f"{quoted_identifier(SCHEMA)}.{quoted_identifier(table)}"


def has_table(database: Database, table: str) -> bool:
    """Return whether the table exists. Without it nothing was recorded yet."""
    return bool(database.fetch(_HAS_TABLE, (qualified(table),))[0][0])


def columns(database: Database, table: str) -> set[str]:
    """Return the names of the columns of a table; none without it."""
    return {row[0] for row in database.fetch(_COLUMNS, (qualified(table),))}


def refuse_missing_rights(database: Database, table: str) -> list[str]:
    """Return a problem if the table does not exist and the database role may not create it."""
    if has_table(database, table):
        return []
    allowed, role, name = database.fetch(_MAY_CREATE, {"schema": SCHEMA})[0]
    if allowed:
        return []
    return [f"the database role {role} has no right to create the table {SCHEMA}.{table} in database {name}"]


def ensure_table(database: Database, table: str, columns: str) -> None:
    """Create the schema and the table unless they exist, in the current transaction, which the caller commits.

    ``columns`` is the body of CREATE TABLE, for example ``id uuid PRIMARY KEY, created_at timestamptz NOT NULL``.
    """
    if has_table(database, table):
        return
    database.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted_identifier(SCHEMA)}", step=f"create the schema {SCHEMA}")
    database.execute(f"CREATE TABLE IF NOT EXISTS {qualified(table)} ({columns})", step=f"create the table {table}")
