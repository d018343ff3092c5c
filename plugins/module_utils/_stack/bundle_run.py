# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the images of a release, or given ones, into one archive for a site without internet access.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core import files
from .._core.errors import EngineError, InputError
from .._core.plan import Plan, make_plan
from .._core.work import Invocation, Work
from .._engine import client as engine_client
from .._engine import image_archive, image_bundle
from .._engine import images as engine_images
from .._host import environment_directory
from . import prune

if TYPE_CHECKING:
    from docker import DockerClient

#: The id, in check mode, of an image that another task brings before the real run.
TO_COME = "unknown until the image is on the host"


class BundleRun(Work):
    """One run of convosphere_image_bundle."""

    def __init__(self, invocation: Invocation) -> None:
        self.params = invocation.params
        self.check_mode = invocation.check_mode
        self.client: DockerClient | None = None
        self.images: list[image_archive.ArchivedImage] = []
        self.size: int | None = None
        self.checksum: str | None = None

    def plan(self) -> Plan:
        """Find the images on the host, and compare their ids with those of the archive that exists."""
        references = self._references()
        _refuse_digests(references)
        connect = engine_client.connect_if_there if self.check_mode else engine_client.connect
        self.client = connect(self.params["docker_host"], self.params["timeout"])
        found = engine_images.present(self.client, references.values()) if self.client else {}
        to_come = set(self.params["images_to_come"]) if self.check_mode else set()
        missing = [name for name, key in references.items() if key not in found and name not in to_come]
        if missing:
            raise InputError(
                f"The host has no image {', '.join(missing)}, so the archive would be incomplete",
                hint="Nothing was written. Bring them first, with docker pull, docker load or convosphere_image.",
            )
        self.images = _by_id({name: found[key] for name, key in references.items() if key in found})
        ids = {name: found[key]["Id"] if key in found else TO_COME for name, key in references.items()}
        existing = self.params["existing"] or {}
        desired: dict[str, dict[str, Any] | None] = {name: None for name in existing if name not in ids}
        desired.update({name: {"id": image_id} for name, image_id in ids.items()})
        return make_plan(desired, {name: {"id": image_id} for name, image_id in existing.items()})

    def apply(self, plan: Plan) -> None:
        """Write all images: an archive is replaced, never changed."""
        if self.client is None:  # without an engine, a real run has failed by now
            raise AssertionError("No Docker Engine to save images from")
        path = Path(self.params["path"])
        image_bundle.write(engine_images.patient(self.client, self.params["docker_host"]), self.images, path)
        self.size = path.stat().st_size
        self.checksum = files.sha256(files.chunks(path))

    def verify(self, plan: Plan) -> None:
        """Raise EngineError unless the written archive has the images."""
        if self.size is None:
            return
        archived = {image.id for image in image_archive.read(self.params["path"]).images}
        if archived != {image.id for image in self.images}:
            raise EngineError(f"The archive {self.params['path']} has other images than the host: run again")

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the images with their layers, and the size and the checksum of the archive if it was written."""
        return {
            "images": [
                {"name": name, "id": image.id, "layers": list(image.layers)}
                for image in self.images
                for name in image.names
            ],
            "size_bytes": self.size,
            "sha256": self.checksum,
        }

    def _references(self) -> dict[str, str]:
        """Return what to ask the engine for, by the name that the image gets in the archive."""
        directory = Path(self.params["project_src"])
        environment_directory.refuse_foreign_directory(directory, self.params["environment_name"], "project_src")
        release = self.params["release"]
        if not release:
            return {name: name for name in self.params["images"]}
        recorded = prune.records(directory / "releases")
        if release not in recorded:
            raise InputError(
                f"There is no release {release} in {directory / 'releases'}",
                hint=f"Nothing was written. Allowed: {', '.join(sorted(recorded)) or 'none before a deploy'}.",
            )
        parts = [image.rpartition("@") for image in recorded[release].values()]
        return {reference: short for reference, _at, short in parts}


def _refuse_digests(references: dict[str, str]) -> None:
    pinned = [name for name in references if "@" in name]
    if pinned:
        raise InputError(
            f"An archive cannot have an image under a digest of a registry, which no docker load restores: "
            f"{', '.join(pinned)}",
            hint=f"Nothing was written. Tag them on the host: {'; '.join(map(_tagging, pinned))}. Then name that "
            "tag in stack_images, for this run and for the deploy of the other site. The archive fixes the ids all the "
            "same.",
        )


def _tagging(reference: str) -> str:
    """Return the command that names an image, which has a digest, by its tag, or by the beginning of its digest."""
    name, _at, digest = reference.partition("@")
    tag = "" if ":" in name.rpartition("/")[2] else f":{digest.partition(':')[2][:12]}"
    return f"docker tag {reference} {name}{tag}"


def _by_id(found: dict[str, dict[str, Any]]) -> list[image_archive.ArchivedImage]:
    """Return the images to write, each once with all its names, from the engine's descriptions by name."""
    names: dict[str, list[str]] = {}
    for name, image in found.items():
        names.setdefault(image["Id"], []).append(engine_images.canonical(name))
    layers = {image["Id"]: tuple(image["RootFS"].get("Layers") or ()) for image in found.values()}
    return [image_archive.ArchivedImage(tuple(several), key, layers[key]) for key, several in names.items()]
