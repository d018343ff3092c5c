# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Begin, change or end the maintenance of the edge.

The file of the maintenance is written in one step, and then loaded by a reload. If the edge refuses it, the previous
file is restored. A restore of the database may use the same two functions of ``edge_maintenance`` and ``edge``.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core import files
from .._core.errors import ConvosphereError, InputError, UnhealthyError
from .._core.plan import Plan, make_plan
from .._core.timestamps import format_time, parse_time, span
from .._core.work import Invocation, Work
from .._engine import client as engine_client
from .._engine.project import RUNNING
from . import edge, project_owner
from . import edge_maintenance as maintenance

if TYPE_CHECKING:
    from docker.models.containers import Container

#: Two ends that differ by less are the same, so that a second run with the same minutes changes nothing.
TOLERANCE = timedelta(seconds=60)
LOADED, NOT_LOADED = {"configuration": "loaded"}, {"configuration": "not loaded"}


class EdgeMaintenanceRun(Work):
    """One run of convosphere_edge_maintenance."""

    def __init__(self, invocation: Invocation) -> None:
        self.params = invocation.params
        self.check_mode = invocation.check_mode
        self.directory = Path(self.params["project_src"])
        self.edges: list[Container] = []
        self.current: maintenance.Maintenance | None = None
        self.desired: maintenance.Maintenance | None = None

    def plan(self) -> Plan:
        """Compare the file, and what the running edge has loaded, with the options."""
        now = datetime.now(timezone.utc)
        problems = list(maintenance.problems(self.params["operators"], self.params["reason"]))
        if problems:
            raise InputError.of(problems, hint="Nothing was changed.")
        self._read()
        if self.params["keep_others"] and self._is_of_others(now):
            self.desired = self.current
        elif self.params["state"] == "present":
            self.desired = self._desired(now)
            self._refuse_old_configuration()
        desired: dict[str, Any] = {
            "maintenance": self.desired.fields() if self.desired else None,
            **{str(container.name): LOADED for container in self.edges},
        }
        current: dict[str, Any] = {"maintenance": self.current.fields()} if self.current else {}
        end = _end(self.current, now)
        for container in self.edges:
            # While the file changes, the reload is not worth a line of its own.
            known = self.current != self.desired or _loaded_end(container, now) == end
            current[str(container.name)] = LOADED if known else NOT_LOADED
        return make_plan(desired, current)

    def apply(self, plan: Plan) -> None:
        """Write or remove the file, and reload the edge; restore the previous file if the edge refuses the new one."""
        self._write(self.desired)
        try:
            edge.reload(self.edges)
        except ConvosphereError:
            self._write(self.current)
            raise

    def verify(self, plan: Plan) -> None:
        """Raise UnhealthyError unless each running edge has loaded the maintenance, or its end."""
        now = datetime.now(timezone.utc)
        for container in self.edges if plan.changed else []:
            if _loaded_end(container, now) != _end(self.desired, now):
                raise UnhealthyError(
                    f"{container.name} has not loaded {maintenance.path(self.directory)}",
                    hint="Look at its log, and run again.",
                )

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the maintenance after the run; in check mode the predicted one."""
        return {"maintenance": maintenance.described(self.desired, datetime.now(timezone.utc))}

    def _read(self) -> None:
        """Read the file and the containers of the edge."""
        connect = engine_client.connect_if_there if self.check_mode else engine_client.connect
        client = connect(self.params["docker_host"], self.params["timeout"])
        if client:
            project_owner.refuse_foreign_project_of(client, self.params)
            containers = engine_client.project_containers(client, self.params["project_name"])
            self.edges = [item for item in containers.get(self.params["edge"], []) if item.status == RUNNING]
        self.current = maintenance.read(self.directory)

    def _is_of_others(self, now: datetime) -> bool:
        """Return whether a maintenance with another reason is in effect."""
        current = self.current
        return current is not None and now < current.until and current.reason != self.params["reason"]

    def _desired(self, now: datetime) -> maintenance.Maintenance:
        until = self._until(now)
        if not now < until <= now + maintenance.LONGEST:
            raise InputError(
                f"The maintenance would end at {format_time(until)}, which is past, or more than"
                f" {maintenance.LONGEST.days} days from now",
                hint="Nothing was changed. Give minutes or until within that period; a later run can prolong it.",
            )
        reason, operators = self.params["reason"], tuple(self.params["operators"])
        return maintenance.Maintenance(until, reason, operators, self.params["retry_after"])

    def _until(self, now: datetime) -> datetime:
        if self.params["until"]:
            try:
                return parse_time(self.params["until"])
            except ValueError as error:
                raise InputError(
                    f"until is {self.params['until']!r}: give a timestamp in UTC such as 2026-11-29T06:00:00Z"
                ) from error
        until = (now + span("minutes", self.params["minutes"], "minutes")).replace(microsecond=0)
        same = self.current and abs(self.current.until - until) < TOLERANCE
        return self.current.until if self.current and same else until

    def _refuse_old_configuration(self) -> None:
        config = self.directory / edge.STATE[0] / "Caddyfile"
        if maintenance.IMPORT not in (files.read_text(config) or ""):
            raise InputError(
                f"{config} does not import {maintenance.IMPORT}, so that the edge would ignore the maintenance",
                hint="Nothing was changed. Deploy the environment once with this version of the collection.",
            )

    def _write(self, desired: maintenance.Maintenance | None) -> None:
        path = maintenance.path(self.directory)
        if desired is None:
            files.remove(path)
        else:
            files.write_text(path, desired.render(), "0644")
            path.parent.chmod(0o755)


def _end(period: maintenance.Maintenance | None, now: datetime) -> int | None:
    """Return the end of a maintenance in seconds since 1970; None if it is over."""
    return int(period.until.timestamp()) if period and period.until > now else None


def _loaded_end(container: Container, now: datetime) -> int | None:
    """Return the end of the maintenance that an edge has loaded; None if it is over."""
    end = maintenance.end_in(edge.running_config(container))
    return end if end is not None and end > now.timestamp() else None
