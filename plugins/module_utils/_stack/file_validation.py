# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate files in a throwaway container before installing them.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from .._core import command as core_command
from .._core.errors import InputError
from .._engine import client as engine_client
from . import state

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

PLACE = "convosphere-trial"  # the folder of the file in the throwaway container
SECONDS = 60  # until the program must have ended
CANDIDATE = "%s"  # stands for the file in a command


def refuse_invalid(stack: state.Stack, client: DockerClient, files: Sequence[Mapping[str, Any]]) -> None:
    """Validate each file that will change. Raises InputError with the program's message for the first invalid one.

    ``files`` is the module's option. ``stack`` must have read its files, its model and the engine. A file is skipped if
    the image is not on the host. Nothing remains on the host.
    """
    for file in files:
        check = file.get("validate")
        if not check or stack.current_texts.get(file["path"]) == file["content"]:
            continue
        image = _image(stack, file["path"], check)
        if image:
            _validate(stack, client, image, file)


def _image(stack: state.Stack, path: str, check: Mapping[str, Any]) -> str | None:
    """Return the id of the image that validates a file; None if it is not on the host yet."""
    if not any(CANDIDATE in word for word in check["command"]):
        raise InputError(f"validate.command of {path} has no {CANDIDATE}, which stands for the file")
    if check["service"] not in stack.model["services"]:
        raise InputError(
            f"The service {check['service']}, which validate names for {path}, is not in the stack",
            hint=f"Nothing was changed. Its services are: {', '.join(sorted(stack.model['services']))}.",
        )
    reference = stack.references().get(check["service"])
    return stack.image_ids[reference] if reference else None


def _validate(stack: state.Stack, client: DockerClient, image: str, file: Mapping[str, Any]) -> None:
    service, name = file["validate"]["service"], PurePosixPath(file["path"]).name
    command = [word.replace(CANDIDATE, f"/{PLACE}/{name}") for word in file["validate"]["command"]]
    with engine_client.asking(f"validate {file['path']} in a container of {service}"):
        container = _create(stack, client, image, service, command)
        try:
            container.put_archive("/", _archive(name, file["content"]))
            container.start()
            code = container.wait(timeout=SECONDS)["StatusCode"]
            output = core_command.last_lines(container.logs().decode("utf-8", errors="replace"))
        finally:
            container.remove(v=True, force=True)
    if code != 0:
        raise InputError(
            f"The file {file['path']} is not valid: {command[0]} of {service} ended with {code}: {output}",
            hint="Nothing was changed.",
        )


def _create(stack: state.Stack, client: DockerClient, image: str, service: str, command: list[str]) -> Container:
    definition = stack.model["services"][service]
    variables = {name: value for name, value in (definition.get("environment") or {}).items() if value is not None}
    return client.containers.create(
        image,
        entrypoint=command,  # which replaces the image's own command too
        user=definition.get("user"),
        # Compose doubles each dollar sign in its model, so that the model is a Compose file too.
        environment={name: str(value).replace("$$", "$") for name, value in variables.items()},
        volumes=_mounts(definition),
        network_mode="none",
        # The labels of one-off containers of Compose: after an interruption, the next deploy or teardown removes it.
        labels={
            engine_client.LABEL_PROJECT: stack.name,
            engine_client.LABEL_SERVICE: service,
            engine_client.LABEL_ONE_OFF: "True",
        },
    )


def _mounts(service: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the service's mounts from the host, such as certificates, read-only. Its volumes may not exist yet."""
    binds = [mount for mount in service.get("volumes") or [] if mount["type"] == "bind"]
    return {
        mount["source"]: {"bind": mount["target"], "mode": "ro"} for mount in binds if Path(mount["source"]).exists()
    }


def _archive(name: str, text: str) -> bytes:
    """Return a tar archive of the folder and the file, which any user of the container can read."""
    buffer, content = io.BytesIO(), text.encode()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        folder = tarfile.TarInfo(PLACE)
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(folder)
        entry = tarfile.TarInfo(f"{PLACE}/{name}")
        entry.size, entry.mode = len(content), 0o644
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
