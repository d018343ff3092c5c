# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure how long a migration holds locks that block readers or writers, by looking every few milliseconds.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from .._core.errors import ConvosphereError, DatabaseError
from .._restore.database_server import Server

#: The pause between two looks. A lock that is held for less may not be seen.
POLL_SECONDS = 0.02
READERS, WRITERS = "readers", "writers"
#: Which statements of other sessions each mode of a table's lock blocks. The other modes block neither.
BLOCKS: Mapping[str, tuple[str, ...]] = {
    "ShareLock": (WRITERS,),
    "ShareRowExclusiveLock": (WRITERS,),
    "ExclusiveLock": (WRITERS,),
    "AccessExclusiveLock": (READERS, WRITERS),
}
# A table that the migration creates is in no other session's catalog, and so not in this answer.
_HELD = """
SELECT CASE n.nspname WHEN 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(c.relname), l.mode
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid AND a.datid = l.database
JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE l.locktype = 'relation' AND l.granted AND a.datname = current_database() AND a.application_name = %s
AND c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_' AND l.mode = ANY (%s)
"""


@dataclass
class LockTimes:
    """Add up for how many seconds each table was locked. Pure: ``see`` gets the time and the locks of each look."""

    at: float | None = None
    #: What was blocked at the last look: pairs of a table, and READERS or WRITERS.
    blocked: frozenset[tuple[str, str]] = frozenset()
    seconds: dict[tuple[str, str], float] = field(default_factory=dict)
    modes: dict[str, set[str]] = field(default_factory=dict)

    def see(self, at: float, locks: Iterable[tuple[str, str]]) -> None:
        """Add one look at ``at``, in seconds: ``locks`` are pairs of a table and a mode of BLOCKS.

        A lock that is seen at both of two looks was held between them; one that is seen at one of them, for half of
        that time.
        """
        held = list(locks)
        now = frozenset((table, whom) for table, mode in held for whom in BLOCKS[mode])
        for table, mode in held:
            self.modes.setdefault(table, set()).add(mode)
        if self.at is not None:
            for key in now | self.blocked:
                part = 1.0 if key in now and key in self.blocked else 0.5
                self.seconds[key] = self.seconds.get(key, 0.0) + part * (at - self.at)
        self.at, self.blocked = at, now

    def tables(self) -> list[dict[str, Any]]:
        """Return the locked tables, those that were locked longest first, with seconds to the millisecond."""
        found = [
            {
                "table": table,
                READERS: round(self.seconds.get((table, READERS), 0.0), 3),
                WRITERS: round(self.seconds.get((table, WRITERS), 0.0), 3),
                "modes": sorted(modes),
            }
            for table, modes in self.modes.items()
        ]
        return sorted(found, key=lambda each: (-each[WRITERS], -each[READERS], each["table"]))


class LockSampler:
    """While its block runs, look at the locks of the sessions named ``application`` in the database of ``params``."""

    def __init__(self, params: Mapping[str, Any], application: str) -> None:
        self.server = Server(params, read_only=True, database=params["login_db"])
        self.values = (application, list(BLOCKS))
        self.times = LockTimes()
        self.problem: ConvosphereError | None = None
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> LockSampler:
        self.server.connect()  # fails here, rather than in the thread
        self.thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.over.set()
        self.thread.join()
        self.server.close()
        if self.problem and error is None:
            raise DatabaseError(f"The locks of the migration were not measured to the end: {self.problem.message}")

    def _watch(self) -> None:
        try:
            while not self.over.wait(POLL_SECONDS):
                self._look()
            self._look()
        except ConvosphereError as error:
            self.problem = error

    def _look(self) -> None:
        began = time.monotonic()
        found = self.server.fetch(_HELD, self.values)
        self.times.see((began + time.monotonic()) / 2, found)
