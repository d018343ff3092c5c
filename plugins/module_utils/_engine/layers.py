# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find out which layers of images an engine lacks.

An engine knows a layer by its chain: its own digest and those of all layers below it.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from .client import asking, in_parallel

if TYPE_CHECKING:
    from docker import DockerClient

#: The driver of engines that keep images in containerd's store, which reads every layer of an archive.
CONTAINERD = "io.containerd.snapshotter"


def chains(digests: Sequence[str]) -> Iterator[str]:
    """Yield the chain id of each layer, from the digests of the uncompressed layers, lowest first."""
    chain = ""
    for digest in digests:
        chain = f"sha256:{hashlib.sha256(f'{chain} {digest}'.encode()).hexdigest()}" if chain else digest
        yield chain


def lacking(images: Iterable[Sequence[str]], held: set[str]) -> list[str]:
    """Return the digests of the layers whose chains are not in ``held``, each once, in the order of the images."""
    return list(
        dict.fromkeys(
            digest for digests in images for digest, chain in zip(digests, chains(digests)) if chain not in held
        )
    )


def held_by(client: DockerClient) -> set[str]:
    """Return the chain ids of the layers of all images of an engine; none if it would not use them."""
    with asking("list its images and their layers"):
        information = client.info()
        if any(CONTAINERD in str(entry) for entry in information.get("DriverStatus") or []):
            return set()
        ids = [str(image["Id"]) for image in client.api.images(all=True)]
        found = in_parallel(lambda each: _digests(client, each), ids)
    return {chain for digests in found for chain in chains(digests)}


def _digests(client: DockerClient, image_id: str) -> list[str]:
    from docker.errors import ImageNotFound

    try:
        return list(client.api.inspect_image(image_id)["RootFS"].get("Layers") or [])
    except ImageNotFound:  # removed since it was listed
        return []
