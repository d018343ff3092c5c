# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the image of the backend, the settings of its code, and the schema in the record of its release.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core import dotenv
from .._core.errors import InputError
from .._engine import compose_cli
from .._engine import project as engine_project
from .._host import served_release
from . import secrets, state

if TYPE_CHECKING:
    from docker import DockerClient

#: The service of the database, if login_service does not name another one.
DATABASE_SERVICE = "postgres"
#: The variables of a container that come from its image and are not settings of the backend.
_OF_THE_IMAGE = ("PATH", "HOME", "HOSTNAME", "PYTHON", "LD_")


@dataclass
class Backend:
    """The backend that ``params``, the options of convosphere_db_migration, describe."""

    client: DockerClient
    params: Mapping[str, Any]

    @cached_property
    def project(self) -> engine_project.Project | None:
        """The Compose project in its current state; None if none is named."""
        name, source = self.params["project_name"], self.params["project_src"]
        if not name:
            return None
        exists = bool(source) and any((Path(source) / file).is_file() for file in compose_cli.FILE_NAMES)
        return engine_project.read_project(self.client, name, source if exists else None)

    @property
    def image_id(self) -> str | None:
        """The id of the image whose revisions count; None if it is not on the host."""
        if self.params["image"]:
            return state.image_id(self.client, self.params["image"])
        if self.serving_image_id is None:
            raise InputError(
                f"The project {self.params['project_name']} has no container of {self.params['service']} to take "
                "the image from",
                hint="Give image, or deploy the environment first.",
            )
        return self.serving_image_id

    @property
    def serving_image_id(self) -> str | None:
        """The id of the image of the backend's container, running or not; None if there is no container.

        On a database host whose backends run elsewhere it is that of the schema in the release.
        """
        containers = self._containers(self.params["service"])
        if containers:
            return str(containers[0].attrs["Image"])
        known = self.project is not None and self.params["service"] in self.project.services
        return None if known else self.recorded_schema.get("image_id")

    @property
    def is_deployed(self) -> bool:
        """Whether a release of the stack is recorded on this host."""
        return bool(self.params["project_src"]) and served_release.current(self._releases) is not None

    @property
    def database_runs(self) -> bool:
        """Whether the project's own database has a running container."""
        return any(item.status == engine_project.RUNNING for item in self._containers(self._database_service))

    @property
    def has_database(self) -> bool:
        """Whether the project has a database of its own, running or not."""
        return self.project is not None and self._database_service in self.project.services

    @property
    def _database_service(self) -> str:
        return str(self.params["login_service"] or DATABASE_SERVICE)

    def environment(self) -> dict[str, str]:
        """Return the environment of the backend, which its code needs: from the stack's files, or its container."""
        service = self.params["service"]
        if self.params["project_src"] and self.project and self.project.source:
            return self._from_files(self.project.source)
        environments = [item.attrs["Config"]["Env"] or [] for item in self._containers(service)[:1]]
        pairs = [entry.partition("=") for entries in environments for entry in entries]
        return {name: value for name, _sign, value in pairs if not name.startswith(_OF_THE_IMAGE)}

    @property
    def released(self) -> list[str] | None:
        """The database revisions that the release which serves needs, sorted; None if they are not known."""
        return self.recorded_schema.get("heads")

    @property
    def recorded_schema(self) -> dict[str, Any]:
        """The schema in the record of the release that serves; empty if none is known."""
        record = served_release.current(self._releases) if self.params["project_src"] else None
        return (record or {}).get("schema") or {}

    @property
    def _releases(self) -> Path:
        return Path(self.params["project_src"]) / "releases"

    def _containers(self, service: str) -> tuple[Any, ...]:
        existing = self.project.services.get(service) if self.project else None
        return existing.containers if existing else ()

    def _from_files(self, source: Path) -> dict[str, str]:
        variables = dotenv.literal(secrets.variables_in(source))
        project = compose_cli.Compose(self.params["project_name"], source, self.params["docker_host"], variables)
        service = project.model([])["services"].get(self.params["service"]) or {}
        # Compose doubles each dollar sign in its model, so that the model is a Compose file too.
        settings = (service.get("environment") or {}).items()
        return {name: str(value).replace("$$", "$") for name, value in settings if value is not None}
