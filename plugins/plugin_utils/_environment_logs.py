# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merge the log records of the hosts of an environment by time, and write them as lines. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import Topology

Facts = Mapping[str, Any]
#: The size of all records together, in bytes, and what a record takes beside its message.
MOST_BYTES, _OVERHEAD = 1 << 20, 160
#: The characters of a timestamp up to its milliseconds.
_MILLISECONDS = len("2026-11-29T10:00:00.123")


def join(
    by_host: Mapping[str, Facts], tail: int, project: str, topology: Topology, most_bytes: int = MOST_BYTES
) -> dict[str, Any]:
    """Return the newest records of all hosts, oldest first, and what could not be read.

    A host without ``records`` could not be asked; its result has ``msg``.
    """
    hosts = [host for host in topology.hosts("all") if "records" in by_host.get(host, {})]
    found = merge(*(_named(host, by_host[host]["records"], project) for host in hosts), key=lambda each: each["time"])
    every = list(found)
    records = _newest(every, tail, most_bytes)
    return {
        "environment": topology.env,
        "hosts": hosts,
        "left_out": [host for host in topology.hosts("all") if host not in hosts],
        "records": records,
        "truncated": len(records) < len(every) or any(by_host[host]["truncated"] for host in hosts),
        "unreadable": [
            {"host": host, "container": name, "reason": reason}
            for host in hosts
            for name, reason in by_host[host]["unreadable"].items()
        ],
    }


def find_unknown(by_host: Mapping[str, Facts]) -> list[str]:
    """Return the services that no host has."""
    found = [set(each.get("unknown", ())) for each in by_host.values() if "records" in each]
    return sorted(set.intersection(*found)) if found else []


def lines(logs: Facts, context: Facts) -> list[str]:
    """Return the records as lines of text, after what is missing."""
    return [*_notes(logs, context), *(record_lines(logs) or ["No record matches"])]


def record_lines(logs: Facts) -> list[str]:
    """Return the records as lines of text, the lines of a traceback below its first line."""
    several = len(logs["hosts"]) + len(logs["left_out"]) > 1
    return [line for record in logs["records"] for line in _lines(record, several)]


def _notes(logs: Facts, context: Facts) -> Iterator[str]:
    if logs["left_out"]:
        yield f"Without {', '.join(logs['left_out'])}, which did not take part in this run"
    for each in logs["unreadable"]:
        yield f"Without {each['container']} on {each['host']}: {each['reason']}"
    if logs["truncated"]:
        yield f"The newest {len(logs['records'])} records; there are older ones: -e tail={10 * int(context['tail'])}"


def _lines(record: Facts, several: bool) -> list[str]:
    host = f"{record['host']} " if several else ""
    source = f"{record['source']} - " if record["source"] else ""
    fields = "".join(f" {name}={_value(value)}" for name, value in record.get("fields", {}).items())
    first, *rest = record["message"].split("\n")
    level = (record["level"] or "-").upper()
    stamp = f"{record['time'][:_MILLISECONDS]}Z"
    return [f"{stamp} {host}{record['short']} {level:<8} {source}{first}{fields}", *(f"    {line}" for line in rest)]


def _value(value: Any) -> str:
    return value if isinstance(value, str) and value and " " not in value else json.dumps(value, ensure_ascii=False)


def _named(host: str, records: Sequence[Facts], project: str) -> list[dict[str, Any]]:
    return [
        {"host": host, **record, "short": str(record["container"]).removeprefix(f"{project}-")} for record in records
    ]


def _newest(records: list[dict[str, Any]], tail: int, most_bytes: int) -> list[dict[str, Any]]:
    kept = records[-tail:]
    size = 0
    for number, record in enumerate(reversed(kept)):
        size += len(record["message"]) + len(str(record.get("fields", ""))) + _OVERHEAD
        if size > most_bytes and number:
            return kept[len(kept) - number :]
    return kept
