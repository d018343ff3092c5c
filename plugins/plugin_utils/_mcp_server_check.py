# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the MCP servers of an inventory. No input or output; no sentence shows a URL, which may hold a secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.display import printable
from ansible_collections.convosphere.platform.plugins.module_utils._stack import mcp_record
from ansible_collections.convosphere.platform.plugins.module_utils._stack.mcp_server_run import SERVER

OPTION = "stack_mcp_servers"


def problems(entries: Sequence[Any]) -> Iterator[str]:
    """Return what is wrong with the servers, a sentence each without its final dot."""
    sound = []
    for number, entry in enumerate(entries):
        found = list(_of_entry(entry))
        yield from (f"{OPTION}[{number}] {problem}" for problem in found)
        if not found:
            sound.append({"state": "present", **entry})
    # Which of them the host has already is not known here: there an entry needs no URL.
    known = mcp_record.Record({entry["server_id"]: {} for entry in sound})
    yield from (f"{OPTION}: {problem.removeprefix('mcp_servers: ')}" for problem in mcp_record.problems(known, sound))


def _of_entry(entry: Any) -> Iterator[str]:
    if not isinstance(entry, Mapping):
        yield "is no dictionary: give server_id and server_url"
        return
    for name in sorted(set(map(str, entry)) - set(SERVER)):
        yield f"has no option '{printable(name)}': give one of {', '.join(SERVER)}"
    for name in ("server_id", "server_url"):
        if (name in entry or name == "server_id") and not (isinstance(entry.get(name), str) and entry[name]):
            yield f"needs a text as {name}"
    if entry.get("state", "present") not in SERVER["state"]["choices"]:
        yield f"has a state that is not one of {', '.join(SERVER['state']['choices'])}"
