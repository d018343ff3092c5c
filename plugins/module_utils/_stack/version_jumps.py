# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse images of PostgreSQL and Weaviate that cannot work with the data of the version before.

PostgreSQL does not start with data of another major version. Weaviate converts its data by one minor version at a time,
and never back. An image that is not on the host yet is known by its tag, if that names a version.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core.errors import InputError
from .._engine import client as engine_client
from .._host import served_release
from . import state

if TYPE_CHECKING:
    from docker import DockerClient

_LABEL = "org.opencontainers.image.version"
_POSTGRES_DATA = "/var/lib/postgresql/data"
_PREFIX = re.compile(r"v?(\d+(?:\.\d+)*)")


@dataclass(frozen=True)
class Image:
    """The reference of an image, and what the engine knows of it: nothing if it is not on the host yet."""

    reference: str
    variables: Mapping[str, str]
    labels: Mapping[str, str]

    @property
    def repository(self) -> str:
        """Return the last part of its name, without the registry and the tag."""
        return self.reference.partition("@")[0].rpartition("/")[2].partition(":")[0]

    @property
    def tag(self) -> str:
        """Return the version that its tag begins with; "" if it names none."""
        found = _PREFIX.match(self.reference.partition("@")[0].rpartition("/")[2].partition(":")[2])
        return found.group(1) if found else ""

    @property
    def is_postgres(self) -> bool:
        """Whether it is an image of PostgreSQL, with the official image's variable."""
        return "PG_MAJOR" in self.variables or (not self.variables and self.repository == "postgres")

    @property
    def is_weaviate(self) -> bool:
        """Whether it is an image of Weaviate."""
        return self.repository == "weaviate"

    def postgres(self) -> str:
        """Return the major version of PostgreSQL; "" if it is unknown."""
        return self.variables.get("PG_MAJOR") or self.tag.partition(".")[0]

    def weaviate(self) -> str:
        """Return the version of Weaviate; "" if it is unknown."""
        label = _PREFIX.match(self.labels.get(_LABEL, ""))
        return self.tag if "." in self.tag else label.group(1) if label else ""


def refuse(stack: state.Stack, client: DockerClient, environment: str) -> None:
    """Raise InputError that names each image which the data of its service does not allow, with the route.

    The model and the containers must have been read. Where a version is unknown, nothing is refused.
    """
    found = [*_problems(stack, client, environment)]
    if found:
        raise InputError.of(
            [problem for problem, _route in found],
            hint=f"Nothing was changed. {' '.join(route for _problem, route in found)}",
        )


def postgres_problem(service: str, current: str, desired: str, environment: str) -> tuple[str, str] | None:
    """Return why PostgreSQL cannot work with its data, and the route; None if it can, or if a version is unknown."""
    if not current or not desired or current == desired:
        return None
    problem = (
        f"The data of the service {service} is of PostgreSQL {current}, and its image is of PostgreSQL {desired}, "
        "which does not start with data of another major version"
    )
    back = f"Set the image back to PostgreSQL {current}"
    if _numbers(desired) < _numbers(current):
        return problem, (
            f"{back}. No version of PostgreSQL reads the data, or a backup, of a later one: PostgreSQL {desired} can "
            f"only have the content of a backup that was made with {desired}."
        )
    label, given = f"before-postgres-{desired}", f"-e env={environment}"
    return problem, (
        f"{back} and run backup.yml {given} -e label={label} -e pinned=true, then backup_verify.yml {given} -e "
        f"backup={label}. Route to {desired}, in one step: teardown.yml {given} -e confirm={environment}; on the "
        f"database host, docker volume rm the volume of the service {service}; deploy.yml {given} with the image of "
        f"PostgreSQL {desired}; restore.yml {given} -e backup={label} -e database_force=true -e confirm={environment}. "
        "The platform is down from teardown.yml to the end of restore.yml."
    )


