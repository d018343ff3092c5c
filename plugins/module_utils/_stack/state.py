# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a stack: the Compose project of one environment, in its desired and its current state.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core import dotenv, locks
from .._core import files as core_files
from .._core.errors import InputError
from .._engine import client as engine_client
from .._engine import compose_cli, writable_mounts
from .._engine import proxies as engine_proxies
from .._engine.project import RUNNING
from .._host import served_release
from . import edge as stack_edge
from . import journal, overrides, published_ports, secret_record, secrets, upstream_files

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

#: The names in the directory of a stack beside those of its files.
RESERVED = (secrets.FILE, locks.LOCK, core_files.MARKER, journal.FILE, overrides.FILE, secret_record.FILE, "releases")
_MODE = re.compile(r"0[0-7]{3}")


@dataclass
class Stack:
    """A stack: its place, its desired state, and the current one, which the methods ``read_…`` fill in."""

    name: str
    directory: Path
    docker_host: str
    texts: Mapping[str, tuple[str, str]]  # relative path: (text, octal mode)
    secrets: secrets.Secrets
    schema: Mapping[str, Any] | None = None  # of the backend's image, as convosphere_db_migration returns it
    edge: stack_edge.Edge | None = None
    #: The port of each service that is replaced by a new container beside the one that serves.
    beside: Mapping[str, int] = field(default_factory=dict)
    #: The ports that containers of these services may publish, by service.
    port_ranges: Mapping[str, published_ports.PortRange] = field(default_factory=dict)
    #: The part of a deploy that this run is, see ``phases``, and the addresses that the edge is given in it.
    phase: str = "all"
    given_upstreams: Mapping[str, Sequence[str]] = field(default_factory=dict)

    current_texts: dict[str, str | None] = field(default_factory=dict)
    current_modes: dict[str, str] = field(default_factory=dict)
    #: The names of files that exist, are not desired, and are in no release.
    foreign: set[str] = field(default_factory=set)
    model: dict[str, Any] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    #: The hashes of the same definition at other ports that containers publish, by service.
    other_hashes: dict[str, set[str]] = field(default_factory=dict)
    containers: dict[str, list[Container]] = field(default_factory=dict)
    image_ids: dict[str, str | None] = field(default_factory=dict)
    #: The names of the variables that an image sets, by its reference.
    image_variables: dict[str, set[str]] = field(default_factory=dict)
    proxies: dict[str, str] = field(default_factory=dict)  # the variables that the Docker client adds to containers
    unwritable: list[writable_mounts.Unwritable] = field(default_factory=list)
    #: The names of the containers of the edge that have not loaded their files as they are now.
    unloaded: set[str] = field(default_factory=set)
    #: The addresses that the state of the edge names for each service that has one, separated by spaces.
    upstreams: dict[str, str] = field(default_factory=dict)
    #: The hosts to which the edge sends requests, by its state and by what it has loaded: names of containers.
    routed: set[str] = field(default_factory=set)

    #: The services whose containers are replaced although nothing differs.
    forced: frozenset[str] = frozenset()

    # Of a stack that is a kept release:
    #: What its new record names beside the stack itself.
    origin: Mapping[str, str] = field(default_factory=dict)
    #: The image of each service as the release records it.
    recorded_images: Mapping[str, str] = field(default_factory=dict)
    #: The ids of images whose reference means another image by now, by service, and the Compose file that pins them.
    pins: Mapping[str, str] = field(default_factory=dict)
    pins_file: Path | None = None

    @property
    def releases(self) -> Path:
        """The directory of the releases."""
        return self.directory / "releases"

    @property
    def compose(self) -> compose_cli.Compose:
        """The Compose project with the desired secrets."""
        return self.compose_with(self.secrets.desired)

    def compose_with(self, variables: Mapping[str, str]) -> compose_cli.Compose:
        """Return the Compose project with other secrets, such as the previous ones.

        The other variables of the file are passed too. Compose itself reads those that may refer to other variables.
        """
        ports = published_ports.variables(self.port_ranges, self.secrets.current)
        others = {**dotenv.literal(self.secrets.current), **ports}
        return compose_cli.Compose(self.name, self.directory, self.docker_host, {**others, **variables})

    def compose_files(self) -> list[Path]:
        """Return the paths of the Compose files among the stack's texts, and of the one that pins images."""
        own = [self.directory / name for name in compose_cli.FILE_NAMES if name in self.texts]
        return [*own, self.pins_file] if self.pins_file else own

    def differing_texts(self) -> list[str]:
        """Return the names of the files whose text or mode differs."""
        return [
            name
            for name, (text, mode) in self.texts.items()
            if self.current_texts.get(name) != text or self.current_modes.get(name) != mode
        ]

    def hashes_of(self, name: str) -> set[str]:
        """Return the hashes by which Compose labels containers of the desired definition of a service."""
        return {self.hashes[name], *self.other_hashes.get(name, ())} if name in self.hashes else set()

    def references(self) -> dict[str, str]:
        """Return the image reference of each service with at least one container."""
        services = self.model["services"].items()
        return {name: str(service["image"]) for name, service in services if replicas(service)}

    def read_files(self) -> None:
        """Read the secrets and the files. Raises InputError, also if other users can read the secrets."""
        self.secrets.read()
        recorded = (served_release.current(self.releases) or {"files": {}})["files"]
        # Of these, files that are not desired will be removed: recorded ones, and those that Compose finds by itself,
        # such as an override of a first deploy that failed.
        for name in dict.fromkeys([*self.texts, *recorded, *compose_cli.FILE_NAMES]):
            path = self.directory / name
            self.current_texts[name] = core_files.read_text(path)
            if self.current_texts[name] is not None:
                self.current_modes[name] = core_files.mode_of(path)
        self.read_upstreams()
        existing = {name for name, text in self.current_texts.items() if text is not None}
        self.foreign = existing - self.texts.keys() - recorded.keys()

    def read_model(self) -> None:
        """Have Compose check and merge the desired files before any of them is written."""
        with self._candidate() as files:
            # Two runs of Compose at once: most of the time is their start.
            self.model, self.hashes = engine_client.in_parallel(
                lambda read: read(files), [self.compose.model, self.compose.hashes]
            )
        without = [name for name, service in self.model["services"].items() if not service.get("image")]
        unknown = sorted(self.forced - self.model["services"].keys())
        if unknown:
            raise InputError(
                f"replace names {', '.join(unknown)}, which the Compose files do not have",
                hint=f"Nothing was changed. Allowed: {', '.join(sorted(self.model['services']))}.",
            )
        if without:
            raise InputError(
                f"These services have no image: {', '.join(without)}",
                hint="Nothing was changed. Set image: for each of them; the module does not build images.",
            )

    def read_engine(self, client: DockerClient) -> None:
        """Ask the engine for the project's containers and for the images of the services."""
        self.containers = engine_client.project_containers(client, self.name)
        self.unwritable = writable_mounts.find(item for several in self.containers.values() for item in several)
        references = sorted(set(self.references().values()))
        images = engine_client.in_parallel(lambda reference: _image(client, reference), references)
        self.image_ids = {name: str(image["Id"]) if image else None for name, image in zip(references, images)}
        self.image_variables = {name: _variables_of(image or {}) for name, image in zip(references, images)}
        self.proxies = engine_proxies.of_client(self.docker_host)
        self.read_other_hashes()
        self.read_edge()

    def read_other_hashes(self) -> None:
        """Have Compose compare the desired files at the ports that containers publish, if they are others."""
        if self.port_ranges:
            with self._candidate() as files:
                self.other_hashes = published_ports.other_hashes(self.compose, files, self.port_ranges, self.containers)

    def read_upstreams(self) -> None:
        """Read the addresses that the state of the edge names."""
        addresses = {name: upstream_files.read(self.directory, name) for name in (self.beside if self.edge else ())}
        self.upstreams = {name: text for name, text in addresses.items() if text is not None}

    def read_edge(self) -> None:
        """Ask the running edge what it has loaded. The containers and the upstreams must have been read."""
        edges = self.running(self.edge.service) if self.edge else []
        looks = engine_client.in_parallel(stack_edge.look, edges)
        self.unloaded = {str(item.name) for item, look in zip(edges, looks) if not look.is_loaded}
        named = [address for text in self.upstreams.values() for address in text.split()]
        self.routed = {address.rpartition(":")[0] for address in named}.union(*(look.hosts for look in looks))

    def running(self, service: str) -> list[Container]:
        """Return the running containers of a service."""
        return [item for item in self.containers.get(service, []) if item.status == RUNNING]

    @contextmanager
    def _candidate(self) -> Iterator[list[Path]]:
        with ExitStack() as opened:
            names = [name for name in compose_cli.FILE_NAMES if name in self.texts]
            own = [opened.enter_context(core_files.unnamed(self.texts[name][0], name)) for name in names]
            yield [*own, self.pins_file] if self.pins_file else own


