# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find which hosts of a pattern ``--limit`` leaves, by Ansible's own rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.inventory.manager import InventoryManager


def hosts_left(loader: Any, pattern: str, limit: str | None, groups: Mapping[str, list[str]]) -> list[str]:
    """Return the hosts of `pattern` that `limit` leaves, in an inventory of these groups."""
    manager = InventoryManager(loader=loader, sources=None, parse=False)
    for group, hosts in groups.items():
        if group not in manager.groups:
            manager.add_group(group)
        for host in hosts:
            manager.add_host(host, group)
    manager.subset(limit)
    return [str(host) for host in manager.list_hosts(pattern)]
