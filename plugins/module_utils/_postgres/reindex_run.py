# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebuild the bloated indexes, each for a bounded time, and drop what an interrupted rebuild left.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from .._core.errors import DatabaseError, InputError
from .._core.plan import DELETE, UPDATE, Plan, make_plan
from .._core.work import Invocation, Work
from .._host import engine_probe, requirements
from . import connection as postgres_connection
from . import index_statistics, reindex_plan
from .connection import Database
from .index_statistics import Bloat
from .reindex_plan import Limits, Selection
from .statement_runner import StatementRunner

#: The first version with REINDEX CONCURRENTLY.
_LEAST_VERSION = 120000
#: The second half of the advisory lock's key: one run of this module at a time.
_LOCK = 0x7265
_FAILURE = "indexes could not be rebuilt"
_LIMITS = ("bloat_ratio", "min_bloat_bytes", "max_indexes", "max_bytes", "min_free_bytes")


class ReindexWork(Work):
    """The work of convosphere_db_reindex."""

    def __init__(self, call: Invocation) -> None:
        self.call = call
        self.params = call.params
        self.limits = Limits(**{name: call.params[name] for name in _LIMITS})
        self.database = Database(call.params, read_only=True)
        self.free_bytes: int | None = None
        self.candidates: list[Bloat] = []
        self.selection = Selection()
        self.leftovers: list[tuple[str, str]] = []
        #: What ``apply`` did, by the full name of the index: bytes afterwards and seconds.
        self.rebuilt: dict[str, dict[str, Any]] = {}

    def plan(self) -> Plan:
        """Read the sizes and the bloat, and choose what the limits of one run allow."""
        if not 0 <= self.params["bloat_ratio"] <= 1:
            raise InputError(f"The option bloat_ratio is {self.params['bloat_ratio']:g}: give a number from 0 to 1")
        self._refuse_unfit_server()
        self._bound_reads()
        found = reindex_plan.chosen(index_statistics.read(self.database), self.params["skip_indexes"])
        self.candidates = self._measured(reindex_plan.estimated(found, self.limits))
        self.free_bytes = self._free_bytes() if self.candidates else None
        self.selection = reindex_plan.select(self.candidates, self.limits, self.free_bytes)
        self.leftovers = index_statistics.leftovers(self.database)
        self.database.rollback()
        dropped = {f"{schema}.{name}": {"state": "invalid"} for schema, name in self.leftovers}
        bloated = {each.index.full_name: _fields(each) for each in self.selection.chosen}
        return make_plan(
            {**dict.fromkeys(dropped), **{name: {"bloat_bytes": 0} for name in bloated}}, {**dropped, **bloated}
        )

    def apply(self, plan: Plan) -> None:
        """Drop leftovers, rebuild one index after the other, and drop what a rebuild that failed left."""
        held = Database(self.params, read_only=True)
        connection = postgres_connection.connect(self.params)
        try:
            held.lock("indexes", _LOCK, self.params["lock_timeout"])
            connection.autocommit = True
            names = ("total_timeout", "index_timeout", "lock_timeout")
            total, each, lock = (self.params[name] for name in names)
            runner = StatementRunner(connection, total, each, lock, _FAILURE, "index_timeout")
            self._drop(runner, self.leftovers)
            try:
                runner.run({each.index.full_name: reindex_plan.statement(each.index) for each in self.selection.chosen})
            finally:
                self._read_results(runner)
        finally:
            connection.close()
            held.close()

    def carried_out(self, plan: Plan) -> Plan:
        """Return the plan without the indexes for which no time was left."""
        left = self.selection.left
        return Plan(tuple(each for each in plan if each.action == DELETE or each.name not in left), plan.unchanged)

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the candidates, what was rebuilt of them and what was not, and the dropped leftovers."""
        updated = self.carried_out(plan).names(UPDATE)
        chosen = {each.index.full_name: each for each in self.selection.chosen}
        nothing = {"after_bytes": None, "seconds": None}
        return {
            "measured_by": self.candidates[0].source if self.candidates else None,
            "free_bytes": self.free_bytes,
            "candidates": [
                {"index": each.index.full_name, "table": f"{each.index.schema}.{each.index.table}", **_fields(each)}
                for each in self.candidates
            ],
            "rebuilt": [
                {"index": name, "before_bytes": chosen[name].size, **self.rebuilt.get(name, nothing)}
                for name in updated
            ],
            "left": [{"index": name, "reason": reason} for name, reason in self.selection.left.items()],
            "dropped": plan.names(DELETE),
        }

    def close(self) -> None:
        """Close the connection."""
        self.database.close()

    def _refuse_unfit_server(self) -> None:
        rows = self.database.fetch(
            "SELECT pg_is_in_recovery(), current_setting('server_version_num')::int, current_setting('server_version')"
        )
        standby, number, version = rows[0]
        if standby:
            raise InputError("The server is a standby, which replays its primary", hint="Rebuild at the primary.")
        if number < _LEAST_VERSION:
            raise InputError(
                f"The server is PostgreSQL {version}, which cannot rebuild an index without locking its table",
                hint="Upgrade to PostgreSQL 12 or newer, or leave the indexes.",
            )

    def _bound_reads(self) -> None:
        """Limit the time for a measurement, and for the lock on an index that it waits for."""
        for name, seconds in (("statement_timeout", "index_timeout"), ("lock_timeout", "lock_timeout")):
            self.database.fetch("SELECT set_config(%s, %s, false)", (name, f"{self.params[seconds]}s"))

    def _measured(self, found: list[Bloat]) -> list[Bloat]:
        """Return the candidates as pgstattuple measures them, if it is installed."""
        schema = index_statistics.measuring_schema(self.database) if found else None
        if schema is None:
            return found
        return reindex_plan.above(
            [index_statistics.measured(self.database, schema, each) for each in found], self.limits
        )

    def _free_bytes(self) -> int | None:
        """Return the bytes that are free on the disk of PostgreSQL; None if that cannot be known from here."""
        if self.params["data_path"]:
            return int(requirements.space(self.params["data_path"], 0)["free_bytes"])
        if postgres_connection.is_elsewhere(self.params) or self.params["login_unix_socket"]:
            return None
        state = engine_probe.EngineProbe(self.params["docker_host"], self.params["connect_timeout"]).state()
        if state["state"] != engine_probe.RUNNING:
            return None
        return int(requirements.space(state["root"], 0)["free_bytes"])

    def _drop(self, runner: StatementRunner, leftovers: list[tuple[str, str]]) -> None:
        for schema, name in leftovers:
            try:
                text = f"DROP INDEX CONCURRENTLY IF EXISTS {index_statistics.quoted(schema, name)}"
                runner.execute(text, self.params["index_timeout"])
            except DatabaseError as error:
                raise DatabaseError(
                    f"Cannot drop the invalid index {schema}.{name} of an interrupted rebuild: {error.message}",
                    hint="It costs time at each write. Run it again when its table is not locked.",
                ) from error

    def _read_results(self, runner: StatementRunner) -> None:
        """Record the sizes, drop what failed rebuilds left, and warn if an estimate does not fit an index."""
        database = Database(self.params, read_only=True)
        try:
            for each in self.selection.chosen:
                name = each.index.full_name
                if name in runner.done:
                    after = index_statistics.size(database, each.index)
                    self.rebuilt[name] = {"after_bytes": after, "seconds": runner.seconds_by_name[name]}
                elif name in runner.postponed:
                    self.selection.left[name] = "total_timeout left no time for it"
            left = index_statistics.leftovers(database) if runner.failed or runner.postponed else []
            still = reindex_plan.estimated(index_statistics.read(database), self.limits)
        finally:
            database.close()
        if left and not runner.connection.closed:
            with suppress(DatabaseError):  # the lock may still be held: then the next run drops them
                self._drop(runner, left)
        misjudged = [each.index.full_name for each in still if each.index.full_name in runner.done]
        if misjudged and self.candidates[0].source == index_statistics.ESTIMATE:
            self.call.warn(
                f"The estimate still finds bloat in {', '.join(misjudged)} after the rebuild: it does not fit them. "
                "Name them in skip_indexes, or install the extension pgstattuple, which measures."
            )


def _fields(found: Bloat) -> dict[str, Any]:
    return {"bloat_bytes": found.bloat, "size_bytes": found.size}
