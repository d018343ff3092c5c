# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merge the records of runs of the hosts of an environment, and write them as lines. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import Topology

Facts = Mapping[str, Any]


def join(by_host: Mapping[str, Facts], topology: Topology) -> dict[str, Any]:
    """Return the runs of all hosts in the order of their ends, each with the host that has its record."""
    hosts = [host for host in topology.hosts("all") if "runs" in by_host.get(host, {})]
    runs = [{"host": host, **run} for host in hosts for run in by_host[host]["runs"]]
    # A playbook that has no database host in it leaves its record elsewhere, and the rows are in the database.
    known = {run["run"] for run in runs}
    others = [each for host in hosts for each in by_host[host]["other_changes"]]
    return {
        "environment": topology.env,
        "hosts": hosts,
        "runs": sorted(runs, key=lambda run: (run["until"], run["run"])),
        "other_changes": [each for each in others if each["run"] not in known],
        "problems": [f"{host}: {by_host[host]['rows_problem']}" for host in hosts if by_host[host]["rows_problem"]],
    }


def lines(result: Facts, _context: Facts) -> list[str]:
    """Return a line for each run, and below it the rows of the audit trail that it wrote."""
    found = [line for run in result["runs"] for line in _run(run, len(result["hosts"]) > 1)]
    found = found or [f"There is no record of a run of {result['environment']} in this period"]
    for each in result["other_changes"]:
        count = f"{each['changes_total']} changes of run {each['run']}"
        found.append(f"{each['at']} no record   {count}: {each['description']}")
    return [*found, *(f"The platform's audit trail cannot be read on {text}" for text in result["problems"])]


def _run(run: Facts, several: bool) -> Iterator[str]:
    place = f" on {run['host']}" if several else ""
    release = f", release {run['release']}" if run.get("release") else ""
    head = f"{run['until']} {run['result']:<11} {run['what']}{place} by {run['who']}"
    seconds = "" if run.get("seconds") is None else f", {run['seconds']} s"
    yield f"{head}{seconds}{release}, run {run['run']}"
    for failure in run.get("failures") or []:
        yield f"    {failure['module']}: {failure['message'].splitlines()[0]}"
    for name, value in (run.get("details") or {}).items() if isinstance(run.get("details"), Mapping) else ():
        if not isinstance(value, list):  # measurements for later runs
            yield f"    {name}: {value}"
    changes = run.get("changes") or []
    yield from (f"    {change['at']} {change['description']}" for change in changes)
    more = run.get("changes_total", 0) - len(changes)
    if more > 0:
        yield f"    and {more} more changes"
