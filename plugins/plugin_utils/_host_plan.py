# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work out what a host needs to carry an environment, from what convosphere_host_info found. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ENGINE_DOWN = ("missing", "stopped")


@dataclass(frozen=True)
class HostPlan:
    """What the role environment installs and sets up on a host."""

    #: What convosphere_host_info returned.
    probe: Mapping[str, Any]
    #: The names of packages on the host's distribution: engine, compose, venv, commands and python_modules.
    names: Mapping[str, Any]
    #: Whether Docker came from its own repository, whose package of the Compose plugin has another name.
    docker_ce: bool
    #: Packages that the inventory adds.
    more: tuple[str, ...]

    @property
    def engine_down(self) -> bool:
        """Return whether Docker Engine has to be started."""
        return self.probe["engine"]["state"] in ENGINE_DOWN

    @property
    def compose_from_pypi(self) -> bool:
        """Return whether the Compose plugin is missing and the distribution has no package of it."""
        return not self.probe["compose"] and not self._compose_packages()

    def packages(self) -> list[str]:
        """Return the packages to install, sorted."""
        missing = self.probe["missing"]
        found = list(self.names["engine"]) if self.probe["engine"]["state"] == "missing" else []
        found += [] if self.probe["compose"] else self._compose_packages()
        found += self.names["venv"] if self.compose_from_pypi else []
        found += _packages_of(missing["commands"], self.names["commands"])
        found += _packages_of(missing["python_modules"], self.names["python_modules"])
        return sorted({*found, *self.more})

    def steps(self, options: Mapping[str, str]) -> list[str]:
        """Return what a run changes, in its order, for check mode, in which package modules fail on an empty host.

        ``options`` has ``environment``, ``user``, ``compose_version`` and ``compose_link``.
        """
        return list(self._steps(options))

    def _steps(self, options: Mapping[str, str]) -> Iterator[str]:
        missing = self.probe["missing"]
        packages = self.packages()
        if packages:
            yield f"Install the packages {', '.join(packages)}"
        if missing["user"]:
            yield f"Create the system user {options['user']}"
        for directory in missing["directories"]:
            yield f"Set up the directory {directory['path']}"
        for directory in missing["directories"]:
            if "environment" in directory["desired"]:
                yield f"Mark the directory {directory['path']} as that of {options['environment']}"
        if self.compose_from_pypi:
            yield f"Install the Compose plugin {options['compose_version']} as {options['compose_link']}"
        if self.engine_down:
            yield "Start Docker Engine"

    def _compose_packages(self) -> list[str]:
        return ["docker-compose-plugin"] if self.docker_ce else list(self.names["compose"])


def _packages_of(missing: Iterable[str], names: Mapping[str, str]) -> list[str]:
    absent = list(missing)
    return [package for name, package in names.items() if name in absent]
