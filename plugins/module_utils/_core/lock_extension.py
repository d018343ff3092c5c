# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let the locks of a run last longer while no module of the collection works, and shorten them afterwards.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from . import lease
from .lease import Clock, Lease, LostError
from .plan import Plan, make_plan
from .work import Invocation, Work


class LockExtensionWork(Work):
    """The locks that the environment of the module names, as far as this run holds them. None is taken."""

    def __init__(self, call: Invocation) -> None:
        self.call = call
        self.seconds: int = call.params["lease"]
        self.run_id = os.environ.get(lease.RUN_VARIABLE, "")
        named = os.environ.get(lease.PATH_VARIABLE, "") if self.run_id else ""
        self.paths = [Path(name) for name in named.split(":") if name]
        self.held = ExitStack()
        self.desired: dict[Path, Lease] = {}

    def plan(self) -> Plan:
        """Read the locks, and decide their ends. Raises LostError if another run holds one of them by now."""
        clock = Clock.read()
        current: dict[str, dict[str, Any]] = {}
        for directory in sorted({path.parent for path in self.paths if path.parent.is_dir()}):
            if not self.call.check_mode:
                self.held.enter_context(lease.exclusive(directory))
        for path in self.paths:
            found = lease.read(path)
            if found is None or found.is_released:
                continue
            if found.run_id != self.run_id:
                raise LostError(f"{found.purpose} by {found.holder} holds the lock {path}", lease=found.shown())
            current[str(path)] = found.shown()
            self.desired[path] = lease.lasting(found, self.seconds, clock)
        return make_plan({str(path): each.shown() for path, each in self.desired.items()}, current)

    def apply(self, plan: Plan) -> None:
        """Write the locks with their new ends."""
        names = {change.name for change in plan}
        for path, desired in self.desired.items():
            if str(path) in names:
                lease.write(path, desired)

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the values of the module; the lock is the first one."""
        first = next(iter(self.desired.values()), None)
        return {"lease": first.shown() if first else None, "abandoned": None, "held": first is not None, "failures": []}

    def close(self) -> None:
        """Let other processes read and write the locks."""
        self.held.close()
