# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker Compose as a program: what a project's files mean, and bringing it up.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._core import command
from .._core import files as core_files
from .._core.errors import CommandError, InputError

#: The files that make up a project, in the order in which Compose merges them; those that exist are used.
FILE_NAMES = ("compose.yaml", "compose.override.yaml")

#: Settings of Compose's own which that shell may hold, and which would make another project of the same files.
NO_SETTINGS = {"COMPOSE_PROFILES": "", "COMPOSE_ENV_FILES": "", "COMPOSE_IGNORE_ORPHANS": ""}


@dataclass(frozen=True)
class Compose:
    """One Compose project: its name, its directory, the engine, and the variables that its files refer to."""

    name: str
    directory: Path
    docker_host: str
    variables: Mapping[str, str]

    def model(self, files: Sequence[Path]) -> dict[str, Any]:
        """The project's files merged, checked and with every variable put in, as Compose understands them.

        Raises InputError with Compose's own words where they are not valid.
        """
        try:
            return dict(json.loads(self._run(files, ["config", "--format", "json"], "read the Compose project")))
        except CommandError as error:
            if "returncode" not in error.details:
                raise
            raise InputError(
                f"The Compose project {self.name} is not valid: {error.details['stderr']}",
                hint="Nothing was changed. Correct the value in the inventory (stack_compose_override, ports, limits).",
            ) from error

    def hashes(self, files: Sequence[Path]) -> dict[str, str]:
        """What Compose labels a service's containers with to know later whether they are what the files say."""
        lines = self._run(files, ["config", "--hash", "*"], "compare the Compose project").splitlines()
        return dict(line.split() for line in lines if line.strip())

    def up(self, files: Sequence[Path], *, timeout: float) -> None:
        """Create, recreate and start what differs, and remove containers of services that are no more."""
        arguments = ["up", "--detach", "--remove-orphans", "--no-build", "--pull", "never"]
        self._run(files, arguments, "bring the Compose project up", timeout=timeout)

    def recreate(self, files: Sequence[Path], services: Sequence[str], *, timeout: float) -> None:
        """Create the containers of these services anew, though nothing of what Compose compares differs."""
        arguments = ["up", "--detach", "--no-deps", "--force-recreate", "--no-build", "--pull=never", *services]
        self._run(files, arguments, f"create {', '.join(services)} anew in project", timeout=timeout)

    def create(self, services: Sequence[str]) -> None:
        """Create and start services that have no container, and nothing else, from images that are on the host.

        The files are those that Compose finds by itself in the project's directory.
        """
        arguments = ["up", "--detach", "--no-deps", "--no-build", "--no-recreate", "--pull=never", *services]
        self._run([], arguments, f"create {', '.join(services)} in project", timeout=None)

    def _run(self, files: Sequence[Path], arguments: Sequence[str], step: str, timeout: float | None = 60) -> str:
        project = [f"--project-name={self.name}", f"--project-directory={self.directory}"]
        opened = [f"--file={file}" for file in files]
        try:
            return command.run(
                ["docker", "compose", *project, *opened, "--ansi=never", "--progress=plain", *arguments],
                step=f"{step} {self.name}",
                # The shell that Ansible runs in may hold variables of the same names: those of the project win.
                environment={**NO_SETTINGS, **self.variables, "DOCKER_HOST": self.docker_host},
                timeout=timeout,
            )
        except CommandError as error:
            details = dict(error.details)
            if "stderr" in details:
                details["stderr"] = core_files.with_titles(details["stderr"], files)
            raise CommandError(core_files.with_titles(error.message, files), hint=error.hint, **details) from error
