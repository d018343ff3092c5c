# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the MCP servers that the backends of an environment are to have in the file ``mcp-servers.json``.

The platform has them in memory only. The record is what a deploy, a restart and a restore register again, and shows
which servers a list of the operator has created. A URL may hold a token: only the owner can read the file. ``{NAME}``
in a URL stands for a variable of ``.env``, whose value is not in the record.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from .._app import mcp_servers
from .._core import files
from .._core.errors import InputError
from .._core.plan import CREATE, DELETE, Plan, make_plan
from .._core.redaction import Secret

FILE = "mcp-servers.json"
#: The fields of a new server that are not given.
DEFAULTS: Mapping[str, Any] = {"min_tools": 1, "required": False}
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
#: The platform refuses a path with one of these, so that such a server could not be removed.
_REFUSED = ("cmd", "exec", "system", "..")
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True)
class Record:
    """The fields of each recorded server by its id, the list that names it, and the ids that are to be removed."""

    servers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    lists: Mapping[str, str] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()

    def desired(self, variables: Mapping[str, str]) -> tuple[list[mcp_servers.Server], dict[str, str]]:
        """Return the servers with the variables in their URLs, and by id why one has no URL."""
        found, failed = [], {}
        for name, fields in self.servers.items():
            missing = [each for each in _PLACEHOLDER.findall(fields["server_url"]) if each not in variables]
            if missing:
                failed[name] = f"its server_url refers to {', '.join(missing)}, which .env does not have"
                continue
            url = _PLACEHOLDER.sub(lambda match: quote(variables[match[1]], safe=""), fields["server_url"])
            settings = {key: fields[key] for key in DEFAULTS}
            found.append(mcp_servers.Server(name, url, fields["server_name"], **settings))
        return found, failed

    def shown(self) -> list[dict[str, Any]]:
        """Return the servers as a list would give them, without their URLs, which may hold a token."""
        return [
            {
                "server_id": name,
                **{key: fields[key] for key in ("server_name", *DEFAULTS)},
                "list_name": self.lists[name],
            }
            for name, fields in sorted(self.servers.items())
        ]

    def after(self, plan: Plan, list_name: str, named: Sequence[str]) -> Record:
        """Return the record once ``plan`` is carried out. The servers ``named`` belong to the list from then on."""
        servers = {name: dict(fields) for name, fields in self.servers.items()}
        for change in plan:
            if change.after is None:
                servers.pop(change.name)
            else:
                servers[change.name] = {**servers.get(change.name, {}), **change.after}
        lists = {**self.lists, **dict.fromkeys(named, list_name)}
        gone = {*self.removed, *plan.names(DELETE)} - servers.keys()
        return Record(servers, {name: lists.get(name, "") for name in servers}, frozenset(gone))


def read(directory: Path | None) -> Record:
    """Return the record; an empty one without a file. Raises InputError if it is invalid or others can read it."""
    if directory is None:
        return Record()
    path = directory / FILE
    files.refuse_readable_by_others(path)
    text = files.read_text(path)
    try:
        return Record() if text is None else _parse(json.loads(text))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} is no record of MCP servers: {type(error).__name__}",
            hint="Move it away, and run again what registers them, such as deploy.yml.",
        ) from error


def write(directory: Path, record: Record) -> None:
    """Replace the record in one step."""
    servers = [{"server_id": name, "list": record.lists[name], **fields} for name, fields in record.servers.items()]
    text = json.dumps({"servers": servers, "removed": sorted(record.removed)}, indent=1)
    files.write_text(directory / FILE, text + "\n", "0600")


def compare(record: Record, entries: Sequence[Mapping[str, Any]], pruned: Sequence[str]) -> Plan:
    """Plan the changes of the record. An option that is not given is not changed."""
    desired = {entry["server_id"]: _desired(record, entry) for entry in entries}
    return make_plan({**desired, **dict.fromkeys(pruned)}, record.servers)


def pruned(record: Record, entries: Sequence[Mapping[str, Any]], list_name: str) -> list[str]:
    """Return the servers that the list has named before, and does not name any more."""
    named = {entry["server_id"] for entry in entries}
    return [name for name, owner in record.lists.items() if owner == list_name and name not in named]


def problems(record: Record, entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what is wrong with the given servers, a sentence each without its final dot. No URL is shown."""
    names = [str(entry["server_id"]) for entry in entries]
    found = [f"mcp_servers names {name} twice" for name in sorted({each for each in names if names.count(each) > 1})]
    for entry in entries:
        found += [f"mcp_servers: {entry['server_id']} {problem}" for problem in _of_entry(record, entry)]
    present = [entry["server_id"] for entry in entries if entry["state"] == "present"]
    absent = {entry["server_id"] for entry in entries} - set(present)
    for one, other in mcp_servers.clashes({*present, *record.servers} - absent):
        found.append(f"mcp_servers: {other} begins with {one}_, so that the platform mixes up their tools: rename one")
    return found


def _of_entry(record: Record, entry: Mapping[str, Any]) -> list[str]:
    name, url = str(entry["server_id"]), entry.get("server_url")
    found = []
    if not _ID.fullmatch(name):
        found.append("is no server_id: give letters, digits and . _ -, beginning with a letter or a digit")
    words = [word for word in _REFUSED if word in name.lower()]
    if words:
        found.append(f"has '{words[0]}', which the platform refuses in a path: give another server_id")
    if entry["state"] == "absent":
        return found
    if url is None and name not in record.servers:
        found.append("is new and has no server_url")
    if url is not None and not _is_url(url):
        found.append("has a server_url that is not of the form http://host or https://host")
    return found


def _is_url(url: str) -> bool:
    parts = urlsplit(_PLACEHOLDER.sub("x", url))
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _desired(record: Record, entry: Mapping[str, Any]) -> dict[str, Any] | None:
    if entry["state"] == "absent":
        return None
    given = {key: entry[key] for key in ("server_name", *DEFAULTS) if entry.get(key) is not None}
    if entry.get("server_url") is not None:
        given["server_url"] = Secret(entry["server_url"])
    if entry["server_id"] in record.servers:
        return given
    return {"server_name": entry["server_id"], **DEFAULTS, **given}


def _parse(found: Mapping[str, Any]) -> Record:
    servers, lists = {}, {}
    for entry in found["servers"]:
        name = str(entry["server_id"])
        lists[name] = str(entry["list"])
        servers[name] = {
            "server_name": str(entry["server_name"]),
            "server_url": Secret(entry["server_url"]),
            "min_tools": int(entry["min_tools"]),
            "required": bool(entry["required"]),
        }
    return Record(servers, lists, frozenset(map(str, found["removed"])))


def created_and_updated(plan: Plan) -> dict[str, Any]:
    """Return the changes of a plan as return values: names, and the fields of those that are updated."""
    updated = {change.name: sorted(change.after or {}) for change in plan.of("update")}
    return {"created": plan.names(CREATE), "updated": updated, "deleted": plan.names(DELETE)}
