# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write rows of the platform's audit trail: each change, its actor and its run.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._core.errors import DatabaseError
from .._core.plan import CREATE, DELETE, UPDATE, Change
from .._core.redaction import shown
from .._postgres.catalog import Column
from .._postgres.connection import Database

AUDIT_OPTIONS: dict[str, Any] = {"audit_actor": {"type": "str"}, "audit_run": {"type": "str"}}

COLUMNS = (
    "id", "event_type", "severity", "session_id", "user_agent", "resource_type", "resource_id", "description",
    "details",
)  # fmt: skip
#: The platform has no labels for events of other kinds: those of users are used.
_EVENTS = {CREATE: "USER_REGISTER", UPDATE: "USER_UPDATE", DELETE: "USER_DELETE"}
_EVENTS_OF = {
    kind: {CREATE: f"{kind}_CREATE".upper(), UPDATE: f"{kind}_UPDATE".upper(), DELETE: f"{kind}_DELETE".upper()}
    for kind in ("assistant", "tool")
}
#: By which its rows are recognised.
USER_AGENT = "convosphere.platform"
_VERBS = {CREATE: "Created", UPDATE: "Updated", DELETE: "Deleted"}
_SEVERITY = {CREATE: "INFO", UPDATE: "INFO", DELETE: "WARNING"}


class Trail:
    """The audit trail of one run. ``kind`` is the type of the changed objects: user, user_group, assistant."""

    def __init__(self, database: Database, params: Mapping[str, Any], kind: str) -> None:
        self.database = database
        self.kind = kind
        self.events = _EVENTS_OF.get(kind, _EVENTS)
        self.actor = params["audit_actor"] or default_actor()
        self.run = params["audit_run"] or str(uuid.uuid4())

    def check(self) -> None:
        """Raise DatabaseError if the table lacks columns or labels, before anything is changed."""
        columns: Mapping[str, Column] = self.database.columns("audit_logs", COLUMNS)
        for name, labels in (("event_type", self.events.values()), ("severity", _SEVERITY.values())):
            missing = sorted(set(labels) - set(columns[name].labels))
            if missing:
                raise DatabaseError(f"The column {name} of table audit_logs has no label {', '.join(missing)}")

    def write(self, changes: Iterable[tuple[Change, str]]) -> None:
        """Write one row for each change and the id of the changed object; secrets are hidden as in a diff."""
        self.database.insert("audit_logs", self._rows(changes), COLUMNS)

    def _rows(self, changes: Iterable[tuple[Change, str]]) -> Iterator[dict[str, Any]]:
        for change, identifier in changes:
            yield {
                "id": str(uuid.uuid4()),
                "event_type": self.events[change.action],
                "severity": _SEVERITY[change.action],
                "session_id": self.run[:255],
                "user_agent": USER_AGENT,
                "resource_type": self.kind,
                "resource_id": identifier,
                "description": f"{_VERBS[change.action]} {self.kind} {change.name} by {self.actor}",
                "details": {
                    "actor": self.actor,
                    "run": self.run,
                    "name": change.name,
                    "before": shown(change.before),
                    "after": shown(change.after),
                },
            }


def default_actor() -> str:
    """Return the user and the host that run this; with sudo, the user that called it."""
    return f"{os.environ.get('SUDO_USER') or os.environ.get('USER') or os.getuid()}@{socket.gethostname()}"


_WRITTEN = """
SELECT run, at, description, total FROM (
  SELECT coalesce(session_id, '') AS run, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at,
         description, count(*) OVER (PARTITION BY session_id) AS total,
         row_number() OVER (PARTITION BY session_id ORDER BY created_at, id) AS number
  FROM audit_logs WHERE user_agent = %s AND created_at >= %s::timestamptz
) AS written WHERE number <= %s ORDER BY at, run, number
"""


def written_by_runs(database: Database, since: str, shown_rows: int) -> dict[str, list[tuple[str, str, int]]]:
    """Return the rows that this collection wrote since a timestamp, by run: time, description, and number of all.

    Of each run the first ``shown_rows`` are returned.
    """
    database.columns("audit_logs", COLUMNS)
    found: dict[str, list[tuple[str, str, int]]] = {}
    for run, at, description, total in database.fetch(_WRITTEN, (USER_AGENT, since, shown_rows)):
        found.setdefault(run, []).append((at, description, total))
    return found
