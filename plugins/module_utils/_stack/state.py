# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stack: the Compose project of one environment, as it is and as it shall be.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core import dotenv
from .._core import files as core_files
from .._core.errors import InputError
from .._core.redaction import SHORTEST, Secret
from .._engine import client as engine_client
from .._engine import compose_cli, service_stats, writable_mounts
from .._engine import proxies as engine_proxies
from .._host import served_release

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

SECRETS_FILE = ".env"
SECRETS_HEADER = (
    "Secrets of this environment, generated once and kept: Compose reads them by itself. Keep this file 0600."
)
LOCK = core_files.LOCK
#: What the directory of a stack holds beside its files.
RESERVED = (SECRETS_FILE, LOCK, core_files.MARKER, "releases")
_MODE = re.compile(r"0[0-7]{3}")


@dataclass
class Stack:
    """Where a stack lives, what it shall be, and what was found there. ``inspect`` fills the second half."""

    name: str
    directory: Path
    docker_host: str
    texts: Mapping[str, tuple[str, str]]  # relative path: (text, octal mode)
    secret_entries: Sequence[Mapping[str, Any]]
    schema: Mapping[str, Any] | None = None  # of the backend's image, as convosphere_db_migration returns it

    current_secrets: str | None = None  # the text of the file with the secrets
    current_texts: dict[str, str | None] = field(default_factory=dict)
    current_modes: dict[str, str] = field(default_factory=dict)
    #: Names of files that are there, not wanted, and of no release.
    foreign: set[str] = field(default_factory=set)
    variables: dict[str, Secret] = field(default_factory=dict)
    current_variables: dict[str, Secret] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    containers: dict[str, list[Container]] = field(default_factory=dict)
    image_ids: dict[str, str | None] = field(default_factory=dict)
    #: The names of the variables that an image sets, by its reference.
    image_variables: dict[str, set[str]] = field(default_factory=dict)
    proxies: dict[str, str] = field(default_factory=dict)  # what the Docker client adds to every container
    unwritable: list[writable_mounts.Unwritable] = field(default_factory=list)

    @property
    def secrets_path(self) -> Path:
        """The file with the secrets, which Compose reads by itself."""
        return self.directory / SECRETS_FILE

    @property
    def releases(self) -> Path:
        """The directory of the releases."""
        return self.directory / "releases"

    @property
    def compose(self) -> compose_cli.Compose:
        """The Compose project with the wanted secrets."""
        return self.compose_with(self.variables)

    def compose_with(self, variables: Mapping[str, str]) -> compose_cli.Compose:
        """The Compose project with other secrets, such as those of before.

        The other variables of the file are given along; those that may refer to others Compose reads by itself.
        """
        others = dotenv.literal(self.current_variables)
        return compose_cli.Compose(self.name, self.directory, self.docker_host, {**others, **variables})

    def compose_files(self) -> list[Path]:
        """The Compose files among the stack's texts, where they will lie."""
        return [self.directory / name for name in compose_cli.FILE_NAMES if name in self.texts]

    def differing_texts(self) -> list[str]:
        """The names of the files that are not there as they shall be."""
        return [
            name
            for name, (text, mode) in self.texts.items()
            if self.current_texts.get(name) != text or self.current_modes.get(name) != mode
        ]

    def secret_values(self) -> list[str]:
        """What must not be shown: every secret, old and new. Other variables of the file, such as a port, only
        when they are long enough that masking them does not mask half of the output."""
        both = [*self.variables.items(), *self.current_variables.items()]
        return sorted({value for name, value in both if name in self.variables or len(value) >= SHORTEST})

    @property
    def generated(self) -> list[str]:
        """The names of the secrets that are neither given nor in the file."""
        return dotenv.made_up(self.secret_entries, self.current_variables)

    def references(self) -> dict[str, str]:
        """The image reference of each service that shall have a container."""
        services = self.model["services"].items()
        return {name: str(service["image"]) for name, service in services if replicas(service)}

    def read_files(self) -> None:
        """Read the secrets and the texts that are there. Raises InputError, for secrets that others may read too."""
        core_files.refuse_readable_by_others(self.secrets_path)
        self.current_secrets = core_files.read_text(self.secrets_path)
        self.current_variables = dotenv.parse(self.current_secrets or "")
        self.variables = dotenv.wanted(self.secret_entries, self.current_variables)
        recorded = (served_release.current(self.releases) or {"files": {}})["files"]
        # What is not wanted of these will be removed: a recorded one, and whatever Compose would find there by itself,
        # such as an override of a first deploy that failed.
        for name in dict.fromkeys([*self.texts, *recorded, *compose_cli.FILE_NAMES]):
            path = self.directory / name
            self.current_texts[name] = core_files.read_text(path)
            if self.current_texts[name] is not None:
                self.current_modes[name] = core_files.mode_of(path)
        found = {name for name, text in self.current_texts.items() if text is not None}
        self.foreign = found - self.texts.keys() - recorded.keys()

    def read_model(self) -> None:
        """Have Compose check and merge the wanted files, before any of them is in place."""
        with self._candidate() as files:
            # Two runs of Compose, at once: most of each is its start.
            self.model, self.hashes = engine_client.in_parallel(
                lambda read: read(files), [self.compose.model, self.compose.hashes]
            )
        without = [name for name, service in self.model["services"].items() if not service.get("image")]
        if without:
            raise InputError(f"These services name no image: {', '.join(without)}", hint="Nothing is built here.")

    def read_engine(self, client: DockerClient) -> None:
        """Ask the engine for the project's containers and for the images that the services want."""
        self.containers = engine_client.project_containers(client, self.name)
        self.unwritable = writable_mounts.find(item for found in self.containers.values() for item in found)
        references = sorted(set(self.references().values()))
        found = engine_client.in_parallel(lambda reference: _image(client, reference), references)
        self.image_ids = {name: str(image["Id"]) if image else None for name, image in zip(references, found)}
        self.image_variables = {name: _variables_of(image or {}) for name, image in zip(references, found)}
        self.proxies = engine_proxies.of_client(self.docker_host)

    @contextmanager
    def _candidate(self) -> Iterator[list[Path]]:
        with ExitStack() as opened:
            names = [file.name for file in self.compose_files()]
            yield [opened.enter_context(core_files.unnamed(self.texts[name][0], name)) for name in names]


