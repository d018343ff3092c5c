# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove the platform's expired records in batches: reset tokens, search queries, rows of the audit log.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from typing import Any

from .._core.errors import DatabaseError
from .._core.plan import Plan, make_plan
from .._core.work import Invocation, Work
from .._postgres.connection import Database
from . import records_plan
from .records_plan import Amount, Kind

#: The second half of the advisory lock's key: one run of this module at a time.
_LOCK = 0x7263
#: The rows of one transaction. Locks are short, and a killed run keeps what it has done.
_BATCH = 2000
#: With its era: a great number of days leads to a year before Christ, which would be read as one to come.
_BEFORE = "SELECT to_char(now() AT TIME ZONE 'UTC' - make_interval(days => %s), 'YYYY-MM-DD HH24:MI:SS.US+00 BC')"


class RecordsWork(Work):
    """The work of convosphere_records."""

    def __init__(self, call: Invocation) -> None:
        self.params = call.params
        self.chosen = records_plan.chosen(call.params)
        self.database = Database(call.params, read_only=call.check_mode)
        self.check_mode = call.check_mode
        self.amounts: dict[str, Amount] = {}
        #: By kind: the timestamp before which a row expired, and the rows that were removed.
        self.before: dict[str, str] = {}
        self.removed: dict[str, int] = {}

    def plan(self) -> Plan:
        """Count the expired rows of each kind that the policy names."""
        if not self.chosen:
            return Plan()
        if not self.check_mode:
            self.database.lock("records", _LOCK, self.params["lock_timeout"])
        self._refuse_missing()
        expired = {}
        for kind, days in self.chosen:
            self.before[kind.name] = str(self.database.fetch(_BEFORE, (days,))[0][0])
            counting = f"SELECT count(*) FROM {kind.table} WHERE {kind.condition}"  # noqa: S608 - texts of KINDS
            expired[kind.name] = int(self.database.fetch(counting, self._values(kind))[0][0])
        self.database.rollback()
        self.amounts = records_plan.amounts(expired, self.params["limit"], self.params["max_deletions"])
        current = {name: {"expired": amount.expired} for name, amount in self.amounts.items()}
        desired = {name: {"expired": amount.expired - amount.removed} for name, amount in self.amounts.items()}
        return make_plan(desired, current)

    def apply(self, plan: Plan) -> None:
        """Remove the oldest rows of each kind, a batch in each transaction. Rows that others have locked stay."""
        for kind, _days in self.chosen:
            while self.removed.get(kind.name, 0) < self.amounts[kind.name].removed:
                done = self._remove_batch(kind, self.amounts[kind.name].removed - self.removed.get(kind.name, 0))
                if not done:
                    break
                self.removed[kind.name] = self.removed.get(kind.name, 0) + done

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the rows that were removed, or would be, and those that remain for the next run."""
        rows = {
            name: amount.removed if self.check_mode else self.removed.get(name, 0)
            for name, amount in self.amounts.items()
        }
        remaining = {name: amount.expired - rows[name] for name, amount in self.amounts.items()}
        return {"rows": rows, "remaining": remaining, "limit": self.params["limit"]}

    def close(self) -> None:
        """Close the connection, which releases the lock."""
        self.database.close()

    def _refuse_missing(self) -> None:
        for kind, _days in self.chosen:
            self.database.columns(kind.table, kind.columns)
        missing = self.database.missing_rights({kind.table: kind.rights for kind, _days in self.chosen})
        if missing:
            raise DatabaseError(f"Cannot remove expired records: {'; '.join(missing)}", hint="Nothing was changed.")

    def _remove_batch(self, kind: Kind, most: int) -> int:
        statement = f"""
            {kind.removal} WHERE id IN (
                SELECT id FROM {kind.table} WHERE {kind.condition}
                ORDER BY {kind.order}, id LIMIT %(most)s FOR UPDATE SKIP LOCKED
            )
        """  # noqa: S608 - texts of KINDS
        values = {**self._values(kind), "most": min(most, _BATCH)}
        done = self.database.execute(statement, values, step=f"remove expired {kind.name}")
        self.database.commit()
        return done

    def _values(self, kind: Kind) -> dict[str, Any]:
        return {"before": self.before[kind.name]}
