# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide how much one run of retention does, and refuse what looks like a mistake. Pure: no input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .._core.plan import Plan, make_plan
from .retention_rules import Stage

#: Of so few rows any share may expire.
FEW = 20


@dataclass(frozen=True)
class Amount:
    """The rows that a stage is about: how many expired, of which how many are on hold, and how many this run takes."""

    stage: Stage
    expired: int
    held: int
    limit: int

    @property
    def due(self) -> int:
        """The expired rows that no hold keeps."""
        return self.expired - self.held

    @property
    def taken(self) -> int:
        """The rows of this run."""
        return min(self.due, self.limit)


def loses_data(amounts: Iterable[Amount]) -> bool:
    """Return whether only a backup has some of the rows after the run."""
    return any(amount.stage.loses_data and amount.taken for amount in amounts)


def excessive(amounts: Sequence[Amount], totals: Mapping[str, int], max_share: int) -> list[str]:
    """Return a problem for each kind of records of which the rules delete or anonymise more than ``max_share`` percent.

    ``totals`` are all rows by kind. The rows that this run leaves to the next ones count as well.
    """
    problems = []
    for records, total in totals.items():
        due = sum(amount.due for amount in amounts if amount.stage.rule.records == records and amount.stage.loses_data)
        if due > FEW and due * 100 > max_share * total:
            counts = ", ".join(
                f"{amount.due} by {amount.stage.title}"
                for amount in amounts
                if amount.stage.rule.records == records and amount.stage.loses_data and amount.due
            )
            problems.append(
                f"The rules take {due} of {total} {records} ({counts}), which is {due * 100 // total} percent and more"
                f" than max_share={max_share}"
            )
    return problems


def changes(amounts: Sequence[Amount], interrupted: Sequence[str] = ()) -> Plan:
    """Return the plan: the expired rows of each stage before and after the run.

    ``interrupted`` are the runs of which the record is not written yet.
    """
    current: dict[str, dict[str, int]] = {amount.stage.title: {"expired": amount.due} for amount in amounts}
    desired: dict[str, dict[str, int]] = {
        amount.stage.title: {"expired": amount.due - amount.taken} for amount in amounts
    }
    records = {f"record of the run {run}": run for run in interrupted}
    current.update({title: {"written": False} for title in records})
    desired.update({title: {"written": True} for title in records})
    return make_plan(desired, current)
