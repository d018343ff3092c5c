# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run maintenance statements one by one outside of a transaction, each for a bounded time.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._core.errors import DatabaseError
from . import server_errors

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

#: The codes of a statement that waited too long for its lock, and of one that took too long.
_LOCKED, _CANCELED = "55P03", "57014"


@dataclass
class StatementRunner:
    """Run statements one by one, outside of a transaction. ``seconds`` is for all, ``each`` for one of them.

    ``failure`` is what an error says of those that failed, and ``limit`` the option that ``each`` is from.
    """

    connection: Connection
    seconds: int
    each: int
    lock_seconds: int
    failure: str
    limit: str
    clock: Callable[[], float] = time.monotonic
    done: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    postponed: list[str] = field(default_factory=list)
    seconds_by_name: dict[str, float] = field(default_factory=dict)

    def run(self, statements: Mapping[str, str]) -> None:
        """Run the statement of each object, also after one that failed. Those for which no time is left are postponed.

        Raises DatabaseError if the connection is lost, and at the end if a statement failed.
        """
        deadline = self.clock() + self.seconds
        for name, text in statements.items():
            left = deadline - self.clock()
            if left < 1:
                self.postponed.append(name)
                continue
            try:
                self.execute(text, min(left, self.each))
                self.done.append(name)
                self.seconds_by_name[name] = round(left - (deadline - self.clock()), 1)
            except DatabaseError as error:
                if error.details["sqlstate"] == _CANCELED and left < self.each:
                    self.postponed.append(name)
                else:
                    self.failed[name] = error.message
            if self.connection.closed:
                break
        if self.failed:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in self.failed.items())
            raise DatabaseError(
                f"{len(self.failed)} of {len(statements)} {self.failure}: {reasons}",
                hint="The others were, unless they are postponed. Run it again when these are not locked.",
                done=self.done,
                failed=sorted(self.failed),
                postponed=self.postponed,
            )

    def execute(self, text: str, seconds: float) -> None:
        """Run one statement. Raises DatabaseError."""
        import psycopg2

        del self.connection.notices[:]
        try:
            with self.connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = %s", (int(seconds * 1000),))
                cursor.execute("SET lock_timeout = %s", (f"{self.lock_seconds}s",))
                cursor.execute(text)
        except psycopg2.Error as error:
            raise self._explained(error, seconds) from error
        skipped = [notice for notice in self.connection.notices if "skipping" in notice]
        if skipped:
            raise DatabaseError(skipped[0].strip().partition(":")[2].strip(), sqlstate=None)

    def _explained(self, error: Any, seconds: float) -> DatabaseError:
        reasons = {
            _LOCKED: f"another session held a lock on it for more than {self.lock_seconds} s (lock_timeout)",
            _CANCELED: f"it took more than {seconds:.0f} s ({self.limit})",
        }
        if error.pgcode in reasons:
            return DatabaseError(reasons[error.pgcode], sqlstate=error.pgcode)
        return server_errors.explain(error, "the server said", {}, None)
