# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the sessions that hold locks which a migration waits for, and terminate idle ones.

With CREATE_DEFAULT_ADMIN the platform leaves a session with an open transaction each time it starts, which locks the
table users (version 0.1.2-beta): a migration of that table would wait for it until the timeout, every time.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any

from .._core.errors import DatabaseError
from .._postgres.connection import APPLICATION, Database

POLL_SECONDS = 0.25
_LOCK_NOT_AVAILABLE = "55P03"
# Backups idle in their transaction too, while other sessions dump its snapshot: this collection's, pg_dump --jobs. They
# have a snapshot open; a session that was left between two statements has none.
_LOOK = """
SELECT b.pid, coalesce(b.usename, ''), coalesce(b.application_name, ''), coalesce(b.state, ''),
    coalesce(extract(epoch FROM clock_timestamp() - b.state_change), 0)::int,
    CASE WHEN %(idle)s > 0 AND left(b.state, 19) = 'idle in transaction'
        AND b.state_change < clock_timestamp() - %(idle)s * interval '1 second'
        AND b.backend_xmin IS NULL AND NOT starts_with(b.application_name, %(ours)s)
        AND pg_has_role(b.usesysid, 'MEMBER')
    THEN pg_terminate_backend(b.pid) ELSE false END
FROM pg_stat_activity m CROSS JOIN LATERAL unnest(pg_blocking_pids(m.pid)) AS way (pid)
JOIN pg_stat_activity b ON b.pid = way.pid
WHERE m.datname = current_database() AND m.application_name = %(waiting)s
ORDER BY 1
"""


@dataclass(frozen=True)
class Session:
    """A session that holds a lock, since ``seconds`` in its ``state``, such as "idle in transaction"."""

    process: int
    user: str
    application: str
    state: str
    seconds: int

    def __str__(self) -> str:
        named = f" ({self.application})" if self.application else ""
        return f"process {self.process} of {self.user}{named}, {self.state} for {self.seconds} s"


class Blockers:
    """Watch, while its block runs, which sessions hold locks that the sessions with the name ``waiting`` wait for.

    Sessions that are idle in their transaction for longer than ``idle`` seconds are terminated (0: none), if the role
    of ``params``, the module's login_ options, may do so, and added to ``ended``. ``seen`` are the other sessions that
    were last found to hold such locks.
    """

    def __init__(self, params: Mapping[str, Any], waiting: str, idle: int, ended: list[Session]) -> None:
        self.values = {"idle": idle, "ours": APPLICATION, "waiting": waiting}
        self.database = Database(params, read_only=False)
        self.ended = ended
        self.seen: list[Session] = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Blockers:
        self.database.open()  # fails here, rather than in the thread
        self.thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.over.set()
        self.thread.join()
        self.database.close()
        if isinstance(error, DatabaseError) and error.details.get("sqlstate") == _LOCK_NOT_AVAILABLE and self.seen:
            holders = [asdict(session) for session in self.seen]
            raise DatabaseError(
                f"{error.message}. The lock is held by: {'; '.join(str(session) for session in self.seen)}",
                hint="Run it again when that session has ended, or terminate it with pg_terminate_backend.",
                **{**error.details, "holders": holders},
            ) from error

    def _watch(self) -> None:
        # If the server fails, the migration fails too, and reports it.
        with suppress(DatabaseError):
            while not self.over.wait(POLL_SECONDS):
                self._look()

    def _look(self) -> None:
        found = self.database.fetch(_LOOK, self.values)
        self.database.rollback()  # within a transaction the activity does not change
        known = {session.process for session in self.ended}  # a session that is being terminated may be seen again
        self.ended += [Session(*facts) for *facts, was_ended in found if was_ended and facts[0] not in known]
        self.seen = [Session(*facts) for *facts, was_ended in found if not was_ended] or self.seen
