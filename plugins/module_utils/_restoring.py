# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restoring one backup: into a new database, compared with the manifest, and only then in the place of the live one.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils import _backups, _moments, _scratch
from ansible_collections.convosphere.platform.plugins.module_utils._archive import DamagedError
from ansible_collections.convosphere.platform.plugins.module_utils._backups import Backup
from ansible_collections.convosphere.platform.plugins.module_utils._content import Content
from ansible_collections.convosphere.platform.plugins.module_utils._errors import ConvosphereError, DatabaseError
from ansible_collections.convosphere.platform.plugins.module_utils._exchange import Exchange
from ansible_collections.convosphere.platform.plugins.module_utils._parts_restore import PartsRestore
from ansible_collections.convosphere.platform.plugins.module_utils._pause import Pause
from ansible_collections.convosphere.platform.plugins.module_utils._progress import Progress
from ansible_collections.convosphere.platform.plugins.module_utils._scratch import Found, Scratch, Server
from ansible_collections.convosphere.platform.plugins.module_utils._verification import (
    RESTORE,
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

    def run(self, backup: Backup) -> str | None:
        """Do it; the name under which the database that was live until now is kept, None where there was none.

        Raises ConvosphereError, and then the services run on the database that was live before.
        """
        began = time.monotonic()
        scratch = Scratch(self.server, self.live)
        self.verifier.progress = Progress(self.verifier.catalogue.directory / _backups.PROGRESS, backup.manifest.id)
        try:
            self.verifier.check(backup)
            with made(scratch, _scratch.RESTORE, database_record(backup)) as name:
                self.verifier.load(backup, name)
                self.verifier.compare(backup, name)
                if (backup.manifest.verified or {}).get("level") != RESTORE:
                    self.verifier.record(backup, RESTORE, time.monotonic() - began)
                self.others.stage(self.verifier.progress)
                self.verifier.progress.begin("analyze")
                self._analyze(name)
                self.verifier.progress.begin("exchange")
                return self._exchange(backup, name)
        except DamagedError:
            self.verifier.condemn(backup)
            raise
        finally:
            self.others.close()
            self.verifier.progress.end()

    def mark(self, backup: Backup, name: str) -> dict[str, Any]:
        """What is written of the restored database, by which a later run knows that nothing has changed since.

        Uploads and vectors must have been exchanged.
        """
        with Content(self.server.params, name) as content:
            state = content.state()
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
        previous = _scratch.dated_name(self.live, _scratch.BEFORE, _stamp(moment), databases)
        exchange = Exchange(self.server)
        mark: dict[str, Any] = {}
        try:
            self.pause.stop()
            self.others.swap(moment)
            mark = self.mark(backup, name)
            if live is None:
                exchange.put_in_place(name, self.live, mark)
            else:
                exchange.drain(self.live, self.drain)
                kept = {"role": _scratch.BEFORE, "of": self.live, "at": _now(), "replaced_by": backup.manifest.id}
                exchange.take_over(name, live, previous, mark, kept)
        except BaseException as error:  # also where somebody interrupts the run
            if not self._is_done(error, mark):
                raise
        try:
            self.pause.start()
        except ConvosphereError as error:
            if live is None:
                raise
            self._go_back(exchange, live, previous, mark, error)
        return previous if live else None

    def _is_done(self, error: BaseException, mark: Mapping[str, Any]) -> bool:
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
        except ConvosphereError as second:
            raise _more(error, str(second)) from error
        finally:
            self.pause.start_if_possible()
        return False

    def _go_back(
        self, exchange: Exchange, live: Found, previous: str, mark: Mapping[str, Any], error: ConvosphereError
    ) -> None:
        """Put back what was there, since the services did not come up on what was restored, and raise why."""
        told = []
        try:
            self.pause.stop()
            told.append(self._reject(exchange, live, previous, mark))
        except ConvosphereError as second:
            parts = f", and of the {self.others}" if str(self.others) else ""
            told.append(f"Going back to the old database, {previous}{parts}, failed too: {second}")
        else:
            try:
                self.others.go_back()
            except ConvosphereError as second:
                told.append(str(second))
        self.pause.start_if_possible()
        raise ConvosphereError(
            f"{error.message}\nThis was with the restored database",
            hint=f"{'. '.join(told)}. Give wait: false to restore whatever the services say of it.",
            **error.details,
        ) from error

    def _reject(self, exchange: Exchange, live: Found, previous: str, mark: Mapping[str, Any]) -> str:
        """Have the old database be the live one again; a sentence that says so, and what became of the restored one."""
        stamp = _stamp(datetime.now(timezone.utc))
        aside = _scratch.dated_name(self.live, _scratch.REJECTED, stamp, self.server.databases())
        kept = {"role": _scratch.REJECTED, "of": self.live, "at": _now(), "backup": mark["backup"]}
        exchange.go_back(live, previous, aside, kept)
        told = "The old database is the live one again, and the restored one"
        # Only now is nobody left who could write to it.
        with suppress(ConvosphereError), Content(self.server.params, aside) as content:
            if content.is_as(mark["state"]):
                content.close()
                Scratch(self.server, self.live).drop(aside)
                return f"{told} was removed"
        return f"{told} is kept as {aside}, since something was written to it meanwhile"


def _more(error: BaseException, told: str) -> ConvosphereError:
    """The same error, which also tells what else is wrong."""
    if not isinstance(error, ConvosphereError):
        return ConvosphereError(f"{type(error).__name__}: {error}", hint=told)
    hint = f"{error.hint.rstrip('.')}. {told}" if error.hint else told
    return type(error)(error.message, hint=hint, **error.details)


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"


def _now() -> str:
    return _moments.format_time(datetime.now(timezone.utc))
