# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old releases of a stack and images that nothing needs any more: found, and never somebody else's.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .._core import files
from .._core.errors import ConvosphereError, InputError
from .._engine import client as engine_client
from .._engine import images as engine_images
from .._engine import project
from .._engine.service_stats import is_standin
from .._host import served_release

if TYPE_CHECKING:
    from docker import DockerClient

_NO_NAME = "<none>"


@dataclass(frozen=True)
class Image:
    """One image: its full id, its ``names`` (repository and tag), and the ``digests`` that it was pulled by."""

    id: str
    names: tuple[str, ...]
    digests: tuple[str, ...]
    size: int
    created: float
    standin: bool

    @property
    def short_id(self) -> str:
        """The id as releases record it."""
        return self.id.rpartition(":")[2][:12]

    @property
    def label(self) -> str:
        """What an operator knows it by."""
        return ", ".join(self.names) or next(iter(self.digests), self.short_id)


@dataclass(frozen=True)
class Scope:
    """What may be removed: images of ``repositories``, which are the platform's alone, those that ``recorded``, the
    references and short ids of releases that go, and stand-ins that lost their name, where ``standins``."""

    repositories: frozenset[str]
    recorded: frozenset[str]
    standins: bool

    def has(self, image: Image) -> bool:
        """Whether an image is nobody else's. One that has any name of somebody else's too is his."""
        recorded = image.short_id in self.recorded
        if image.names:
            return all(
                self._is_own(name) or (recorded and engine_images.canonical(name) in self.recorded)
                for name in image.names
            )
        if image.digests:
            return recorded or all(map(self._is_own, image.digests))
        return recorded or (self.standins and image.standin)

    def _is_own(self, name: str) -> bool:
        return repository(name) in self.repositories


def repository(name: str) -> str:
    """The repository of a reference, in the engine's own spelling."""
    return engine_images.split(engine_images.canonical(name))[0]


def unused(images: Iterable[Image], scope: Scope, used: Iterable[str]) -> list[Image]:
    """The images of ``scope`` that nothing needs, oldest first.

    ``used`` are the full ids of the images of containers, and what releases that stay name: short ids and references.
    """
    needed = set(used)
    return sorted(
        (
            image
            for image in images
            if scope.has(image) and not {image.id, image.short_id, *map(engine_images.canonical, image.names)} & needed
        ),
        key=lambda image: (image.created, image.label),
    )


def records(releases: Path) -> dict[str, dict[str, str]]:
    """The images of each release in a directory, by its id: ``{service: reference@short id}``.

    Raises ConvosphereError where a record cannot be read: what that release needs would not be known.
    """
    found = {}
    for path in sorted(releases.glob(f"*/{served_release.RECORD}")):
        if path.parent.is_symlink() or path.parent.name.startswith("."):
            continue
        try:
            found[path.parent.name] = dict(json.loads(files.read_text(path) or "")["images"])
        except (ValueError, TypeError, KeyError) as error:
            raise ConvosphereError(
                f"{path} is not a release's record", hint="Nothing was removed. Remove that directory by hand."
            ) from error
    return found


def beside(directory: Path) -> list[Path]:
    """The directories of the releases of all stacks that lie beside one, and its own, sorted.

    Raises InputError where it cannot be seen whether there are any: their images would go.
    """
    try:
        stacks = sorted(path for path in directory.parent.iterdir() if path.is_dir())
        # Asked for a path in a directory that may not be entered, Python would say that it is not there.
        return [path for stack in stacks for path in stack.iterdir() if path.name == "releases"]
    except PermissionError as error:
        raise InputError(f"No permission to look for releases in {error.filename}", hint="Use become: true.") from error


def named(record: Mapping[str, str]) -> set[str]:
    """What a release names: of each of its images the reference, and the short id."""
    parts = [image.rpartition("@") for image in record.values()]
    return {engine_images.canonical(reference) for reference, _at, _id in parts} | {
        short for _reference, _at, short in parts
    }


def own_repositories(recorded: Iterable[Mapping[str, str]]) -> frozenset[str]:
    """The repositories of releases' images, without those at Docker Hub, such as postgres, which are for everybody.

    What is there has no registry in its name, which is known by its dot or port.
    """
    found = {repository(image.rpartition("@")[0]) for record in recorded for image in record.values()}
    return frozenset(name for name in found if "/" in name and _is_registry(name.partition("/")[0]))


def _is_registry(name: str) -> bool:
    return "." in name or ":" in name or name == "localhost"


def read(client: DockerClient) -> list[Image]:
    """All images of the engine that have a name or that nothing else is built upon."""
    with engine_client.asking("list the images"):
        return [
            Image(
                str(image["Id"]),
                tuple(sorted(name for name in image["RepoTags"] or () if _NO_NAME not in name)),
                tuple(sorted(name for name in image["RepoDigests"] or () if _NO_NAME not in name)),
                int(image["Size"]),
                float(image["Created"]),
                is_standin(image["Labels"]),
            )
            for image in client.api.images()
        ]


def in_use(client: DockerClient) -> set[str]:
    """The ids of the images of all containers, running or not."""
    with engine_client.asking("list the containers"):
        return {str(container["ImageID"]) for container in client.api.containers(all=True)}


def settled(client: DockerClient, images: Sequence[Image], before: float) -> list[Image]:
    """Those that were there, under the name they have, ``before`` that moment, in seconds since 1970.

    The engine tells when an image was made, which may be long before it was pulled, and when it got its last name.
    """
    tagged = engine_client.in_parallel(lambda image: _tagged(client, image), images)
    return [image for image, moment in zip(images, tagged) if max(image.created, moment) <= before]


def _tagged(client: DockerClient, image: Image) -> float:
    with engine_client.asking(f"look at the image {image.label}"):
        moment = str((client.api.inspect_image(image.id).get("Metadata") or {}).get("LastTagTime") or "")
    return 0.0 if not moment or moment.startswith("0001-") else project.timestamp(moment)


def remove(client: DockerClient, images: Sequence[Image]) -> dict[str, str]:
    """Remove images without force, and return why some could not be, by their label.

    One that a container was made of in the meantime stays, as does what another image is built upon.
    """

    def remove_one(name: str) -> None:
        from docker.errors import ImageNotFound

        with engine_client.asking(f"remove the image {name}"):
            try:
                client.api.remove_image(name)
            except ImageNotFound:
                return

    owners = {name: image.label for image in images for name in (image.names or (image.id,))}
    _done, failures = engine_images.each(remove_one, owners)
    return {owners[name]: reason for name, reason in failures.items()}
