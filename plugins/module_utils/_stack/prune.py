# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the images of the platform that nothing needs any more, and never an image of another program.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
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
from . import kept_releases

if TYPE_CHECKING:
    from docker import DockerClient

_NO_NAME = "<none>"


@dataclass(frozen=True)
class Image:
    """One image: its full id, its ``names`` (repository and tag), and the ``digests`` by which it was pulled."""

    id: str
    names: tuple[str, ...]
    digests: tuple[str, ...]
    size: int
    created: float
    standin: bool

    @property
    def short_id(self) -> str:
        """The id in the form that releases record."""
        return self.id.rpartition(":")[2][:12]

    @property
    def label(self) -> str:
        """The name for operators."""
        return ", ".join(self.names) or next(iter(self.digests), self.short_id)


@dataclass(frozen=True)
class Removable:
    """The images that may be removed.

    They are images of ``repositories``, which are the platform's only; images in ``recorded``, the references and short
    ids of removed releases; and with ``standins`` the stand-in images without a name.
    """

    repositories: frozenset[str]
    recorded: frozenset[str]
    standins: bool

    def has(self, image: Image) -> bool:
        """Return whether an image is the platform's only. One with any name of another program is not."""
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
    """Return the repository of a reference, in the engine's own spelling."""
    return engine_images.split(engine_images.canonical(name))[0]


def unused(images: Iterable[Image], removable: Removable, used: Iterable[str]) -> list[Image]:
    """Return the removable images that nothing needs, oldest first.

    ``used`` are the full ids of the images of containers, and the short ids and references in releases that are kept.
    """
    needed = set(used)
    return sorted(
        (
            image
            for image in images
            if removable.has(image)
            and not {image.id, image.short_id, *map(engine_images.canonical, image.names)} & needed
        ),
        key=lambda image: (image.created, image.label),
    )


def records(releases: Path) -> dict[str, dict[str, str]]:
    """Return the images of each release in a directory, by its id: ``{service: reference@short id}``.

    Raises ConvosphereError if a record cannot be read: the images that its release needs would be unknown.
    """
    recorded = {}
    for path in sorted(releases.glob(f"*/{served_release.RECORD}")):
        if path.parent.is_symlink() or path.parent.name.startswith("."):
            continue
        try:
            recorded[path.parent.name] = dict(json.loads(files.read_text(path) or "")["images"])
        except (ValueError, TypeError, KeyError) as error:
            raise ConvosphereError(
                f"{path} is not the record of a release", hint="Nothing was removed. Remove that directory by hand."
            ) from error
    return recorded


def schema_images(releases: Path, removed: Collection[str] = ()) -> set[str]:
    """Return the ids of the backend's images of which the kept releases of a directory record the schema.

    On a database host no container has them, but migrations run in them.
    """
    schemas = [each.schema for each in kept_releases.read(releases) if each.id not in removed]
    return {str(schema["image_id"]) for schema in schemas if schema and schema.get("image_id")}


def beside(directory: Path) -> list[Path]:
    """Return the directories with the releases of all stacks beside one, and its own, sorted.

    Raises InputError if a directory cannot be read: the images of its releases would be removed.
    """
    try:
        stacks = sorted(path for path in directory.parent.iterdir() if path.is_dir())
        # Path.exists() would return False for a path in a directory without permission to enter it.
        return [path for stack in stacks for path in stack.iterdir() if path.name == "releases"]
    except PermissionError as error:
        raise InputError(f"No permission to list the releases in {error.filename}", hint="Use become: true.") from error


def named(record: Mapping[str, str]) -> set[str]:
    """Return the references and the short ids of the images of a release."""
    parts = [image.rpartition("@") for image in record.values()]
    return {engine_images.canonical(reference) for reference, _at, _id in parts} | {
        short for _reference, _at, short in parts
    }


def own_repositories(recorded: Iterable[Mapping[str, str]]) -> frozenset[str]:
    """Return the repositories of releases' images, without those at Docker Hub, such as postgres.

    Other programs may use images of Docker Hub. A name with a registry has a dot or a port in its first part.
    """
    repositories = {repository(image.rpartition("@")[0]) for record in recorded for image in record.values()}
    return frozenset(name for name in repositories if "/" in name and _is_registry(name.partition("/")[0]))


def _is_registry(name: str) -> bool:
    return "." in name or ":" in name or name == "localhost"


def read(client: DockerClient) -> list[Image]:
    """Return all images of the engine that have a name or on which no other image is built."""
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
    """Return the ids of the images of all containers, running or not."""
    with engine_client.asking("list the containers"):
        return {str(container["ImageID"]) for container in client.api.containers(all=True)}


def settled(client: DockerClient, images: Sequence[Image], before: float) -> list[Image]:
    """Return the images that had their present name ``before`` that timestamp, in seconds since 1970.

    The engine knows when an image was built, which may be long before it was pulled, and when it got its last name.
    """
    tagged = engine_client.in_parallel(lambda image: _tagged(client, image), images)
    return [image for image, named_at in zip(images, tagged) if max(image.created, named_at) <= before]


def _tagged(client: DockerClient, image: Image) -> float:
    with engine_client.asking(f"inspect the image {image.label}"):
        tagged = str((client.api.inspect_image(image.id).get("Metadata") or {}).get("LastTagTime") or "")
    return 0.0 if not tagged or tagged.startswith("0001-") else project.timestamp(tagged)


def remove(client: DockerClient, images: Sequence[Image]) -> dict[str, str]:
    """Remove images without force, and return the reasons why some could not be removed, by their label.

    An image that a container uses in the meantime is kept, as is one on which another image is built.
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
