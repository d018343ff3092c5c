# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restoring one backup: into a new database, compared with the manifest, and only then in the place of the live one.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
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
from ansible_collections.convosphere.platform.plugins.module_utils._scratch import Scratch, Server
from ansible_collections.convosphere.platform.plugins.module_utils._verification import (
    RESTORE,
    Verifier,
    database_of,
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
            with made(scratch, _scratch.RESTORE, database_of(backup)) as name:
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
        """What is written of the restored database, by which a later run knows that nothing has changed since."""
        with Content(self.server.params, name) as content:
            state = content.state()
        record = backup.manifest.file("database")
        return {
            "role": LIVE,
            "of": self.live,
            "backup": backup.manifest.id,
            "sha256": record.sha256,
            "at": _now(),
            "parts": str(self.others),
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
        live, mark = databases.get(self.live), self.mark(backup, name)
        moment = datetime.now(timezone.utc)
        previous = _scratch.before_name(self.live, f"{moment:%Y%m%dT%H%M%SZ}", databases)
        exchange = Exchange(self.server)
        try:
            self.pause.stop()
            self.others.swap(moment)
            if live is None:
                exchange.put_in_place(name, self.live, mark)
            else:
                exchange.drain(self.live, self.drain)
                kept = {"role": _scratch.BEFORE, "of": self.live, "at": _now(), "replaced_by": backup.manifest.id}
                exchange.take_over(name, live, previous, mark, kept)
        except BaseException:  # also where somebody interrupts the run
            with suppress(ConvosphereError):  # what is kept is where the return values and the docs say
                self.others.go_back()
            self.pause.start_if_possible()
            raise
        try:
            self.pause.start()
        except ConvosphereError as error:
            if live is None:
                raise
            self._go_back(exchange, live, previous, name, error)
        return previous if live else None

    def _go_back(
        self, exchange: Exchange, live: _scratch.Found, previous: str, name: str, error: ConvosphereError
    ) -> None:
        """Put the old database back, since the services did not come up on the restored one, and raise why."""
        told = "The old database is the live one again, and the restored one was removed"
        try:
            self.pause.stop()
            exchange.go_back(live, previous, name, {"role": _scratch.RESTORE, "of": self.live})
            self.others.go_back()
        except ConvosphereError as second:
            told = f"Going back to the old database, {previous}, failed too: {second}"
        self.pause.start_if_possible()
        raise ConvosphereError(
            f"{error.message}\nThis was with the restored database",
            hint=f"{told}. Give wait: false to restore whatever the services say of it.",
            **error.details,
        ) from error


def _now() -> str:
    return _moments.format_time(datetime.now(timezone.utc))
