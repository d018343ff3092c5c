# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record the MCP servers that an environment is to have, and register them on its backends.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._core.errors import InputError
from .._core.plan import Plan
from .._core.work import Invocation
from .._engine import client as engine_client
from .._host import environment_directory
from . import mcp_record
from .mcp_registration import McpRegistration
from .stack_run import StackRun

#: The doc of the module documents them.
SERVER: dict[str, Any] = {
    "server_id": {"type": "str", "required": True},
    "server_url": {"type": "str", "no_log": True},
    "server_name": {"type": "str"},
    "min_tools": {"type": "int"},
    "required": {"type": "bool"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


class McpServerRun(StackRun):
    """One run of convosphere_mcp_server."""

    def __init__(self, invocation: Invocation) -> None:
        super().__init__(invocation)
        self.entries: Sequence[Mapping[str, Any]] = invocation.params["mcp_servers"] or []
        self.record = mcp_record.Record()
        self.pruned: list[str] = []
        self.registration = McpRegistration(
            self.directory, invocation, invocation.params["service"], invocation.params["service_port"]
        )

    def plan(self) -> Plan:
        """Compare the record with the list."""
        self.start()
        self.record = mcp_record.read(self.directory)
        self.invocation.hide(*(fields["server_url"] for fields in self.record.servers.values()))
        problems = mcp_record.problems(self.record, self.entries)
        if self.params["prune"] and not self.entries:
            problems.append(
                "prune needs a list that has MCP servers, and this one is empty. Is the list complete? To remove the "
                "last ones list each of them with state: absent"
            )
        if problems:
            raise InputError.of(problems, hint="Nothing was changed.")
        if self.params["prune"]:
            self.pruned = mcp_record.pruned(self.record, self.entries, self.params["list_name"])
        if len(self.pruned) > self.params["prune_limit"]:
            raise InputError(
                f"The list does not name {len(self.pruned)} MCP servers that it has created: "
                f"{', '.join(self.pruned)}. That is more than prune_limit={self.params['prune_limit']}",
                hint="Nothing was changed. Check the list, or raise prune_limit.",
            )
        plan = mcp_record.compare(self.record, self.entries, self.pruned)
        if plan.changed and not self.directory.is_dir() and not self.invocation.check_mode:
            raise InputError(f"The directory {self.directory} does not exist", hint="Run the playbook setup.yml first.")
        return plan

    def apply(self, plan: Plan) -> None:
        """Write the record. The backends follow in ``verify``, also if the record is unchanged."""
        environment_directory.write_marker(self.directory, self.environment, self.name)
        mcp_record.write(self.directory, self._after(plan))

    def verify(self, plan: Plan) -> None:
        """Register on each container what it lacks."""
        if not self.params["register_now"] or self.client is None:
            return
        containers = engine_client.project_containers(self.client, self.name)
        (self.registration.require if self.entries else self.registration.attempt)(containers)

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the changes of the record, the record, and what was registered; in check mode also what others did."""
        others: list[str] = []
        if self.invocation.check_mode and self.params["register_now"] and self.client:
            containers = engine_client.project_containers(self.client, self.name)
            self.registration.predict(containers)
            others = [] if self.entries else self.registration.unrecorded(containers)
        changed = {change.name for change in plan}
        return {
            **mcp_record.created_and_updated(plan),
            "unchanged": list(plan.unchanged),
            "pruned": self.pruned,
            "servers": self._after(plan).shown(),
            "unrecorded": others,
            "registered": sorted(self.registration.registered - changed),
            "failed_servers": dict(sorted(self.registration.failed.items())),
        }

    def _after(self, plan: Plan) -> mcp_record.Record:
        named = [entry["server_id"] for entry in self.entries if entry["state"] == "present"]
        return self.record.after(plan, self.params["list_name"], named)
