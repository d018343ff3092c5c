# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run Docker Compose: read the model of a project's files, and bring the project up.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .._core import command, dotenv
from .._core import files as core_files
from .._core.errors import CommandError, InputError
from .._core.redaction import Masker

#: The files of a project, in the order in which Compose merges them; those that exist are used.
FILE_NAMES = ("compose.yaml", "compose.override.yaml")

#: Compose's own settings in the environment of the shell, which would make another project of the same files.
NO_SETTINGS = {"COMPOSE_PROFILES": "", "COMPOSE_ENV_FILES": "", "COMPOSE_IGNORE_ORPHANS": ""}


@dataclass(frozen=True)
class Compose:
    """Docker Compose for one project: its name, its directory, the engine, and the variables of its files."""

    name: str
    directory: Path
    docker_host: str
    variables: Mapping[str, str]

    def with_variables(self, variables: Mapping[str, str]) -> Compose:
        """Return the same project with other values of these variables."""
        return replace(self, variables={**self.variables, **variables})

    def model(self, files: Sequence[Path]) -> dict[str, Any]:
        """Return the project's files merged, checked and with all variables replaced, as Compose reads them.

        Raises InputError with Compose's own message if they are not valid.
        """
        try:
            return dict(json.loads(self._run(files, ["config", "--format", "json"], "read the Compose project")))
        except CommandError as error:
            if "returncode" not in error.details:
                raise
            raise InputError(
                f"The Compose project {self.name} is not valid: {error.details['stderr']}",
                hint="Nothing was changed. Correct that value in files. With the role stack it comes from "
                "stack_compose_override, or from the options for ports and limits.",
            ) from error

    def hashes(self, files: Sequence[Path]) -> dict[str, str]:
        """Return the hash of each service, with which Compose labels its containers to recognise changes."""
        lines = self._run(files, ["config", "--hash", "*"], "compare the Compose project").splitlines()
        return dict(line.split() for line in lines if line.strip())

    def up(self, files: Sequence[Path], *, timeout: float) -> None:
        """Create, recreate and start the services that differ, and remove containers of removed services."""
        arguments = ["up", "--detach", "--remove-orphans", "--no-build", "--pull", "never"]
        self._run(files, arguments, "bring the Compose project up", timeout=timeout)

    def up_services(
        self, files: Sequence[Path], services: Sequence[str], *, timeout: float, counts: Mapping[str, int] | None = None
    ) -> None:
        """Create, recreate and start these services, in the order of their dependencies among them.

        With ``counts``, create containers until each service has as many, and recreate none.
        """
        scale = [f"--scale={name}={count}" for name, count in (counts or {}).items()]
        kept = ["--no-recreate", *scale] if scale else []
        arguments = ["up", "--detach", "--no-deps", "--no-build", "--pull=never", *kept, *services]
        self._run(files, arguments, f"bring {', '.join(services)} up in project", timeout=timeout)

    def recreate(self, files: Sequence[Path], services: Sequence[str], *, timeout: float) -> None:
        """Recreate the containers of these services, although Compose sees no difference."""
        arguments = ["up", "--detach", "--no-deps", "--force-recreate", "--no-build", "--pull=never", *services]
        self._run(files, arguments, f"recreate {', '.join(services)} in project", timeout=timeout)

    def create(self, services: Sequence[str]) -> None:
        """Create and start only these services, which have no container, from images that are on the host.

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
                # The shell of Ansible may have variables of the same names: those of the project take precedence.
                environment={**NO_SETTINGS, **self.variables, "DOCKER_HOST": self.docker_host},
                timeout=timeout,
            )
        except CommandError as error:
            details = dict(error.details)
            if "stderr" in details:
                details["stderr"] = core_files.with_titles(details["stderr"], files)
            raise CommandError(core_files.with_titles(error.message, files), hint=error.hint, **details) from error


def services_in(directory: Path) -> dict[str, Any]:
    """Return the services that Compose finds in a directory, also those with a profile. Raises InputError."""
    compose = ["docker", "compose", f"--project-directory={directory}", "--ansi=never", "--profile=*"]
    step = f"read the services in {directory}"
    try:
        text = command.run([*compose, "config", "--format=json"], step=step, environment=NO_SETTINGS, timeout=60)
    except CommandError as error:
        if "returncode" not in error.details:
            raise
        # Compose quotes values of the files, and with them those of its variables.
        masker = Masker()
        masker.add(dotenv.maskable(dotenv.parse(core_files.read_text(directory / ".env") or "")))
        raise InputError(
            f"Cannot read the services in {directory}: {masker.mask(error.details['stderr'])}",
            hint="Correct the Compose files in project_src.",
        ) from error
    return dict(json.loads(text).get("services") or {})
