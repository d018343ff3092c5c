# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrange the documents of a support bundle: those of each host, the merged logs, and a list of what is missing.

No input or output. This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _environment_logs
from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import Topology

Facts = Mapping[str, Any]
#: More than all hosts return.
_ALL = 1_000_000
_BYTES = 64 << 20


def arrange(by_host: Mapping[str, Facts], project: str, topology: Topology, context: Facts) -> dict[str, Any]:
    """Return the documents of the bundle, and what is missing in it, a sentence each."""
    hosts = [host for host in topology.hosts("all") if "parts" in by_host.get(host, {})]
    missing = list(_missing(by_host, topology))
    documents = [document for host in hosts for document in _of_host(host, by_host[host])]
    logs = {host: by_host[host]["logs"] for host in hosts if by_host[host]["logs"]}
    if logs:
        merged = _environment_logs.join(logs, _ALL, project, topology, _BYTES)
        lines = _environment_logs.record_lines(merged)
        documents.insert(0, {"path": "logs.txt", "content": "\n".join(lines) + "\n"})
    listed = [document["path"] for document in documents]
    readme = _readme(topology, hosts, listed, missing, context)
    return {"documents": [{"path": "README.txt", "content": readme}, *documents], "missing": missing}


def lines(result: Facts, context: Facts) -> list[str]:
    """Return where the archive is, and what is missing in it."""
    done = "would be written" if context["check_mode"] else "written, for its owner only"
    first = f"{result['path']} {done}: {len(result['documents'])} documents, {result['size_bytes']} bytes"
    return [first, *(f"{'MISSING':<10} {text}" for text in context["missing"])]


def _missing(by_host: Mapping[str, Facts], topology: Topology) -> Iterator[str]:
    for host in topology.hosts("all"):
        found = by_host.get(host)
        if found is None:
            yield f"{host}: all of it, because the host could not be reached or did not take part in the run"
        elif "parts" not in found:
            yield f"{host}: all of it: {found.get('msg') or 'the host returned nothing'}"
        else:
            yield from (f"{host}: {name}: {reason}" for name, reason in found["missing"].items())
            unreadable = (found["logs"] or {}).get("unreadable", {})
            yield from (f"{host}: the log of {name}: {reason}" for name, reason in unreadable.items())


def _of_host(host: str, found: Facts) -> Iterator[dict[str, str]]:
    yield from ({"path": f"{host}/{name}", "content": text} for name, text in sorted(found["parts"].items()))
    if found["logs"]:
        records = [json.dumps(record, ensure_ascii=False) for record in found["logs"]["records"]]
        yield {"path": f"{host}/logs.jsonl", "content": "".join(f"{record}\n" for record in records)}


def _readme(
    topology: Topology, hosts: Sequence[str], documents: Sequence[str], missing: Sequence[str], context: Facts
) -> str:
    return "\n".join(
        [
            f"Support bundle of {topology.env}, collected at {context['time']} by {context['operator']}",
            f"Hosts: {', '.join(hosts) or 'none'} ({topology.describe()})",
            "Secrets are masked. Names, addresses and texts of users may be in the logs.",
            "",
            "Missing:" if missing else "Nothing is missing.",
            *(f"  {text}" for text in missing),
            "",
            "Contents:",
            *(f"  {path}" for path in documents),
            "",
        ]
    )
