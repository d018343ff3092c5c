# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify a backup by a boot: restore it into a side database, serve from that, and write both results.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from ..._backup import proofs
from ..._backup.catalogue import Backup
from ..._backup.manifest import BOOT, RESTORE
from ..._backup.project_component import UPLOADS
from ..._backup.proofs import Outcome
from ..._backup.run_key import RunKeys
from ..database_server import Server
from ..verification import Verifier
from . import trial as boot_trial
from .requirements import Means
from .role import drop_leftovers
from .trial import Trial
from .verdict import BootError


@dataclass
class BootVerification:
    """Verify backups by boots. ``found`` has the answers of each boot by the id of the backup."""

    params: Mapping[str, Any]
    verifier: Verifier
    server: Server
    means: Means
    hide: Callable[..., None]
    found: dict[str, dict[str, str]] = field(default_factory=dict)

    def run(self, backup: Backup) -> Backup:
        """Verify one backup, and write the results into its manifest. Return the backup with them.

        Raises BootError if it restores and does not boot, which it stays verified by restore then, and ConvosphereError
        if it does not restore or if the boot could not be tried.
        """
        began = time.monotonic()
        served: float | None = None
        failure: BootError | None = None
        with ExitStack() as after:
            after.callback(drop_leftovers, self.server, str(self.params["login_db"]))
            with self.verifier.verifying(backup), self.verifier.restored(backup) as database:
                backup = self.verifier.record(backup, RESTORE, time.monotonic() - began)
                try:
                    served = self._boot(backup, database)
                except BootError as error:
                    failure = error
        outcome = self._outcome(backup, time.monotonic() - began, served - began if served else None, failure)
        verified = self.verifier.record(backup, RESTORE if failure else BOOT, outcome.seconds, outcome)
        RunKeys(self.verifier.catalogue.directory).destroy(backup.manifest.id)
        if failure:
            failure.details.update(backup=backup.manifest.id, rpo_seconds=verified.manifest.proofs[-1]["rpo_seconds"])
            raise failure
        return verified

    def _boot(self, backup: Backup, database: str) -> float:
        """Compare the documents, boot, and return the time at which all was answered. Raises ConvosphereError."""
        found = self.found.setdefault(backup.manifest.id, {})
        archive = self.verifier.archive(backup, UPLOADS) if backup.manifest.uploads else None
        self._report("compare the documents with the uploads")
        found["documents"] = boot_trial.compare_documents(backup, self.params, database, archive)
        trial = Trial(
            self.params, self.server, self.means, self.verifier.archive, self.hide, report=self._report, found=found
        )
        return trial.run(backup, database)

    def _outcome(self, backup: Backup, seconds: float, rto: float | None, failure: BootError | None) -> Outcome:
        backups = self.verifier.catalogue.read()[0]
        rpo = proofs.recovery_point(backup, backups, datetime.now(timezone.utc))
        return Outcome(BOOT, seconds, rto, rpo, failure.reason if failure else None)

    def _report(self, step: str) -> None:
        if self.verifier.progress:
            self.verifier.progress.begin(step)
