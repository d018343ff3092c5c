# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take, renew or release the lock that one run of Ansible holds over several tasks.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import getpass
import time
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from . import files, lease, run_failure, run_record, timestamps
from .lease import Clock, HeldError, Lease
from .plan import Plan, make_plan
from .work import Invocation, Work

#: The seconds between two looks at a lock that another run holds.
_POLL = 0.5


class RunLockWork(Work):
    """The work of convosphere_run_lock."""

    def __init__(self, call: Invocation) -> None:
        self.call = call
        self.params = call.params
        self.path = Path(call.params["path"])
        self.held = ExitStack()
        #: The failures of the run that releases the lock.
        self.failures: list[dict[str, str]] = []
        #: The lease in the file, the lock after the run, and that of another run which this one takes over.
        self.current: Lease | None = None
        self.lease: Lease | None = None
        self.abandoned: Lease | None = None

    def plan(self) -> Plan:
        """Read the lock and decide: take, renew, keep or release it. Raises HeldError if another run keeps it."""
        deadline = time.monotonic() + (0 if self.call.check_mode else self.params["wait_timeout"])
        while True:
            try:
                return self._decide()
            except HeldError:
                if time.monotonic() > deadline:
                    raise
                self.held.close()  # its holder has to be able to renew and release it
                time.sleep(_POLL)

    def _decide(self) -> Plan:
        if not self.call.check_mode:  # until close, no other process reads or writes the lock
            self.held.enter_context(lease.exclusive(self.path.parent))
        clock = Clock.read()
        self.current = lease.read(self.path)
        current = None if self.current is None or self.current.is_released else self.current
        if self.params["state"] == "absent":
            mine = current is not None and current.run_id == self.params["run_id"]
            self.lease = None if mine else current
        else:
            self.lease = lease.decide(
                self.current, self._desired(clock), self.params["lease"], clock, self.params["grace"]
            )
            if self.params["only_wait"]:
                self.lease = current
            elif current is not None and current.run_id != self.lease.run_id:
                self.abandoned = current
        name = str(self.path)
        return make_plan({name: self.lease.shown() if self.lease else None}, {name: current.shown()} if current else {})

    def apply(self, plan: Plan) -> None:
        """Write the file, or remove it."""
        # Before the lock is released: of a run that is killed now, the next one records that it was interrupted.
        if self._is_released and self.params["result"] == "failed":
            self.failures = run_failure.read(self.path, self.params["run_id"])
        self._record()
        if self._is_released or self.abandoned:
            run_failure.forget(self.path)
        desired = self.lease or (lease.released(self.current) if self.current else None)
        if desired:
            lease.write(self.path, desired)
        else:
            files.remove(self.path)

    @property
    def _is_released(self) -> bool:
        return self.lease is None and self.current is not None

    def _record(self) -> None:
        """Record the run that releases the lock, or the interrupted one of which this run takes over the lock."""
        if not self.params["runs_file"]:
            return
        if self.abandoned is not None:
            interrupted = self.abandoned
            record = run_record.describe(
                interrupted, run_record.INTERRUPTED, interrupted.until, release=None, details=None
            )
        elif self._is_released and self.current is not None:
            releases = self.params["releases_dir"]
            record = run_record.describe(
                self.current,
                self.params["result"],
                timestamps.format_time(datetime.now(timezone.utc)),
                release=run_record.serving_release(Path(releases) if releases else None),
                details=self.params["details"],
                **({"failures": self.failures} if self.failures else {}),
            )
        else:
            return
        problem = run_record.attempt(Path(self.params["runs_file"]), record)
        if problem:
            self.call.warn(problem)

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the lock, the abandoned one, and the failures of a run that failed and releases it."""
        return {
            "lease": self.lease.shown() if self.lease else None,
            "abandoned": self.abandoned.shown() if self.abandoned else None,
            "held": self.current is not None and self.current.run_id == self.params["run_id"],
            "failures": self.failures,
        }

    def close(self) -> None:
        """Let other processes read and write the lock."""
        self.held.close()

    def _desired(self, clock: Clock) -> Lease:
        holder = self.params["holder"] or getpass.getuser()
        return lease.make(self.params["run_id"], holder, self.params["purpose"], self.params["lease"], clock)