def texts_of(files: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    """The module's option ``files`` as ``Stack.texts``. Raises InputError for names and modes that cannot be."""
    problems = []
    for file in files:
        path = Path(file["path"])
        if path.is_absolute() or ".." in path.parts or not path.parts or path.parts[0] in RESERVED:
            problems.append(f"The file '{path}' cannot be one of the stack: its name is reserved or leads elsewhere")
        if not isinstance(file["content"], str):
            problems.append(f"The content of {path} is not a text: give the text of the file")
        if not _MODE.fullmatch(file["mode"]):
            problems.append(f"The mode of {path} is {file['mode']}: it must be in quotes and octal, such as '0640'")
    if compose_cli.FILE_NAMES[0] not in {file["path"] for file in files}:
        problems.append(f"There is no {compose_cli.FILE_NAMES[0]} among the files of the stack")
    if problems:
        raise InputError.of(problems)
    return {file["path"]: (file["content"], file["mode"]) for file in files}


def replicas(service: Mapping[str, Any]) -> int:
    """How many containers a service of the model shall have."""
    return int(service.get("scale", (service.get("deploy") or {}).get("replicas", 1)))


def refuse_missing_images(stack: Stack, to_come: Sequence[str] = ()) -> None:
    """Raise InputError that names each image which is not on the host: nothing is pulled in the middle of a deploy.

    Those of ``to_come`` are brought before it begins.
    """
    missing = sorted(name for name, found in stack.image_ids.items() if found is None and name not in to_come)
    if missing:
        raise InputError(
            f"The host has no image {', '.join(missing)}",
            hint="Nothing was changed. Bring it there first. The role stack brings the images of its own services, of "
            "which stack_image_source and stack_images say where from; those that only stack_compose_override names "
            "are yours to bring (docker pull, docker load).",
        )


def refuse_schema_of_another_image(stack: Stack) -> None:
    """Raise InputError where the schema, which the database was made fit for, is of an image that no service has."""
    there = set(stack.image_ids.values())
    wanted = (stack.schema or {}).get("image_id")
    if wanted and wanted not in there:
        raise InputError(
            f"The database was looked at for the backend's image {wanted}, which no service of the stack has",
            hint="Nothing was changed. Give the image that Compose is told to run: stack_version or stack_images says "
            "which, not stack_compose_override.",
        )


def refuse_standins(stack: Stack, client: DockerClient) -> None:
    """Raise InputError that names each wanted image that only stands in for the real one."""
    there = {reference: found for reference, found in stack.image_ids.items() if found}
    with engine_client.asking("read the labels of the images"):
        images = engine_client.in_parallel(client.api.inspect_image, list(there.values()))
    standins = sorted(
        reference for reference, image in zip(there, images) if service_stats.is_standin(image["Config"].get("Labels"))
    )
    if standins:
        raise InputError(
            f"These images on the host are stand-ins for tests, which this environment does not allow: "
            f"{', '.join(standins)}",
            hint="Nothing was changed. Remove them (docker rmi) and bring the real ones: stack_image_source says how.",
        )


def image_id(client: DockerClient, reference: str) -> str | None:
    """The id of the image that a reference (name and tag, digest or id) means on the host; None where there is none."""
    image = _image(client, reference)
    return str(image["Id"]) if image else None


def _image(client: DockerClient, reference: str) -> dict[str, Any] | None:
    from docker.errors import ImageNotFound

    with engine_client.asking(f"look for the image {reference}"):
        try:
            return dict(client.api.inspect_image(reference))
        except ImageNotFound:
            return None


def _variables_of(image: Mapping[str, Any]) -> set[str]:
    return {entry.partition("=")[0] for entry in (image.get("Config") or {}).get("Env") or []}
