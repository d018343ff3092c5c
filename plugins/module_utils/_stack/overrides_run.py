# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set, remove and expire the overrides of an environment in its record.

Only the record changes. The role stack deploys the settings before it records them.

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


class OverridesRun(Work):
    """One run of convosphere_config_override."""

    def __init__(self, invocation: Invocation) -> None:
        self.params = invocation.params
        self.directory = Path(self.params["project_src"])
        self.now = datetime.now(timezone.utc).replace(microsecond=0)
        self.current: dict[str, overrides.Override] = {}
        self.desired: dict[str, overrides.Override] = {}

    def plan(self) -> Plan:
        """Compare the record with the options. Expired overrides are removed."""
        problems = list(self._problems())
        if problems:
            raise InputError.of(problems, hint="Nothing was changed.")
        environment_directory.refuse_foreign_directory(self.directory, self.params["environment_name"], "project_src")
        self.current = overrides.read(self.directory)
        self.desired = {
            name: each
            for name, each in {**self.current, **self._given()}.items()
            if each.active(self.now) and name not in self.params["unset"]
        }
        return make_plan(
            {name: self._fields(name) for name in sorted({*self.current, *self.desired})},
            {name: each.fields() for name, each in self.current.items()},
        )

    def apply(self, plan: Plan) -> None:
        """Replace the record in one step; remove it with the last override."""
        if self.desired:
            text = overrides.render(self.desired[name] for name in sorted(self.desired))
            files.write_text(overrides.path(self.directory), text, "0600")
        else:
            files.remove(overrides.path(self.directory))

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the overrides after the run; in check mode the predicted ones."""
        return {"overrides": overrides.described(self.desired, self.now)}

    def _fields(self, name: str) -> dict[str, Any] | None:
        return self.desired[name].fields() if name in self.desired else None

    def _given(self) -> dict[str, overrides.Override]:
        """Return the overrides of the options; one that is recorded already keeps its record."""
        if not self.params["set"]:
            return {}
        until = self.now + overrides.period(self.params["expires"])
        reason, by = self.params["reason"], self.params["set_by"]
        given = {
            name: overrides.Override(name, value, reason, by, self.now, until)
            for name, value in self.params["set"].items()
        }
        return {name: self.current[name] if each.like(self.current.get(name)) else each for name, each in given.items()}

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
