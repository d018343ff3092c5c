# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a kept release the desired stack: its files, its images by id, and the secrets that are current.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from .._core import files as core_files
from .._core.errors import InputError
from .._engine import client as engine_client
from . import kept_releases, schema_check, schema_fit, secrets, state

if TYPE_CHECKING:
    from docker import DockerClient

    from .kept_releases import Release

#: The file of the authority that a backend trusts.
AUTHORITY = "tls/ca.crt"


def read(stack: state.Stack, name: str) -> Release:
    """Return the release of that id, and make its files and the names of its secrets those of the stack.

    Raises InputError for an unknown release, and for one whose files are not complete.
    """
    kept = kept_releases.read(stack.releases)
    release, serving = kept_releases.find(kept, name), kept_releases.serving(kept)
    modes = {
        path: core_files.mode_of(stack.directory / path)
        for path in release.record.get("files") or {}
        if (stack.directory / path).exists()
    }
    # The authority of the database's certificate may have been rotated since: the previous one would refuse it.
    texts = release.texts(modes)
    current = {name: core_files.read_text(stack.directory / name) for name in texts if name == AUTHORITY}
    stack.texts = {name: (current.get(name) or text, mode) for name, (text, mode) in texts.items()}
    entries = [{"name": secret, "length": secrets.LENGTH} for secret in release.record.get("secrets") or []]
    stack.secrets = secrets.Secrets(stack.directory, entries, rotates=False)
    stack.origin = {
        "restored_from": release.origin,
        **({"rolled_back_from": serving.id} if serving else {}),
    }
    return release


def refuse_missing_secrets(stack: state.Stack) -> None:
    """Raise InputError if the file of the secrets lacks one of the release, which would be generated otherwise."""
    missing = stack.secrets.generated
    if missing:
        raise InputError(
            f"The release needs the secrets {', '.join(missing)}, and {stack.secrets.path} lacks them",
            hint="Nothing was changed. Restore that file: a rollback keeps the current secrets and generates none.",
            secrets=missing,
        )


def fit(stack: state.Stack, release: Release, client: DockerClient, params: Mapping[str, Any]) -> None:
    """Make the schema of the release that of the stack. Raises InputError if its code cannot work with the database."""
    found = judge(kept_releases.read(stack.releases), client, params).fit(release.schema)
    if found.objection:
        raise InputError(
            f"Cannot roll back to the release {release.id}: {found.objection}",
            hint=f"Nothing was changed. {found.hint}",
        )
    stack.schema = schema_with(release.schema, found)


def judge(kept: Collection[Release], client: DockerClient | None, params: Mapping[str, Any]) -> schema_fit.Judge:
    """Return the judge of the schemas of the kept releases. The database is read at most once, if it is needed."""
    serving = kept_releases.serving(list(kept))
    answers: list[Any] = []

    def revisions() -> list[str] | None:
        if not answers:
            answers.append(schema_check.read_revisions(client, params) if client else None)
        return list(answers[0]) if answers[0] is not None else None

    return schema_fit.Judge(
        serving.schema if serving else None, [each.schema for each in kept if each.schema], revisions
    )


def schema_with(schema: Mapping[str, Any] | None, found: schema_fit.Fit) -> Mapping[str, Any] | None:
    """Return a schema with the revisions of the database that its code does not have, but can work with."""
    if schema is None:
        return None
    own = {name: value for name, value in schema.items() if name != "database"}
    return {**own, "database": list(found.database)} if found.database else own


def short_ids(client: DockerClient) -> dict[str, str]:
    """Return the full ids of all images of the host, by the short ids that releases record."""
    with engine_client.asking("list the images"):
        images = client.api.images(all=True)
    return {str(image["Id"]).rpartition(":")[2][:12]: str(image["Id"]) for image in images}


def pin(stack: state.Stack, release: Release, client: DockerClient, to_come: Collection[str]) -> None:
    """Pin the images of the release by id if their reference means another image by now.

    Raises InputError that names each image which the host lacks, unless it is one of ``to_come``.
    """
    ids = short_ids(client)
    missing = [image for image in release.missing_images(ids) if image.reference not in to_come]
    if missing:
        names = ", ".join(f"{image.reference} ({image.short_id}) of {image.service}" for image in missing)
        raise InputError(
            f"The host lacks images of the release {release.id}: {names}",
            hint="Nothing was changed. Bring them by docker load, or by docker pull if their reference still means "
            "that id. Or choose another release: releases.yml lists those that are complete.",
        )
    stack.recorded_images = {image.service: f"{image.reference}@{image.short_id}" for image in release.images}
    existing = [image for image in release.images if image.short_id in ids]
    stack.pins = {
        image.service: ids[image.short_id]
        for image in existing
        if state.image_id(client, image.reference) != ids[image.short_id]
    }


def pins_text(stack: state.Stack) -> str:
    """Return the Compose file that pins the images."""
    return json.dumps({"services": {name: {"image": image} for name, image in sorted(stack.pins.items())}})


def assume_to_come(stack: state.Stack, release: Release) -> None:
    """Fill in the ids of images that other tasks bring, in check mode: the release records them."""
    recorded = {image.reference: image.short_id for image in release.images}
    for reference, current in stack.image_ids.items():
        if current is None and reference in recorded:
            stack.image_ids[reference] = recorded[reference]


def publishes(stack: state.Stack, url: str) -> bool:
    """Return whether a service of the stack publishes the port of a URL, which another release may not."""
    port = url.rstrip("/").rpartition(":")[2]
    ports = [item for service in stack.model["services"].values() for item in service.get("ports") or ()]
    return not port.isdigit() or any(str(item.get("published")) == port for item in ports)
