# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Swap database, uploads and vectors for the restored ones while the services are stopped, and roll back if that fails.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone

from .._core.errors import ConvosphereError, SlowError
from .component_group import ComponentGroup
from .database_restore import DatabaseRestore
from .service_stop import ServiceStop


@dataclass
class PlatformSwap:
    """Swap staged components. ``drain_timeout`` is in seconds."""

    database: DatabaseRestore
    others: ComponentGroup
    services: ServiceStop
    drain_timeout: float

    def run(self) -> str | None:
        """Swap, and return the name under which the previous database is kept; None without a previous database.

        Raises ConvosphereError. The services run on the previous database then, unless the error says otherwise.
        """
        database, now = self.database, datetime.now(timezone.utc)
        database.set_aside(now)
        database.read_fingerprint()
        try:
            self.services.stop()
            database.drain(self.drain_timeout)
            self._swap_others(now)
            database.others = self.others.state()
            database.swap()
        except BaseException as error:  # also if the run is interrupted
            if not self._is_done(error):
                raise
        previous = database.previous if database.current else None
        try:
            self.services.start()
        except SlowError as error:
            # The restored content was compared with its manifest: a slow service is no evidence against it.
            raise self._late(previous, error) from error
        except ConvosphereError as error:
            if previous is None:
                raise
            self._roll_back(error)
        return previous

    def _swap_others(self, now: datetime) -> None:
        """Swap uploads and vectors, after noting how a later run can undo it."""
        if not self.others.kinds:
            return
        self.others.set_aside(now)
        self.database.note_interruption(self.others.note())
        self.others.swap()

    def _is_done(self, error: BaseException) -> bool:
        """Return True if the swap is complete in spite of ``error``: the server's answer to COMMIT may be lost.

        Otherwise undo the swap of uploads and vectors. Raises ConvosphereError if that fails too.
        """
        try:
            is_swapped = self.database.is_swapped()
        except ConvosphereError as second:
            problem = f"Whether database {self.database.live} is the restored one could not be read: {second.message}"
            if self.others.is_swapped:
                problem += f". The {_names(self.others)} were not put back, and the services stay stopped"
            else:
                self.services.start_if_possible()
            raise _extended(error, f"{problem}. Run the restore again once the server answers") from error
        if is_swapped and isinstance(error, ConvosphereError):
            return True
        try:
            if not is_swapped:
                self.others.undo()
                if self.database.note:
                    with suppress(ConvosphereError):  # undoing the swap once more does no harm
                        self.database.forget_note()
        except ConvosphereError as second:
            raise _extended(error, str(second)) from error
        finally:
            self.services.start_if_possible()
        return False

    def _late(self, previous: str | None, error: SlowError) -> SlowError:
        """Return the error for services that are not healthy yet after a complete restore."""
        backup, live = self.database.backup.manifest.id, self.database.live
        kept = f"The previous database is kept as {previous}. " if previous else ""
        return SlowError(
            f"{error.message}\nThe backup {backup} is restored and compared with its manifest, and stays the live "
            f"database {live}",
            hint=f"{kept}Wait for the services, and read their logs. Raise wait_timeout if this host is slow.",
            **{**error.details, "restored": backup, "previous": previous},
        )

    def _roll_back(self, error: ConvosphereError) -> None:
        """Put the previous content back, since the services failed on the restored one, and raise the reason."""
        try:
            self.services.stop()
            outcome = self._reject()
        except ConvosphereError as second:
            others = f", {_names(self.others)}" if self.others.kinds else ""
            outcome = f"Cannot roll back to the previous database, {self.database.previous}{others}: {second}"
        self.services.start_if_possible()
        raise ConvosphereError(
            f"{error.message}\nThe services failed on the restored database",
            hint=f"{outcome.rstrip('.')}. Set wait to false to keep the restored database without waiting for the "
            "services.",
            **error.details,
        ) from error

    def _reject(self) -> str:
        """Make all previous content live again. Return a sentence on that and on the restored content.

        Restored content is kept if anything was written to it.
        """
        database, now = self.database, datetime.now(timezone.utc)
        database.undo(now)
        outcome = f"The previous database is live again, and the restored one is kept as {database.name}"
        is_written = self._is_written()  # only now can no client write to it any more
        try:
            self.others.undo(now if is_written else None)
            database.finish_undo(now)
        except ConvosphereError as second:
            return f"{outcome}. {second}"
        if is_written:
            return f"{outcome}, because it was written to"
        try:
            database.discard([database.name])
        except ConvosphereError as second:
            return f"{outcome}: {second}"
        return "The previous database is live again, and the restored one was dropped"

    def _is_written(self) -> bool:
        """Return True if anything was, or may have been, written to the restored content."""
        with suppress(ConvosphereError):
            return not (self.database.is_unchanged() and self.others.is_unchanged_since(self.database.others))
        return True


def _names(others: ComponentGroup) -> str:
    return " and ".join(others.kinds)


def _extended(error: BaseException, problem: str) -> ConvosphereError:
    """Return the same error with a further problem."""
    if not isinstance(error, ConvosphereError):
        return ConvosphereError(f"{type(error).__name__}: {error}", hint=problem)
    hint = f"{error.hint.rstrip('.')}. {problem}" if error.hint else problem
    return type(error)(error.message, hint=hint, **error.details)
