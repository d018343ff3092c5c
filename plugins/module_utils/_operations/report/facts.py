# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what a report is about: backups, secrets, overrides, tables and administrators. A part that fails is named.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from ..._backup.catalogue import Catalogue, Scope
from ..._backup.manifest import Manifest
from ..._core.errors import ConvosphereError
from ..._core.timestamps import format_time, parse_time
from ..._postgres import table_statistics
from ..._postgres.connection import Database
from ..._stack import overrides, secret_ages
from ..._users import user_queries

#: The number of tables in a report, the largest ones.
TABLES = 12
#: The period of the first report, which has no earlier one to continue from.
FIRST_PERIOD = timedelta(days=1)
#: A table that another session has locked, or a server that is too slow, must not keep the report from being written.
_LIMITS = "SELECT set_config('lock_timeout', '60s', false), set_config('statement_timeout', '300s', false)"
_ADMINS = """
SELECT email, lower(role::text) FROM users WHERE lower(role::text) IN ('admin', 'super_admin')
ORDER BY lower(email), id
"""


@dataclass
class Facts:
    """What was read. ``unread`` has the parts that could not be read, each with ``what`` and ``reason``."""

    backups: list[dict[str, Any]] = field(default_factory=list)
    secrets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    overrides: Sequence[Mapping[str, Any]] = ()
    database_bytes: int | None = None
    tables: Sequence[Mapping[str, Any]] = ()
    #: None if they are unknown.
    admins: Sequence[Mapping[str, str]] | None = None
    role_changes: Sequence[Mapping[str, Any]] = ()
    unread: list[dict[str, str]] = field(default_factory=list)


def read(params: Mapping[str, Any], previous: Mapping[str, Any] | None) -> Facts:
    """Return the facts. ``params`` are the options of convosphere_report, ``previous`` is the last report, if any."""
    facts = Facts()
    since = previous["ended"] if previous else format_time(parse_time(params["run"]["ended"]) - FIRST_PERIOD)
    source = Path(params["project_src"])
    for what, part in (
        ("the backups", lambda: _read_backups(facts, params)),
        ("the secrets", lambda: setattr(facts, "secrets", secret_ages.of_directory(source))),
        ("the overrides", lambda: setattr(facts, "overrides", overrides.of_directory(source))),
        ("the database", lambda: _read_database(facts, params, since)),
    ):
        _attempt(facts, what, part)
    return facts


def _attempt(facts: Facts, what: str, part: Callable[[], Any]) -> None:
    """Read one part. The report of a night is most needed if something is broken: the others are read nevertheless."""
    try:
        part()
    except ConvosphereError as error:
        facts.unread.append({"what": what, "reason": str(error)})


def _read_backups(facts: Facts, params: Mapping[str, Any]) -> None:
    directory = Path(params["backup_dir"])
    if not directory.is_dir():
        return
    scope, now = Scope(params["environment_name"], None), datetime.now(timezone.utc)
    for each in Catalogue(directory).read()[0]:
        if not scope.has(each.manifest):
            continue
        if each.is_from_future(now):  # it would be the newest one until that time has come, however old the others are
            at = format_time(each.manifest.created_at)
            reason = f"it is dated into the future, {at}: check the clock of the host"
            facts.unread.append({"what": f"the backup {each.manifest.id}", "reason": reason})
        else:
            facts.backups.append(_backup(each.manifest))


def _backup(manifest: Manifest) -> dict[str, Any]:
    document = manifest.to_dict()
    names = ("id", "label", "pinned", "created_at", "duration", "verified", "damaged_at", "not_loaded")
    return {
        **{name: document[name] for name in names},
        "bytes": manifest.size,
        "database_bytes": manifest.database.size if manifest.database else None,
        "proofs": list(document.get("proofs") or ()),
    }


def _read_database(facts: Facts, params: Mapping[str, Any], since: str) -> None:
    with closing(Database(params, read_only=True)) as database:
        database.fetch(_LIMITS)
        facts.database_bytes = database.fetch("SELECT pg_database_size(current_database())::bigint")[0][0]
        facts.tables = _largest(table_statistics.read(database))
        facts.admins = [{"email": email, "role": role} for email, role in database.fetch(_ADMINS)]
        facts.role_changes = user_queries.role_changes(database, since)


def _largest(tables: Sequence[table_statistics.Table]) -> list[dict[str, Any]]:
    measured = [table for table in tables if table.total_bytes is not None]
    measured.sort(key=lambda table: (-(table.total_bytes or 0), table.full_name))
    return [
        {
            "name": table.name if table.is_default_schema else table.full_name,
            "bytes": table.total_bytes,
            "index_bytes": table.index_bytes,
            "rows": table.rows()[0],
            "dead_ratio": table.dead_ratio,
        }
        for table in measured[:TABLES]
    ]
