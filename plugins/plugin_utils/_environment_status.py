# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Join the services of the hosts of an environment, and find what is missing, broken or left over. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.common.text.formatters import bytes_to_human
from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import Topology
from ansible_collections.convosphere.platform.plugins.plugin_utils._stack_topology import PLACEMENT_OF

Facts = Mapping[str, Any]
ABSENT, RUNNING, HEALTHY = "absent", "running", "healthy"


@dataclass(frozen=True)
class Environment:
    """The services of several hosts, as convosphere_service_info returned them."""

    topology: Topology
    #: All services of the stack, in the order in which they are listed.
    stack: Sequence[str]
    #: What the module returned for each host.
    found: Mapping[str, Facts]
    #: What convosphere_health_info returned for each host of the edge; empty if the platform was not asked.
    platform: Mapping[str, Facts]

    @property
    def hosts(self) -> list[str]:
        """The hosts that were asked, in the order of their placements."""
        return [host for host in self.topology.hosts("all") if host in self.found]

    def expected(self, host: str) -> list[str]:
        """Return the services that a host has to run."""
        placements = self.topology.placements(host)
        return [name for name in self.stack if PLACEMENT_OF[name] in placements]

    def rows(self) -> list[dict[str, Any]]:
        """Return each service of each host; those that are missing too."""
        return [row for host in self.hosts for row in self._rows_of(host)]

    def problems(self) -> list[str]:
        """Return what is missing or broken, a sentence each without its final dot."""
        return [text for host in self.hosts for text in (*self._broken(host), *self._reported(host))]

    def left_over(self) -> list[str]:
        """Return what runs on a host whose placements do not have it, a sentence each without its final dot."""
        return [text for host in self.hosts for text in self._left_over(host)]

    def describe(self) -> dict[str, Any]:
        """Return all of it."""
        maintenance = {host: self.found[host].get("maintenance") for host in self.hosts if host in self.topology.edge}
        overrides = [each for host in self.topology.database for each in self._overrides(host)]
        return {
            "exists": any(self.found[host]["exists"] for host in self.hosts),
            "hosts": self.hosts,
            "left_out": [host for host in self.topology.hosts("all") if host not in self.found],
            "services": self.rows(),
            "problems": self.problems(),
            "left_over": self.left_over(),
            "overrides": overrides,
            "secrets": self._of_database("secrets"),
            "rotation": self._of_database("rotation") or None,
            "maintenance": {host: period for host, period in maintenance.items() if period},
        }

    def _of_database(self, name: str) -> Any:
        """Return what the first database host that was asked knows."""
        return next((self.found[host].get(name) for host in self.topology.database if host in self.found), None) or {}

    def _overrides(self, host: str) -> Sequence[Facts]:
        """Return the recorded overrides of a database host."""
        found: Sequence[Facts] = self.found.get(host, {}).get("overrides") or ()
        return found

    def _rows_of(self, host: str) -> Iterator[dict[str, Any]]:
        services = {each["name"]: each for each in self.found[host]["services"]}
        known = self.expected(host)
        for name in [*known, *(name for name in services if name not in known)]:
            if name in services:
                yield {"host": host, **services[name]}
            else:
                yield {"host": host, "name": name, "state": ABSENT, "health": None, "version": None, "sandbox": False}

    def _broken(self, host: str) -> Iterator[str]:
        if not self.found[host]["exists"]:
            yield f"{host}: {self.topology.env} is not deployed there"
            return
        for row in self._rows_of(host):
            if row["state"] == ABSENT:
                yield from [f"{host}: {row['name']} is missing"] if row["name"] in self.expected(host) else []
            elif row["state"] != RUNNING:
                yield f"{host}: {row['name']} is {row['state']}"
            elif row["health"] not in (HEALTHY, None):
                yield f"{host}: {row['name']} is {row['health']}"

    def _reported(self, host: str) -> Iterator[str]:
        """Yield the problems of the platform's own report, if this host was asked for it."""
        report = self.platform.get(host)
        if report and report["status"] not in (HEALTHY, "busy"):
            yield from (f"{host}: {text}" for text in report["problems"])

    def _left_over(self, host: str) -> Iterator[str]:
        expected = self.expected(host)
        for each in self.found[host]["services"]:
            name = each["name"]
            if name in PLACEMENT_OF and name not in expected and each["state"] != ABSENT:
                homes = ", ".join(self.topology.hosts(PLACEMENT_OF[name]))
                yield f"{host}: a container of {name} is left, which belongs to {homes}"


def table(rows: Sequence[Facts]) -> list[str]:
    """Return the services of several hosts as lines of a table, with their usage if it was measured."""
    width = max((len(row["host"]) for row in rows), default=4)
    lines = [_line("HOST", width, "SERVICE", "HEALTH", "VERSION", "")]
    for row in rows:
        note = "sandbox stand-in" if row["sandbox"] else ""
        health = row["health"] or row["state"]
        lines.append(_line(row["host"], width, row["name"], health, row["version"] or "-", note))
        if row.get("memory_bytes") is not None:
            memory = bytes_to_human(row["memory_bytes"])
            lines.append(f"{'':<{width}} {'':<10} {row['cpu_percent']}% of a processor, {memory} of memory")
    return lines


def log_lines(services: Sequence[Facts]) -> list[str]:
    """Return how the logs of services are limited: those with the same limits in one line, unlimited ones first."""
    limits: dict[str, list[str]] = {}
    unlimited: dict[str, list[str]] = {}
    for service in services:
        log = service.get("log")
        if log:
            place = f" on {service['host']}" if service.get("host") else ""
            group = unlimited if log["limited"] is False else limits
            group.setdefault(_limit(log), []).append(f"{service['name']}{place}")
    lines = []
    for text, names in unlimited.items():
        lines.append(f"{'UNLIMITED':<10} the log of {', '.join(names)} may fill the disk: {text}")
    if unlimited:
        lines.append(f"{'':<10} Set stack_log_max_size, or max-size in the override, and deploy")
    return [*lines, *(f"{'Logs':<10} {text}: {', '.join(names)}" for text, names in limits.items())]


def _limit(log: Facts) -> str:
    if log["max_size"]:
        return f"{log['driver']}, at most {log['max_file']} files of {log['max_size']}"
    return f"{log['driver']} without max-size" if log["limited"] is False else f"{log['driver']}"


def _line(host: str, width: int, service: str, health: str, version: str, note: str) -> str:
    return f"{host:<{width}} {service:<10} {health:<10} {version:<12} {note}".rstrip()
