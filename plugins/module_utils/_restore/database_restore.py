# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restore the database: load the backup into a side database, compare it with the manifest, and swap both by rename.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from .._backup.catalogue import Backup
from .._backup.manifest import RESTORE as LEVEL_RESTORE
from .._backup.manifest import DatabaseRecord
from .._backup.progress import Progress
from .._core import timestamps
from .._core.errors import ConvosphereError, DatabaseError
from .._people import erasure_ledger, holds, reapplication
from .._people.erasure_ledger import Entry
from .._people.holds import Hold
from .._people.reapplication import Reapplied
from .._postgres.connection import Database
from . import server_disk, side_databases, verification
from .database_fingerprint import Content
from .database_server import INTERRUPTED_SWAP, Server, ServerDatabase
from .database_swap import DatabaseSwap
from .missing_roles import MissingRoles
from .registered import Registered
from .side_databases import SideDatabases
from .verification import Verifier

#: The SQLSTATE of a statement that reached statement_timeout.
_CANCELED = "57014"


@dataclass
class DatabaseRestore:
    """Restore one backup as the database ``live``. ``analyze_timeout`` is in seconds. Implements RestoreComponent."""

    verifier: Verifier
    server: Server
    live: str
    backup: Backup
    roles: MissingRoles
    analyze_timeout: int
    warn: Callable[[str], None]
    kind = "database"
    #: The current name of the restored database.
    name: str = ""
    #: The live database before the swap; None if it does not exist.
    current: ServerDatabase | None = None
    #: The name under which the live database is kept.
    previous: str = ""
    fingerprint: Mapping[str, Any] = field(default_factory=dict)
    #: The state of uploads and vectors that were restored with it.
    others: Mapping[str, Any] = field(default_factory=dict)
    #: The mark of the restored database as the live one; empty until ``swap`` begins.
    mark: Mapping[str, Any] = field(default_factory=dict)
    #: The note on how to undo a swap of uploads and vectors, while there is one.
    note: Mapping[str, Any] = field(default_factory=dict)
    #: The persons of the ledger that the backup has.
    erased: Reapplied = field(default_factory=Reapplied)
    held: ExitStack = field(default_factory=ExitStack)

    @property
    def side_databases(self) -> SideDatabases:
        """The databases beside the live one."""
        return SideDatabases(self.server, self.live)

    def check(self) -> None:
        """Raise ConvosphereError unless the disk of PostgreSQL has room for the restored database."""
        room = server_disk.missing_room(self.server, self.verifier.tools, self._record.size)
        if room:
            raise ConvosphereError(
                room, hint="Nothing was changed. Free space on that disk, for example with state: discarded."
            )

    def stage(self, progress: Progress) -> None:
        """Check the files of the backup, load it into a side database, and compare that with the manifest.

        Raises ConvosphereError.
        """
        began = time.monotonic()
        self.verifier.progress = progress
        self.verifier.check(self.backup)
        self.held.enter_context(self.roles.present())
        self.name = self.side_databases.create(side_databases.RESTORE, self._record)
        self.held.callback(self.side_databases.drop_if_possible, self.name)
        self.verifier.load(self.backup, self.name)
        self.verifier.compare(self.backup, self.name)
        if not self.backup.manifest.reaches(LEVEL_RESTORE):
            self.verifier.record(self.backup, LEVEL_RESTORE, time.monotonic() - began)
        self.roles.hand_over(self.name)

    def erase_again(self, registered: Registered) -> None:
        """Erase the persons of the ledger from the loaded database, and bring it the holds.

        Both are those of the registers beside the backups and of the live database.

        Call it after the comparison with the manifest, which counts the rows of all of them. Raises ConvosphereError.
        """
        entries, placed, users = self._recorded(registered)
        loaded = Database({**self.server.params, "login_db": self.name}, read_only=False)
        try:
            known = erasure_ledger.listed(loaded)
            merged = erasure_ledger.merged(registered.erased, entries, known)
            holding = holds.merged(registered.placed, placed)
            self.erased = reapplication.reapply(loaded, merged, holding, spared=users)
        finally:
            loaded.close()
        if self.erased.held:
            self.warn(
                f"{len(self.erased.held)} persons of the ledger of erasures are on hold, and were not erased again: "
                f"{', '.join(self.erased.held)}. Release the holds, and erase them once more"
            )

    def analyze(self) -> None:
        """Give the planner statistics of the new tables before they are used."""
        session = Server(self.server.params, read_only=False, database=self.name)
        try:
            session.execute(f"SET statement_timeout = '{int(self.analyze_timeout)}s'", step="limit the time of ANALYZE")
            session.execute("ANALYZE", step="analyze the restored tables")
        except DatabaseError as error:
            if error.details.get("sqlstate") != _CANCELED:
                raise
            self.warn(
                f"ANALYZE of the restored tables took longer than {self.analyze_timeout} s (analyze_timeout) and was "
                "left to autovacuum: queries may be slow until autovacuum has analyzed the tables"
            )
        finally:
            session.close()

    def set_aside(self, now: datetime) -> None:
        """Read the live database, and choose the name to which ``swap`` renames it."""
        databases = self.server.databases()
        self.current = databases.get(self.live)
        self.previous = side_databases.dated_name(self.live, side_databases.BEFORE, now, databases)

    def read_fingerprint(self) -> None:
        """Take the fingerprint of the restored database. It counts all rows, so take it before services are stopped."""
        self.fingerprint = self.state()

    def drain(self, seconds: float) -> None:
        """Wait up to ``seconds`` for statements and transactions in the live database to end."""
        if self.current:
            DatabaseSwap(self.server).drain(self.live, seconds)

    def note_interruption(self, note: Mapping[str, Any]) -> None:
        """Write into the mark how a later run can undo a swap of uploads and vectors, before that swap begins."""
        self.note = note
        mark = {"role": side_databases.RESTORE, "of": self.live, INTERRUPTED_SWAP: note}
        self.side_databases.mark(self.name, mark)

    def forget_note(self) -> None:
        """Remove that note from the mark, once the swap is undone."""
        mark = {"role": side_databases.RESTORE, "of": self.live}
        self.side_databases.mark(self.name, mark)

    def swap(self) -> None:
        """Make the restored database the live one, in one transaction. Raises DatabaseError."""
        swap = DatabaseSwap(self.server)
        self.mark = self._live_mark()
        if self.current is None:
            swap.put_in_place(self.name, self.live, self.mark)
        else:
            kept = {
                "role": side_databases.BEFORE,
                "of": self.live,
                "at": timestamps.format_time(datetime.now(timezone.utc)),
                "replaced_by": self.backup.manifest.id,
            }
            swap.replace(self.name, self.current, self.previous, self.mark, kept)

    def is_swapped(self) -> bool:
        """Return True if the server has committed ``swap``, even if its answer was lost. Raises ConvosphereError."""
        if not self.mark:
            return False
        self.server.reconnect(self.live)
        live = self.server.databases().get(self.live)
        return live is not None and live.mark == self.mark

    def undo(self, rejected_at: datetime | None) -> None:
        """Make the previous database live again, and keep the restored one as rejected. Raises DatabaseError."""
        now = rejected_at or datetime.now(timezone.utc)
        aside = side_databases.dated_name(self.live, side_databases.REJECTED, now, self.server.databases())
        mark = self._rejected_mark(now)
        noted = {**mark, INTERRUPTED_SWAP: self.note} if self.note else mark
        if self.current is None:
            raise RuntimeError("there is no previous database")
        DatabaseSwap(self.server).undo(self.current, self.previous, aside, noted)
        self.name = aside

    def finish_undo(self, now: datetime) -> None:
        """Remove the note of the rejected database, once uploads and vectors are put back."""
        self.side_databases.mark(self.name, self._rejected_mark(now))

    def state(self) -> Mapping[str, Any]:
        """Return the fingerprint of the restored database. Raises ConvosphereError."""
        with Content(self.server.params, self.name) as content:
            return content.state()

    def is_unchanged(self) -> bool:
        """Return True if nothing was written to the restored database. Raises ConvosphereError."""
        with Content(self.server.params, self.name) as content:
            return content.is_unchanged_since(self.fingerprint)

    def kept(self) -> list[str]:
        """Return the databases that restores have kept."""
        return self.side_databases.kept()

    def discard(self, names: Sequence[str]) -> None:
        """Drop kept databases."""
        for name in names:
            self.side_databases.drop(name)

    def close(self) -> None:
        """Drop the side database if it was not swapped, and temporary roles. If that fails, the next run drops them."""
        self.held.close()

    def _live_mark(self) -> dict[str, Any]:
        """Return the mark by which a later run detects changes."""
        return {
            "role": side_databases.LIVE,
            "of": self.live,
            "backup": self.backup.manifest.id,
            "sha256": self.backup.manifest.file(self.kind).sha256,
            "at": timestamps.format_time(datetime.now(timezone.utc)),
            "parts": dict(self.others),
            "state": dict(self.fingerprint),
        }

    def _rejected_mark(self, now: datetime) -> dict[str, Any]:
        return {
            "role": side_databases.REJECTED,
            "of": self.live,
            "at": timestamps.format_time(now),
            "backup": self.backup.manifest.id,
        }

    def _recorded(self, registered: Registered) -> tuple[list[Entry], list[Hold], frozenset[str]]:
        """Return the ledger, the holds and the users of the live database, if there is one that can be read."""
        if self.live not in self.server.databases():
            return [], [], frozenset()
        current = Database({**self.server.params, "login_db": self.live}, read_only=True)
        try:
            return erasure_ledger.listed(current), holds.recorded(current), reapplication.living(current)
        except DatabaseError as error:
            missing = [
                *(["erasures"] if not registered.has_erasures else []),
                *(["holds"] if not registered.has_holds else []),
            ]
            if missing:
                self.warn(
                    f"The ledger of erasures and the holds of the live database cannot be read: {error.message}. "
                    f"There is no file of {' and of '.join(missing)} beside the backups: what is newer than the backup "
                    "is lost"
                )
            return [], [], frozenset()
        finally:
            current.close()

    @property
    def _record(self) -> DatabaseRecord:
        return verification.database_record(self.backup)
