# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put together what an export of content reads in several places, and name what it does not have.

No input or output. This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _content_writer
from ansible_collections.convosphere.platform.plugins.plugin_utils._content_sections import BY_NAME, SECTIONS

Facts = Mapping[str, Any]
#: The list of the servers that the inventory declares, see the role stack.
_INVENTORY = "inventory"
_SERVERS = "mcp_servers"


def joined(content: Facts, documents: Facts, hosts: Sequence[Facts]) -> dict[str, Any]:
    """Return the rows of all sections.

    ``documents`` is the result of convosphere_document_export, ``hosts`` are those of convosphere_mcp_server, with the
    host in ``item``. Either is empty if it was not read.
    """
    servers = [
        # The writer replaces the URL by the name of a variable.
        {"server_id": one["server_id"], "server_url": "", **_settings(one)}
        for one in (_servers(hosts[0]) if hosts else ())
        if one["list_name"] != _INVENTORY
    ]
    return {**content, "documents": documents.get("folders", ()), _SERVERS: servers}


def counts(content: Facts) -> dict[str, int]:
    """Return the number of entries by section, without empty sections."""
    every = {section.name: content.get(section.name) for section in SECTIONS}
    return {name: 1 if isinstance(rows, Mapping) else len(rows) for name, rows in every.items() if rows}


def notes(content: Facts, documents: Facts, hosts: Sequence[Facts]) -> list[str]:
    """Return what an operator has to know: what is not exported, and what the file needs. ``content`` is joined."""
    return [*_of_documents(documents), *_of_servers(content.get(_SERVERS) or (), hosts)]


def _of_documents(documents: Facts) -> Iterator[str]:
    if not documents:
        yield "Not exported: documents, because content_export_documents is false"
    for each in documents.get("not_exported", ()):
        names = ", ".join(each["names"])
        more = f" and {each['count'] - len(each['names'])} more" if each["count"] > len(each["names"]) else ""
        yield f"Not exported: {each['count']} documents of {each['owner']}: {each['reason']}: {names}{more}"
    for remark in documents.get("remarks", ()):
        yield f"Documents: {remark}"


def _of_servers(servers: Sequence[Facts], hosts: Sequence[Facts]) -> Iterator[str]:
    if not hosts:
        yield "Not exported: MCP servers, because the environment has no app host"
        return
    declared = [one["server_id"] for one in _servers(hosts[0]) if one["list_name"] == _INVENTORY]
    if declared:
        yield f"Not exported: MCP servers that stack_mcp_servers of the inventory declares: {', '.join(declared)}"
    others = sorted({name for host in hosts for name in host.get("unrecorded", ())})
    if others:
        yield f"Not exported: MCP servers that were registered through the API, until a restart: {', '.join(others)}"
    first = {one["server_id"]: one for one in _servers(hosts[0])}
    for host in hosts[1:]:
        found = {one["server_id"]: one for one in _servers(host)}
        differing = sorted(name for name in {*first, *found} if first.get(name) != found.get(name))
        if differing:
            yield f"MCP servers of {host['item']} are others than those of {hosts[0]['item']}: {', '.join(differing)}"
    names = _content_writer.secret_names(BY_NAME[_SERVERS], sorted(servers, key=lambda one: str(one["server_id"])))
    if names:
        yield f"Set where ansible-playbook runs, each to the URL of an MCP server: {', '.join(names)}"


def _servers(host: Facts) -> Sequence[Facts]:
    found: Sequence[Facts] = host.get("servers", ())
    return found


def _settings(server: Facts) -> dict[str, Any]:
    return {name: value for name, value in server.items() if name not in ("server_id", "list_name")}
