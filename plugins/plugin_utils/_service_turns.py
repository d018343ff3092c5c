# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Order the start, stop and restart of services over several hosts by their placements. No input or output.

The database host starts first and stops last, because all others depend on it; the edge starts last and stops first.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import Topology
from ansible_collections.convosphere.platform.plugins.plugin_utils._stack_topology import PLACEMENT_OF

STOPPED, RESTARTED = "stopped", "restarted"
ORDER = ("database", "app", "edge")
#: The services that a restart replaces by new containers beside those that serve.
BESIDE = ("backend", "frontend")


@dataclass(frozen=True)
class Request:
    """What an operator asked for: services by name, all of them without one, and their state."""

    chosen: Sequence[str]
    state: str
    #: All services of the stack, in the order in which they are listed.
    stack: Sequence[str]
    topology: Topology

    @property
    def beside(self) -> list[str]:
        """The services that are replaced beside those that serve, on all app hosts."""
        if self.state != RESTARTED:
            return []
        return [name for name in BESIDE if name in self.stack and (name in self.chosen or not self.chosen)]

    def turns(self, host: str) -> list[dict[str, Any]]:
        """Return what each placement does on a host in its turn: ``{placement, acts, services}``.

        Without ``services`` it acts on all of the host's project.
        """
        order = ORDER[::-1] if self.state == STOPPED else ORDER
        return [self._turn(host, placement) for placement in order]

    def _turn(self, host: str, placement: str) -> dict[str, Any]:
        mine = self.topology.placements(host)
        if placement not in mine:
            return {"placement": placement, "acts": False, "services": []}
        own = [name for name in self.stack if PLACEMENT_OF[name] == placement and name not in self.beside]
        if self.chosen:
            services = [
                name for name in self.chosen if name in own or (self._is_unknown(name) and placement == mine[0])
            ]
        elif mine == [placement] and not self.beside:
            return {"placement": placement, "acts": True, "services": []}
        else:
            services = own
        return {"placement": placement, "acts": bool(services), "services": services}

    def _is_unknown(self, name: str) -> bool:
        """Whether a service is of no placement: the module on each host knows whether there is one."""
        return name not in PLACEMENT_OF or name not in self.stack