def weaviate_problem(service: str, current: str, desired: str, environment: str) -> tuple[str, str] | None:
    """Return why Weaviate cannot work with its data, and the route; None if it can, or if a version is unknown."""
    before, after = _numbers(current)[:2], _numbers(desired)[:2]
    if len(before) < 2 or len(after) < 2 or before == after:
        return None
    problem = f"The data of the service {service} is of Weaviate {current}, and its image is of Weaviate {desired}"
    backup = f"backup.yml -e env={environment} -e label=before-weaviate-{after[0]}.{after[1]} -e pinned=true"
    if after < before:
        return f"{problem}, which does not read data of a later version", (
            f"Set the image of {service} to {current} or later. Weaviate {desired} can only have the content of a "
            f"backup that was made with it: restore.yml -e env={environment}."
        )
    if after[0] != before[0]:
        return f"{problem}, of another major version", (
            f"Set the image of {service} back to {current}, and read Weaviate's guide to the migration."
        )
    if after[1] == before[1] + 1:
        return None
    steps = [f"{before[0]}.{minor}" for minor in range(before[1] + 1, after[1])]
    return f"{problem}, which converts data of the minor version before only", (
        f"Route: {backup}; then set the image of {service} to the last release of {', then '.join(steps)}, and then to "
        f"{desired}, with a deploy.yml that ends healthy for each."
    )


def _problems(stack: state.Stack, client: DockerClient, environment: str) -> Iterator[tuple[str, str]]:
    for name, reference in stack.references().items():
        image = _image(client, reference)
        found = None
        if image.is_postgres:
            found = postgres_problem(name, _postgres_data(stack, client, name), image.postgres(), environment)
        elif image.is_weaviate:
            found = weaviate_problem(name, _weaviate_data(stack, name), image.weaviate(), environment)
        if found:
            yield found


def _postgres_data(stack: state.Stack, client: DockerClient, service: str) -> str:
    """Return the major version of the data of a service: of its volume, or else of the image of its container."""
    for directory in _data_directories(stack, client, service):
        with suppress(OSError):
            return (directory / "PG_VERSION").read_text(encoding="ascii").strip()
    variables = [_variables(item.attrs["Config"]) for item in stack.containers.get(service, [])]
    return next((found["PG_MAJOR"] for found in variables if "PG_MAJOR" in found), "")


def _data_directories(stack: state.Stack, client: DockerClient, service: str) -> Iterator[Path]:
    """Yield the directories of the host that the service has as its data; none if the engine is on another host."""
    definition = stack.model["services"][service]
    data = (definition.get("environment") or {}).get("PGDATA") or _POSTGRES_DATA
    for mount in definition.get("volumes") or [] if stack.docker_host.startswith("unix:") else ():
        target = str(mount.get("target") or "").rstrip("/")
        below = Path(data).relative_to(target) if Path(target) in (Path(data), *Path(data).parents) else None
        source = mount.get("source") or ""
        if below is None or not target or not source:
            continue
        place = _volume(client, stack, source) if mount.get("type") == "volume" else source
        if place:
            yield Path(place) / below


def _volume(client: DockerClient, stack: state.Stack, source: str) -> str:
    from docker.errors import NotFound

    name = ((stack.model.get("volumes") or {}).get(source) or {}).get("name") or source
    with engine_client.asking(f"look for the volume {name}"):
        try:
            return str(client.api.inspect_volume(name).get("Mountpoint") or "")
        except NotFound:
            return ""


def _weaviate_data(stack: state.Stack, service: str) -> str:
    """Return the version that had the data last: of the image of the container, or else of the release."""
    for item in stack.containers.get(service, []):
        configuration = item.attrs["Config"]
        image = Image(configuration["Image"], {}, configuration.get("Labels") or {})
        if image.weaviate():
            return image.weaviate()
    recorded = ((served_release.current(stack.releases) or {}).get("images") or {}).get(service, "")
    return Image(str(recorded).rpartition("@")[0], {}, {}).weaviate()


def _image(client: DockerClient, reference: str) -> Image:
    from docker.errors import ImageNotFound

    with engine_client.asking(f"look for the image {reference}"):
        try:
            configuration = client.api.inspect_image(reference).get("Config") or {}
        except ImageNotFound:
            return Image(reference, {}, {})
    return Image(reference, _variables(configuration), configuration.get("Labels") or {})


def _variables(configuration: Mapping[str, Any]) -> dict[str, str]:
    entries = (str(entry).partition("=") for entry in configuration.get("Env") or [])
    return {name: value for name, _equals, value in entries}


def _numbers(version: str) -> tuple[int, ...]:
    found = _PREFIX.match(version)
    return tuple(int(part) for part in found.group(1).split(".")) if found else ()
