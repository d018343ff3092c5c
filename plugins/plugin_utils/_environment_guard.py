# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide whether a host may be changed for the environment of a run. Only names of files are read.

Ansible names the groups and their hosts, but not which groups are environments: of two groups that a host is in, the
variables of one hide those of the other. Each group of a host counts as an environment unless it is known to be
something else.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from ansible_collections.convosphere.platform.plugins.plugin_utils import _hooks
from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import (
    PLACEMENTS,
    Play,
    Topology,
    missing_hosts,
)

ANSIBLE_GROUPS = ("all", "ungrouped")
#: Names of Ansible's groups, and of the collection's own directories beside those of environments.
RESERVED = (*ANSIBLE_GROUPS, "localhost", "tools", "sandbox", *PLACEMENTS)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


@dataclass(frozen=True)
class Options:
    """What the guard has to know of an environment of several hosts."""

    #: By host.
    private_addresses: Mapping[str, str] = field(default_factory=dict)
    domain: str = ""
    tls: str = "internal"
    minio: bool = False
    #: By host: stack_managed_database, or nothing.
    managed_databases: Mapping[str, object] = field(default_factory=dict)

    def problems(self, topology: Topology) -> Iterator[str]:
        """Yield why these options do not allow the hosts of the environment, a sentence each."""
        if not topology.several:
            return
        without = [host for host in topology.hosts("all") if not self.private_addresses.get(host)]
        if without:
            yield (
                f"{topology.env} has several hosts ({topology.describe()}), and {', '.join(without)} has no"
                " stack_private_address: set it for each host to the address at which the others reach it."
            )
        yield from self._shared_addresses(topology)
        yield from self._managed_databases(topology)
        if len(topology.app) > 1 and not self.minio:
            yield (
                f"{topology.env} has {len(topology.app)} app hosts ({', '.join(topology.app)}), and each would have"
                " uploads of its own: set stack_minio to true, so that they are stored once."
            )
        if len(topology.edge) > 1 and self.domain and self.tls != "files":
            yield (
                f"{topology.env} has {len(topology.edge)} edge hosts ({', '.join(topology.edge)}), and each would get"
                f" a certificate of its own for {self.domain}: set stack_tls to files, and bring the certificate to"
                " each of them."
            )

    def _managed_databases(self, topology: Topology) -> Iterator[str]:
        hosts = topology.hosts("all")
        of_first = self.managed_databases.get(hosts[0]) or {}
        others = [host for host in hosts if (self.managed_databases.get(host) or {}) != of_first]
        if others:
            yield (
                f"stack_managed_database of {', '.join(others)} is not that of {hosts[0]}, and {topology.env} has one"
                f" database: set it once, in group_vars of {topology.env}."
            )

    def _shared_addresses(self, topology: Topology) -> Iterator[str]:
        by_address: dict[str, list[str]] = {}
        for host in topology.hosts("all"):
            by_address.setdefault(self.private_addresses.get(host, ""), []).append(host)
        for address, hosts in by_address.items():
            if address and len(hosts) > 1:
                yield f"The hosts {' and '.join(hosts)} both have the stack_private_address {address}."


@dataclass(frozen=True)
class Host:
    """A host, and the environment that the run names."""

    name: str
    env: str
    #: The environment that the host's variables are of; empty if they are of none.
    environment: str
    groups: tuple[str, ...]
    #: Groups that the inventory declares to be no environments.
    other_groups: tuple[str, ...]
    #: The environments of all hosts.
    environments: tuple[str, ...]
    inventory_sources: tuple[str, ...]
    topology: Topology
    options: Options
    play: Play
    #: The directory of the hooks on the controller, or nothing, and the seconds that a task of one may take.
    hooks_dir: str = ""
    hooks_timeout: int = 300

    def problems(self) -> list[str]:
        """Return why the host must not be changed, a sentence each, and the environments; empty if it may be."""
        found = [*self._name(), *self._variables(), *self._groups(), *self._other_groups(), *self._shared_variables()]
        found += [*self.options.problems(self.topology), *missing_hosts(self.topology, self.play)]
        found += _hooks.problems(self.hooks_dir, self.hooks_timeout)
        listed = ", ".join(sorted(set(self.environments))) or "none"
        return [*found, f"Environments found: {listed}."] if found else []

    def _name(self) -> Iterator[str]:
        if self.env in RESERVED or not _NAME.fullmatch(self.env):
            yield (
                f"An environment cannot be called {self.env}. Reserved are {', '.join(RESERVED)}. Allowed are at most"
                " 63 letters, digits, dots, dashes and underscores, beginning with a letter or a digit."
            )

    def _variables(self) -> Iterator[str]:
        if self.environment != self.env:
            yield (
                f"The host {self.name} was asked for as part of {self.env}, but its variables are those of"
                f" '{self.environment or 'no environment'}'. An environment is a group that sets"
                " convosphere_environment to its own name."
            )

    def _groups(self) -> Iterator[str]:
        known = {*PLACEMENTS, *ANSIBLE_GROUPS, *self.other_groups}
        groups = sorted(set(self.groups) - known)
        others = ", ".join(group for group in groups if group != self.env)
        if others:
            listed = ", ".join(sorted({*groups, self.env}))
            yield (
                f"The host {self.name} was asked for as part of {self.env}, but it is in the groups {listed}, and each"
                f" host belongs to one environment. If {others} is an environment, take the host out of one of them. If"
                " it is not one (a rack, a region), name it in environment_other_groups."
            )

    def _other_groups(self) -> Iterator[str]:
        named = [group for group in self.other_groups if group in (*self.environments, self.env)]
        if named:
            yield f"environment_other_groups names {', '.join(named)}, which is an environment."

    def _shared_variables(self) -> Iterator[str]:
        folders = inventory_folders(self.inventory_sources)
        shared = shared_variables(folders) if len(folders) > 1 else []
        if shared:
            yield (
                f"Several inventories are loaded at once, and {', '.join(shared)} would set variables for the hosts of"
                " all of them. Move them into group_vars of the environment, or give one inventory alone with -i."
            )


def inventory_folders(sources: Iterable[str]) -> list[Path]:
    """Return the folders of the inventories, each once, without those that do not exist."""
    found = []
    for source in sources:
        with suppress(OSError, RuntimeError):  # a list of hosts is not a path, and may be too long for one
            path = Path(source).resolve(strict=True)
            found.append(path if path.is_dir() else path.parent)
    return list(dict.fromkeys(found))


def shared_variables(folders: Iterable[Path]) -> list[str]:
    """Return the variable files of groups that environments share: loaded together, one inventory's apply to all."""
    names = [
        f"{group}{suffix}" for group, suffix in product((*ANSIBLE_GROUPS, *PLACEMENTS), ("", ".yml", ".yaml", ".json"))
    ]
    paths = [folder / "group_vars" / name for folder in folders for name in names]
    return sorted(str(path) for path in paths if path.exists())
