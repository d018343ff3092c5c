# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set, remove and expire the overrides of an environment in its record.

Only the record changes. The role stack begins a change, deploys the settings, and completes it: a deploy that fails
abandons it, and the deploy after one that was killed carries on with it.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .._core import files
from .._core.errors import InputError
from .._core.plan import Plan, make_plan
from .._core.work import Invocation, Work
from .._host import environment_directory
from . import overrides

#: The phases of a change around its deploy; WHOLE is a change without one.
WHOLE, BEGIN, COMPLETE, ABANDON = PHASES = ("whole", "begin", "complete", "abandon")
#: The name in a diff, which is no name of an environment variable.
IN_PROGRESS = "change in progress"


class OverridesRun(Work):
    """One run of convosphere_config_override."""

    def __init__(self, invocation: Invocation) -> None:
        self.params = invocation.params
        self.directory = Path(self.params["project_src"])
        self.now = datetime.now(timezone.utc).replace(microsecond=0)
        self.current = overrides.Record({})
        self.desired = overrides.Record({})

    def plan(self) -> Plan:
        """Compare the record with the options. Expired overrides are removed."""
        problems = list(self._problems())
        if problems:
            raise InputError.of(problems, hint="Nothing was changed.")
        environment_directory.refuse_foreign_directory(self.directory, self.params["environment_name"], "project_src")
        self.current = overrides.read(self.directory)
        self.desired = self._desired()
        current, desired = self._shown(self.current), self._shown(self.desired)
        return make_plan({name: desired.get(name) for name in sorted({*current, *desired})}, current)

    def apply(self, plan: Plan) -> None:
        """Replace the record in one step; remove it with the last override."""
        if self.desired.overrides or self.desired.in_progress:
            files.write_text(overrides.path(self.directory), overrides.render(self.desired), "0600")
        else:
            files.remove(overrides.path(self.directory))

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the overrides after the run; in check mode the predicted ones."""
        return {"overrides": overrides.described(self.desired.overrides, self.now)}

    def _desired(self) -> overrides.Record:
        phase, now = self.params["phase"], self.current
        if phase == ABANDON and not self._serves_release():
            return now
        if phase == ABANDON:
            return overrides.Record(now.overrides if now.before is None else now.before)
        after = {**now.overrides, **self._given()}
        # What expires while it is deployed serves, and its record stays until a deploy has removed it.
        kept = {
            name: each
            for name, each in after.items()
            if name not in self.params["unset"] and (phase == COMPLETE or each.active(self.now))
        }
        if phase != BEGIN or kept == now.overrides:
            return overrides.Record(kept, now.before if phase == BEGIN else None)
        return overrides.Record(kept, now.overrides if now.before is None else now.before)

    def _serves_release(self) -> bool:
        """Return whether the files are those of the recorded release: the deploy was rolled back, or changed nothing.

        A deploy that fails after its switch leaves the new settings serving, and they stay recorded.
        """
        recorded = files.read_text(self.directory / "releases/current/compose.yaml")
        return recorded in (None, files.read_text(self.directory / "compose.yaml"))

    def _shown(self, record: overrides.Record) -> dict[str, dict[str, Any]]:
        """Return the objects of the plan: the overrides, and that a change is in progress."""
        shown = {name: record.overrides[name].fields() for name in sorted(record.overrides)}
        return (
            {**shown, IN_PROGRESS: {"overrides before": sorted(record.before)}} if record.before is not None else shown
        )

    def _given(self) -> dict[str, overrides.Override]:
        """Return the overrides of the options; one that is recorded already keeps its record."""
        if not self.params["set"]:
            return {}
        until = self.now + overrides.period(self.params["expires"])
        known = self.current.overrides
        reason, by = self.params["reason"], self.params["set_by"]
        given = {
            name: overrides.Override(name, value, reason, by, self.now, until)
            for name, value in self.params["set"].items()
        }
        return {name: known[name] if each.like(known.get(name)) else each for name, each in given.items()}

    def _problems(self) -> Iterator[str]:
        given, reason = self.params["set"], self.params["reason"]
        for name in [*given, *self.params["unset"]]:
            if not overrides.NAME.fullmatch(str(name)):
                yield f"{name!r} cannot be the name of an environment variable"
        for name in sorted({*given} & {*self.params["unset"]}):
            yield f"{name} is in both set and unset"
        if given and (wrong := overrides.reason_problem(reason)):
            yield f"reason {wrong}"
        if given and not self.params["expires"]:
            yield "expires is missing: give the period after which the override ends, such as 4h"
