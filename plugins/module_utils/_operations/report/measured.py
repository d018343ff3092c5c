# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take what the steps of a run measured from their ``data``, and keep the last measurement of a step that did not run.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

#: The steps whose data a report keeps, with the key of their rows.
KEPT = {"certificates": "certificates", "disk": "filesystems", "secrets": "secrets", "drift": "lines"}

Facts = Mapping[str, Any]


def results(hosts: Sequence[Facts]) -> list[dict[str, Any]]:
    """Return the result of each step of each host, with its host."""
    return [{"host": host["name"], **step} for host in hosts for step in host["steps"] or ()]


def data_of(hosts: Sequence[Facts], step: str) -> list[tuple[str, Facts]]:
    """Return host and data of each result of a step that has data."""
    return [(each["host"], each["data"]) for each in results(hosts) if each["step"] == step and each.get("data")]


def merged(hosts: Sequence[Facts], previous: Facts | None, at: str) -> dict[str, dict[str, Any]]:
    """Return ``{step: {at, rows, more}}``: what was measured now, or else in an earlier run, at that time.

    ``more`` are the other values of the data, such as a limit.
    """
    found: dict[str, dict[str, Any]] = dict((previous or {}).get("measured") or {})
    for step, key in KEPT.items():
        present = data_of(hosts, step)
        if present:
            rows = [row for host, data in present for row in _rows(host, data.get(key) or ())]
            more = {name: value for _host, data in present for name, value in data.items() if name != key}
            if "differences" in more:
                more["differences"] = sum(data.get("differences", 0) for _host, data in present)
            found[step] = {"at": at, "rows": rows, "more": more}
    return found


def _rows(host: str, rows: Sequence[Any]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield {"host": host, **(row if isinstance(row, Mapping) else {"text": str(row)})}


def last_results(hosts: Sequence[Facts], previous: Facts | None, *, partial: bool) -> list[dict[str, Any]]:
    """Return ``host, step, status, seconds`` of each step when it last ran on a host; a full run replaces them all."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    earlier = previous.get("last_results") or previous["steps"] if previous and partial else []
    for each in [*earlier, *results(hosts)]:
        fields = {name: each.get(name) for name in ("host", "step", "status", "seconds")}
        found[(each["host"], each["step"])] = fields
    return list(found.values())


def last_success(hosts: Sequence[Facts], previous: Facts | None, at: str) -> dict[str, str]:
    """Return when each step last succeeded on every host that ran it."""
    found = dict((previous or {}).get("last_success") or {})
    statuses: dict[str, set[str]] = {}
    for each in results(hosts):
        statuses.setdefault(each["step"], set()).add(each["status"])
    for step, seen in statuses.items():
        if seen <= {"ok", "changed"}:
            found[step] = at
    return found
