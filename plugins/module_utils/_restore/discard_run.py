# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Discard for good the databases, uploads and vectors that restores have kept.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from typing import Any

from .._core.errors import InputError
from .._core.plan import DELETE, Change, Plan
from .._core.work import Invocation
from .component_group import ComponentGroup
from .restore_work import RestoreWork


class DiscardRun(RestoreWork):
    """Discard the content that is kept when the run begins."""

    def __init__(self, invocation: Invocation) -> None:
        super().__init__(invocation)
        self.others = ComponentGroup(self.params, None)

    def plan(self) -> Plan:
        """Return a deletion for each kept object. Raises InputError if one may be the only copy."""
        self.connect()
        listed = self.kept(self.others)
        if listed:
            self.refuse_unconfirmed(f"This discards for good what restores of {self.place()} have kept:", listed)
        if listed and not self.check_mode:
            self.server.lock(self.live)
            kept = self.kept(self.others)
            listed = [name for name in listed if name in kept]  # another run may have discarded some until now
        self.recovery.refuse()
        if listed and self.live not in self.server.databases():
            raise InputError(
                f"There is no database {self.live}: the kept content may be the only copy, and cannot be discarded",
                hint=f"Nothing was changed. Restore a backup first. Kept: {', '.join(listed)}.",
            )
        return Plan(tuple(Change(name, DELETE, {"kept": True}, None) for name in listed))

    def apply(self, plan: Plan) -> None:
        """Remove what interrupted runs left, and discard the planned objects. Objects kept since then stay."""
        self.remove_leftovers()
        listed = plan.names(DELETE)
        for name in self.side_databases.kept():
            if name in listed:
                self.side_databases.drop(name)
        self.others.discard(listed)

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the discarded objects and the kept ones."""
        return {
            "backup": None,
            "restored": False,
            "skipped": [],
            "previous": None,
            "kept": self.kept(self.others),
            "discarded": plan.names(DELETE),
            "duration": None,
        }
