# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restoring one backup: into a new database, compared with the manifest, and only then in the place of the live one.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from .._backup import catalogue
from .._backup.catalogue import Backup
from .._backup.manifest import RESTORE
from .._backup.progress import Progress
from .._core import timestamps
from .._core.errors import (
    ConvosphereError,
    DatabaseError,
    SlowError,
)
from .._postgres.database_comment import HALFWAY
from . import side_databases
from .component_restore import PartsRestore
from .database_fingerprint import Content
from .database_swap import Exchange
from .missing_roles import MissingRoles
from .service_stop import Pause
from .side_databases import Found, Scratch, Server
from .verification import (
    Verifier,
    database_record,
    made,
)

#: The role in the mark of a database that a restore has put in the place of the live one.
LIVE = "live"


@dataclass
class Restorer:
    """One restore. ``drain`` and ``analyze_timeout`` are in seconds; ``warn`` tells what does not stop it."""

    verifier: Verifier
    server: Server
    pause: Pause
    live: str
    drain: int
    analyze_timeout: int
    warn: Callable[[str], None]
    others: PartsRestore
    roles: MissingRoles

    def run(self, backup: Backup) -> str | None:
        """Do it; the name under which the database that was live until now is kept, None where there was none.

        Raises ConvosphereError, and then the services run on the database that was live before.
        """
        began = time.monotonic()
        scratch = Scratch(self.server, self.live)
        progress = Progress(self.verifier.catalogue.directory / catalogue.PROGRESS, backup.manifest.id)
        self.verifier.progress = progress
        with ExitStack() as held:
            held.callback(progress.end)
            held.callback(self.others.close)
            held.enter_context(self.verifier.judging(backup))
            self.verifier.check(backup)
            with self.roles.present(), made(scratch, side_databases.RESTORE, database_record(backup)) as name:
                self.verifier.load(backup, name)
                self.verifier.compare(backup, name)
                if backup.manifest.level != RESTORE:
                    self.verifier.record(backup, RESTORE, time.monotonic() - began)
                self.roles.hand_over(name)
                self.others.stage(progress)
                progress.begin("analyze")
                self._analyze(name)
                progress.begin("exchange")
                return self._exchange(backup, name)

    def mark(self, backup: Backup, state: Mapping[str, Any]) -> dict[str, Any]:
        """What is written of the restored database, by which a later run knows that nothing has changed since.

        ``state`` is the database's own. Uploads and vectors must have been exchanged.
        """
        record = backup.manifest.file("database")
        return {
            "role": LIVE,
            "of": self.live,
            "backup": backup.manifest.id,
            "sha256": record.sha256,
            "at": _now(),
            "parts": self.others.state(),
            "state": state,
        }

    def _analyze(self, name: str) -> None:
        """Have the planner know the new tables before anybody asks them anything."""
        session = Server(self.server.params, read_only=False, database=name)
        try:
            session.execute(f"SET statement_timeout = '{int(self.analyze_timeout)}s'", step="bound the time of ANALYZE")
            session.execute("ANALYZE", step="analyze the restored tables")
        except DatabaseError as error:
            if error.details.get("sqlstate") != "57014":
                raise
            self.warn(
                f"ANALYZE took longer than {self.analyze_timeout} s, and was left to autovacuum: "
                "queries may be slow until it has been there"
            )
        finally:
            session.close()

    def _exchange(self, backup: Backup, name: str) -> str | None:
        databases = self.server.databases()
        live, moment = databases.get(self.live), datetime.now(timezone.utc)
        previous = side_databases.dated_name(self.live, side_databases.BEFORE, _stamp(moment), databases)
        exchange = Exchange(self.server)
        mark: dict[str, Any] = {}
        with Content(self.server.params, name) as content:
            state = content.state()  # which takes as long as counting all rows, while nobody has to wait yet
        try:
            self.pause.stop()
            if live:
                exchange.drain(self.live, self.drain)
            self._swap_others(name, moment)
            mark = self.mark(backup, state)
            if live is None:
                exchange.put_in_place(name, self.live, mark)
            else:
                kept = {"role": side_databases.BEFORE, "of": self.live, "at": _now(), "replaced_by": backup.manifest.id}
                exchange.take_over(name, live, previous, mark, kept)
        except BaseException as error:  # also where somebody interrupts the run
            if not self._is_done(error, mark, name):
                raise
        try:
            self.pause.start()
        except SlowError as error:
            # What was restored was compared with its manifest: a service that takes its time says nothing against it.
            raise self._late(backup, previous if live else None, error) from error
        except ConvosphereError as error:
            if live is None:
                raise
            self._go_back(exchange, live, previous, mark, error)
        return previous if live else None

    def _late(self, backup: Backup, previous: str | None, error: SlowError) -> SlowError:
        """Build the error that says that all is restored, and that the services are not healthy yet."""
        kept = f"The previous database is kept as {previous}. " if previous else ""
        return SlowError(
            f"{error.message}\nThe backup {backup.manifest.id} is restored and compared with its manifest, and stays "
            f"the live database {self.live}",
            hint=f"{kept}Wait for the services, and look at their logs. Raise wait_timeout if this host is slow.",
            **{**error.details, "restored": backup.manifest.id, "previous": previous},
        )

    def _swap_others(self, name: str, moment: datetime) -> None:
        """Exchange uploads and vectors, once it is written down beside them how a later run can undo it."""
        if not self.others.kinds:
            return
        self.others.set_aside(moment)
        mark = {"role": side_databases.RESTORE, "of": self.live, HALFWAY: self.others.note()}
        Scratch(self.server, self.live).mark(name, mark)
        self.others.swap()

    def _is_done(self, error: BaseException, mark: Mapping[str, Any], name: str) -> bool:
        """Whether all was exchanged in spite of ``error``, as where only the server's answer to COMMIT was lost.

        Otherwise what was exchanged before is put back. Raises ConvosphereError where more is wrong than ``error``.
        """
        try:
            if mark:
                self.server.renew(self.live)
            live = self.server.databases().get(self.live) if mark else None
        except ConvosphereError as second:
            told = f"Whether database {self.live} is the restored one now could not be learned: {second}"
            if self.others.kept:
                told += f". The {self.others} were left as they are, and the services stopped"
            else:
                self.pause.start_if_possible()
            raise _more(error, f"{told}. Run it again once the server answers") from error
        if live and live.mark == mark and isinstance(error, ConvosphereError):
            return True
        try:
            if not live or live.mark != mark:
                self.others.go_back()
                if self.others.kinds:
                    with suppress(ConvosphereError):  # to undo it once more does no harm
                        Scratch(self.server, self.live).mark(name, {"role": side_databases.RESTORE, "of": self.live})
        except ConvosphereError as second:
            raise _more(error, str(second)) from error
        finally:
            self.pause.start_if_possible()
        return False

    def _go_back(
        self, exchange: Exchange, live: Found, previous: str, mark: Mapping[str, Any], error: ConvosphereError
    ) -> None:
        """Put back what was there, since the services did not come up on what was restored, and raise why."""
        try:
            self.pause.stop()
            outcome = self._reject(exchange, live, previous, mark)
        except ConvosphereError as second:
            parts = f", and of the {self.others}" if str(self.others) else ""
            outcome = f"Going back to the old database, {previous}{parts}, failed too: {second}"
        self.pause.start_if_possible()
        raise ConvosphereError(
            f"{error.message}\nThis was with the restored database",
            hint=f"{outcome.rstrip('.')}. To keep the restored one without waiting for the services: wait=false "
            "(role database: database_wait_timeout=0).",
            **error.details,
        ) from error

    def _reject(self, exchange: Exchange, live: Found, previous: str, mark: Mapping[str, Any]) -> str:
        """Have all be live again that was before; a sentence that says so, and what became of what was restored.

        What was restored is kept where anything was written to it.
        """
        now = datetime.now(timezone.utc)
        scratch = Scratch(self.server, self.live)
        aside = side_databases.dated_name(self.live, side_databases.REJECTED, _stamp(now), self.server.databases())
        kept = {"role": side_databases.REJECTED, "of": self.live, "at": _now(), "backup": mark["backup"]}
        noted = {**kept, HALFWAY: self.others.note()} if self.others.kinds else kept
        exchange.go_back(live, previous, aside, noted)
        told = f"The old database is the live one again, and the restored one is kept as {aside}"
        written = self._is_written(aside, mark)  # only now is nobody left who could write to it
        try:
            self.others.go_back(now if written else None)
            scratch.mark(aside, kept)
        except ConvosphereError as second:
            return f"{told}. {second}"
        if written:
            return f"{told}, since something was written to it meanwhile"
        try:
            scratch.drop(aside)
        except ConvosphereError as second:
            return f"{told}: {second}"
        return "The old database is the live one again, and the restored one was removed"

    def _is_written(self, name: str, mark: Mapping[str, Any]) -> bool:
        """Whether anything was, or may have been, written to what was restored."""
        with suppress(ConvosphereError), Content(self.server.params, name) as content:
            return not (content.is_as(mark["state"]) and self.others.is_as(mark["parts"]))
        return True


def _more(error: BaseException, told: str) -> ConvosphereError:
    """The same error, which also tells what else is wrong."""
    if not isinstance(error, ConvosphereError):
        return ConvosphereError(f"{type(error).__name__}: {error}", hint=told)
    hint = f"{error.hint.rstrip('.')}. {told}" if error.hint else told
    return type(error)(error.message, hint=hint, **error.details)


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"


def _now() -> str:
    return timestamps.format_time(datetime.now(timezone.utc))
