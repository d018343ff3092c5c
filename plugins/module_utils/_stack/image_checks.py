# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse images with which a stack cannot be deployed: missing ones, stand-ins, and a schema of another one.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._core.errors import InputError
from .._engine import client as engine_client
from .._engine import service_stats
from .state import Stack, schema_of_others

if TYPE_CHECKING:
    from docker import DockerClient


def refuse_missing_images(stack: Stack, to_come: Sequence[str] = ()) -> None:
    """Raise InputError that names each missing image: a deploy does not pull.

    Those of ``to_come`` are brought before it begins.
    """
    missing = sorted(name for name, found in stack.image_ids.items() if found is None and name not in to_come)
    if missing:
        raise InputError(
            f"The host has no image {', '.join(missing)}",
            hint="Nothing was changed. Bring it first: convosphere_image, docker pull or docker load. The role "
            "stack brings the images of its own services, and none that only stack_compose_override names.",
        )


def refuse_schema_of_another_image(stack: Stack, service: str) -> None:
    """Raise InputError if the option schema, to which the database was migrated, is of an image that no service has.

    If the stack has no ``service`` at all, its backend runs on another host, and the database is on this one.
    """
    if service in stack.references() and schema_of_others(stack):
        image = (stack.schema or {})["image_id"]
        raise InputError(
            f"The schema is that of the backend's image {image}, which no service of the stack has",
            hint="Nothing was changed. Give the schema of the image in compose.yaml. With the role stack, "
            "stack_version or stack_images must name the image of the backend, not stack_compose_override.",
        )


def refuse_standins(stack: Stack, client: DockerClient) -> None:
    """Raise InputError that names each desired image that is a stand-in image."""
    current = {reference: identifier for reference, identifier in stack.image_ids.items() if identifier}
    with engine_client.asking("read the labels of the images"):
        images = engine_client.in_parallel(client.api.inspect_image, list(current.values()))
    standins = sorted(
        reference
        for reference, image in zip(current, images)
        if service_stats.is_standin(image["Config"].get("Labels"))
    )
    if standins:
        raise InputError(
            f"These images on the host are stand-ins for tests, which allow_standins=false refuses: "
            f"{', '.join(standins)}",
            hint="Nothing was changed. Remove them (docker rmi), and pull, build or load the real images.",
        )