def texts_of(files: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    """Return the module's option ``files`` as ``Stack.texts``. Raises InputError for invalid names and modes."""
    problems = []
    for file in files:
        path = Path(file["path"])
        reserved = path.parts and (path.parts[0] in RESERVED or path.parts[:2] == stack_edge.STATE)
        if path.is_absolute() or ".." in path.parts or not path.parts or reserved:
            problems.append(
                f"The file '{path}' cannot be in files: its name is reserved, or it is outside of project_src"
            )
        if not isinstance(file["content"], str):
            problems.append(f"The content of {path} is not text: give the text of the file")
        if not _MODE.fullmatch(file["mode"]):
            problems.append(f"The mode of {path} is {file['mode']}: it must be in quotes and octal, such as '0640'")
    if compose_cli.FILE_NAMES[0] not in {file["path"] for file in files}:
        problems.append(f"There is no {compose_cli.FILE_NAMES[0]} in files")
    if problems:
        raise InputError.of(problems)
    return {file["path"]: (file["content"], file["mode"]) for file in files}


def replicas(service: Mapping[str, Any]) -> int:
    """Return the number of containers that a service of the model has."""
    return int(service.get("scale", (service.get("deploy") or {}).get("replicas", 1)))


def schema_of_others(stack: Stack) -> str | None:
    """Return the id of the image whose schema is recorded if no service of the stack has that image; None otherwise."""
    image = (stack.schema or {}).get("image_id")
    return str(image) if image and image not in set(stack.image_ids.values()) else None


def recorded_schema(stack: Stack) -> dict[str, Any]:
    """Return the part of a release's identity that is the schema: its revisions, and its image if it is of others."""
    revisions: dict[str, Any] = {"schema_revisions": list(stack.schema["heads"])} if stack.schema else {}
    other = schema_of_others(stack) if stack.image_ids else None
    return {**revisions, **({"schema_image": other.rpartition(":")[2][:12]} if other else {})}


def image_id(client: DockerClient, reference: str) -> str | None:
    """Return the id of the image with this reference (name and tag, digest or id); None if the host has none."""
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
