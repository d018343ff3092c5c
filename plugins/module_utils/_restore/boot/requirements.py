# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find out what a boot needs before anything is changed: images, memory, rights, an engine on this host.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import http.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._app.weaviate import SERVICE as WEAVIATE
from ..._backup.catalogue import Backup
from ..._backup.project_component import VECTORS
from ..._core.errors import InputError
from ..._engine import client as engine_client
from ..._host import readiness
from ..._host import requirements as host_requirements
from ..._host.engine_probe import EngineProbe
from ..._stack import kept_releases, project_owner, state
from ..server_rights import Rights
from . import containers, memory
from . import image as boot_image
from .verdict import UnknownError

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

REDIS = "redis"
#: The bytes that have to stay free on the disk of Docker Engine beside the vectors of a boot.
STAYS_FREE = 1024 * 1024 * 1024
_MIB = 1024 * 1024
ENGINE_TIMEOUT = 120
_PROBE_TIMEOUT = 30

BOOT_OPTIONS: dict[str, Any] = {
    "project_name": {"type": "str"},
    "project_src": {"type": "path"},
    "image": {"type": "str"},
    "boot_timeout": {"type": "int", "default": 300},
    "boot_memory": {"type": "int"},
    "boot_settings": {"type": "dict"},
}


@dataclass
class Means:
    """What the boots of one run use: the engine, the ids of images, the memory in bytes.

    ``images`` has the backend's image of each backup by the id of the backup, ``redis`` is None without an image of it.
    ``weaviate_settings`` are those of the vector store that serves.
    """

    client: DockerClient
    weaviate: str
    redis: str | None
    weaviate_settings: Mapping[str, str]
    serving: Container | None
    memory: int
    images: dict[str, str] = field(default_factory=dict)

    def variables_of(self, backup: Backup) -> list[str]:
        """Return the names of the variables that the backend's image sets."""
        entries = self._config(backup).get("Env") or []
        return [str(entry).partition("=")[0] for entry in entries]

    def command_of(self, backup: Backup) -> list[str] | None:
        """Return the command of the backend that serves, if it is of the same image; None for the image's own."""
        if self.serving is None or self.serving.attrs["Image"] != self.images[backup.manifest.id]:
            return None
        command = self.serving.attrs["Config"].get("Cmd")
        return list(command) if command else None

    def _config(self, backup: Backup) -> Mapping[str, Any]:
        with engine_client.asking("inspect the image of the backend"):
            return dict(self.client.api.inspect_image(self.images[backup.manifest.id]).get("Config") or {})


def find(params: Mapping[str, Any], rights: Rights) -> Means:
    """Return the means of a boot. Raises ConvosphereError that names what is missing. Changes nothing."""
    _refuse_options(params, rights)
    client = engine_client.connect(params["docker_host"], ENGINE_TIMEOUT)
    project_owner.refuse_foreign_project_of(client, params)
    found = engine_client.project_containers(client, params["project_name"])
    if not found.get(WEAVIATE):
        raise UnknownError(
            f"The project {params['project_name']} has no container of {WEAVIATE}, whose image a boot starts once more",
            hint="Nothing was changed. Deploy the environment, or set level to restore.",
        )
    store = found[WEAVIATE][0]
    redis = found.get(REDIS)
    backends = found.get(boot_image.BACKEND)
    return Means(
        client,
        str(store.attrs["Image"]),
        str(redis[0].attrs["Image"]) if redis else None,
        containers.environment_of(store),
        backends[0] if backends else None,
        memory.needed(_used(params, found), params["boot_memory"]),
    )


def refuse_little_memory(means: Means) -> None:
    """Raise UnknownError if the host lacks the memory."""
    problem = memory.objection(means.memory, readiness.memory()["available_bytes"])
    if problem:
        raise UnknownError(
            f"Cannot tell whether the backup boots: {problem}",
            hint="Nothing was changed. Free memory, set boot_memory to what a boot takes in MiB, or level to restore.",
        )


def refuse_little_disk(means: Means, backups: Sequence[Backup]) -> None:
    """Raise UnknownError if the vectors of a backup cannot lie twice, as a copy and restored, on the engine's disk.

    How large they are restored is not known: this is the least. The platform writes to the same disk.
    """
    sizes = [record.size for backup in backups for record in backup.manifest.files if record.kind == VECTORS]
    if not sizes:
        return
    with engine_client.asking("read the directory of Docker Engine"):
        root = str(means.client.info()["DockerRootDir"])
    required, free = 2 * max(sizes) + STAYS_FREE, int(host_requirements.space(root, 0)["free_bytes"])
    if free < required:
        raise UnknownError(
            f"Cannot tell whether the backup boots: its vectors take {required // _MIB} MiB with what has to stay free "
            f"on the disk of Docker Engine, under {root}, which has {free // _MIB} MiB free",
            hint="Nothing was changed. Free space on that disk, or set level to restore.",
        )


def image_problem(params: Mapping[str, Any], means: Means, backup: Backup) -> str | None:
    """Find the backend's image of a backup, and note it. Return a sentence if it is not known or not on the host."""
    name = backup.manifest.id
    wanted = params["image"] or _recorded(params, means, backup)
    if wanted is None:
        return (
            f"No kept release in {params['project_src']} has the schema of the backup {name}, so that the image of its "
            "backend is not known: set image to boot it"
        )
    found = state.image_id(means.client, wanted)
    if found is None:
        return f"The image {wanted} of the backend, to which the backup {name} belongs, is not on the host: bring it"
    means.images[name] = found
    return None


def _recorded(params: Mapping[str, Any], means: Means, backup: Backup) -> str | None:
    kept: Sequence[kept_releases.Release] = ()
    if params["project_src"]:
        kept = kept_releases.read(Path(params["project_src"]) / "releases")
    if not kept:
        return str(means.serving.attrs["Image"]) if means.serving else None
    return boot_image.choose(kept, backup.manifest)


def _refuse_options(params: Mapping[str, Any], rights: Rights) -> None:
    problems = []
    if not params["project_name"]:
        problems.append("level is boot, and project_name is not set: it names the project whose images are started")
    if not containers.is_local(params["docker_host"]):
        problems.append(
            f"level is boot, and docker_host is {params['docker_host']}: allowed is the socket of this host"
        )
    for name in ("boot_timeout", "boot_memory"):
        if params[name] is not None and params[name] < 1:
            problems.append(f"{name} is {params[name]}: give a number greater than 0")
    if not (rights.is_superuser or rights.may_create_roles):
        problems.append(
            f"The role {rights.role} may not create roles (CREATEROLE), such as the one with which the backend of a "
            "boot uses nothing but the restored database"
        )
    if problems:
        raise InputError.of(problems, hint="Nothing was changed.")


def _used(params: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, int | None]:
    """Return the bytes of memory that the services use which a boot starts once more."""
    services = (boot_image.BACKEND, WEAVIATE, *([REDIS] if REDIS in found else []))
    try:
        running = readiness.running(
            EngineProbe(params["docker_host"], _PROBE_TIMEOUT), params["project_name"], services
        )
    except (OSError, http.client.HTTPException, ValueError):
        running = {}
    return {service: (running.get(service) or {}).get("memory_bytes") for service in services}
