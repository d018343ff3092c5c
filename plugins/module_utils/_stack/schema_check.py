# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check by the record of the release that the database is at the revisions which the backend needs.

Costs one query and no container. Apart from ``releases``, because that is used without PostgreSQL too.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core.errors import ConvosphereError
from .._engine import project
from .._host import served_release
from .._postgres.connection import Database
from . import state

if TYPE_CHECKING:
    from docker import DockerClient

VERSION_TABLE = "alembic_version"
_TABLES = (
    "SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')"
)


def find(client: DockerClient | None, params: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the schema of the release that serves, if it is that of ``schema_image`` and the database is at it.

    Return None in every other case, also if the database cannot be queried: convosphere_db_migration finds out.
    """
    schema: Mapping[str, Any] | None = (served_release.current(Path(params["project_src"]) / "releases") or {}).get(
        "schema"
    )
    if client is None or not schema or schema.get("image_id") != state.image_id(client, params["schema_image"]):
        return None
    return schema if read_revisions(client, params) in _accepted(schema) else None


def read_revisions(client: DockerClient, params: Mapping[str, Any]) -> list[str] | None:
    """Return the revisions in alembic's record; None if there is no record or the database cannot be queried."""
    try:
        with closing(Database(project.published_login(client, params), read_only=True)) as database:
            return _revisions(database)
    except ConvosphereError:
        return None


def _accepted(schema: Mapping[str, Any]) -> list[list[str]]:
    """Return the revisions that the database may be at: those of the code, and after a rollback those that only add."""
    return [sorted(schema.get("heads") or []), *([sorted(schema["database"])] if schema.get("database") else [])]


def _revisions(database: Database) -> list[str] | None:
    # The stack is locked meanwhile. convosphere_db_migration reports the session that locks the table for longer.
    database.execute("SET lock_timeout = '5s'", step="bound the wait for a lock")
    tables = {row[0] for row in database.fetch(_TABLES)}
    if not {VERSION_TABLE} < tables:  # without any other table it describes no schema
        return None
    return sorted(row[0] for row in database.fetch(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 - a constant
