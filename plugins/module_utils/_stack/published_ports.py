# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give each container of a service that is replaced beside a port of its own, so that an edge elsewhere reaches it.

A range of ports in the Compose file would not do: Docker Engine takes the next port of a range at each start of a
container (measured on 20.10: 28000, 28001, 28002 after two restarts), and an edge on another host would lose a backend
that restarted. So the Compose file names the port by a variable, the file ``.env`` has its number, and a new container
gets another number of the range than those that exist. The port is part of the hash by which Compose compares a
container: a container is one of the desired stack if its hash is that of any port in use.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core.errors import InputError
from .._engine import compose_cli

if TYPE_CHECKING:
    from docker.models.containers import Container

Containers = Mapping[str, Sequence["Container"]]

OPTIONS: dict[str, Any] = {
    "variable": {"type": "str"},
    "first_port": {"type": "int"},
    "last_port": {"type": "int"},
}


@dataclass(frozen=True)
class PortRange:
    """The ports that the containers of a service may publish, and the variable by which the Compose file names one."""

    service: str
    target: int
    variable: str
    numbers: range

    def chosen(self, variables: Mapping[str, str]) -> int:
        """Return the port that the variables of ``.env`` name; the first one if they name none of the range."""
        text = variables.get(self.variable, "")
        return int(text) if text.isdecimal() and int(text) in self.numbers else self.numbers[0]

    def in_use(self, containers: Iterable[Container]) -> set[int]:
        """Return the ports that containers publish, running or not."""
        bindings = [
            binding
            for item in containers
            for binding in (item.attrs["HostConfig"].get("PortBindings") or {}).get(f"{self.target}/tcp") or []
        ]
        numbers = {int(binding["HostPort"]) for binding in bindings if str(binding.get("HostPort")).isdecimal()}
        return numbers & set(self.numbers)

    def free(self, containers: Iterable[Container]) -> int:
        """Return the first port that none of the containers publishes. Raises InputError without one."""
        taken = self.in_use(containers)
        for number in self.numbers:
            if number not in taken:
                return number
        raise InputError(
            f"The service {self.service} has a container at each of the ports {self.numbers[0]} to {self.numbers[-1]}",
            hint="Remove the containers that do not serve, or give last_port a higher number.",
        )


def of(params: Mapping[str, Any]) -> dict[str, PortRange]:
    """Return the ranges of the module's option ``beside`` by service. Raises InputError for one without two ports."""
    found = {}
    for entry in params.get("beside") or []:
        if not entry.get("variable"):
            continue
        numbers = range(entry.get("first_port") or 0, (entry.get("last_port") or 0) + 1)
        if len(numbers) < 2 or not 0 < numbers[0] <= numbers[-1] <= 65535:
            raise InputError(
                f"beside of {entry['service']} has the ports {entry.get('first_port')} to {entry.get('last_port')}:"
                " two containers need at least two ports",
                hint="Nothing was changed. Give first_port and last_port, for example 18000 and 18009.",
            )
        found[entry["service"]] = PortRange(entry["service"], entry["port"], entry["variable"], numbers)
    return found


def variables(ranges: Mapping[str, PortRange], current: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of the Compose file with the ports that ``.env`` names."""
    return {each.variable: str(each.chosen(current)) for each in ranges.values()}


def choose(ranges: Mapping[str, PortRange], names: Collection[str], containers: Containers) -> dict[str, str]:
    """Return the variables with a free port for each service of ``names``, of which a container is to be created."""
    return {
        each.variable: str(each.free(containers.get(each.service, [])))
        for each in ranges.values()
        if each.service in names
    }


def other_hashes(
    compose: compose_cli.Compose, files: Sequence[Path], ranges: Mapping[str, PortRange], containers: Containers
) -> dict[str, set[str]]:
    """Return, by service, the hashes of the same definition at the other ports that its containers publish."""
    others = [_others(each, compose.variables, containers) for each in ranges.values()]
    found: dict[str, set[str]] = {name: set() for name in ranges}
    for row in zip_longest(*others):
        given = {each.variable: str(port) for each, port in zip(ranges.values(), row) if port is not None}
        hashes = compose.with_variables(given).hashes(files)
        for name in ranges.keys() & hashes.keys():
            found[name].add(hashes[name])
    return found


def _others(each: PortRange, given: Mapping[str, str], containers: Containers) -> list[int]:
    return sorted(each.in_use(containers.get(each.service, [])) - {each.chosen(given)})
