# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A component that lies in a container of a Compose project: the uploads or the vectors.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core.errors import InputError
from .._engine import client as engine_client
from .._stack import project_owner

if TYPE_CHECKING:
    from docker import DockerClient

UPLOADS = "uploads"
VECTORS = "vectors"
#: How many seconds to wait for each answer of Docker Engine; uploads arrive in many of them.
ENGINE_TIMEOUT = 120


class ProjectComponent:
    """A component of the project ``project_name`` in ``params``. Raises InputError without that option."""

    kind = ""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = params
        #: The directory of the project, once ``client`` has found it.
        self.directory: Path | None = None
        if not params["project_name"]:
            raise InputError(
                f"include has {self.kind}, which lie in a container of a Compose project, and project_name is not set",
                hint=f"Nothing was changed. Set project_name to that project, or remove the {self.kind} from include.",
            )

    @cached_property
    def client(self) -> DockerClient:
        """The project's engine, once the project is shown to belong to the environment."""
        client = engine_client.connect(self.params["docker_host"], ENGINE_TIMEOUT)
        source = self.params.get("project_src")
        self.directory = project_owner.refuse_foreign_project(
            client, self.params["project_name"], self.params["environment_name"], Path(source) if source else None
        )
        return client
