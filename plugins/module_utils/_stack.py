# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stack: the Compose project of one environment, as it is and as it shall be.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.convosphere.platform.plugins.module_utils import (
    _compose,
    _engine,
    _environment_file,
    _files,
    _releases,
)
from ansible_collections.convosphere.platform.plugins.module_utils._errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._plan import Plan, Secret, make_plan

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

SECRETS_FILE = ".env"
NOT_THERE = "(not on the host yet)"


@dataclass
class Stack:
    """Where a stack lives, what it shall be, and what was found there. ``inspect`` fills the second half."""

    name: str
    directory: Path
    docker_host: str
    texts: Mapping[str, tuple[str, str]]  # relative path: (text, octal mode)
    secret_entries: Sequence[Mapping[str, Any]]

    present_texts: dict[str, str | None] = field(default_factory=dict)
    present_modes: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Secret] = field(default_factory=dict)
    present_variables: dict[str, Secret] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    containers: dict[str, list[Container]] = field(default_factory=dict)
    image_ids: dict[str, str | None] = field(default_factory=dict)

    @property
    def secrets_path(self) -> Path:
        """The file with the secrets, which Compose reads by itself."""
        return self.directory / SECRETS_FILE

    @property
    def releases(self) -> Path:
        """The directory of the releases."""
        return self.directory / "releases"

    @property
    def project(self) -> _compose.Project:
        """The Compose project with the wanted secrets."""
        return self.project_with(self.variables)

    def project_with(self, variables: Mapping[str, str]) -> _compose.Project:
        """The Compose project with other secrets, such as those of before."""
        return _compose.Project(self.name, self.directory, self.docker_host, variables)

    def compose_files(self, directory: Path) -> list[Path]:
        """The Compose files among the stack's texts, as they lie in ``directory``."""
        return [directory / name for name in _compose.FILE_NAMES if name in self.texts]

    def secret_values(self) -> list[str]:
        """What must not be shown: every secret of before and after. Other variables of the file, such as a port that an
        operator put there, only when they are long enough that masking them does not mask half of the output."""
        managed = {entry["name"] for entry in self.secret_entries}
        both = [*self.variables.items(), *self.present_variables.items()]
        return [value for name, value in both if name in managed or len(value) >= 8]

    def present_compose_files(self) -> list[str]:
        """The names of the Compose files that were there before."""
        return [name for name in _compose.FILE_NAMES if self.present_texts.get(name) is not None]

    def references(self) -> dict[str, str]:
        """The image reference of each service."""
        return {name: str(service.get("image")) for name, service in self.model["services"].items()}

    def read_files(self) -> None:
        """Read the secrets and the texts that are there. Raises InputError, for secrets that others may read too."""
        _files.refuse_readable_by_others(self.secrets_path)
        self.present_variables = _environment_file.parse(_files.read_text(self.secrets_path) or "")
        wanted = _environment_file.wanted(self.secret_entries, self.present_variables)
        self.variables = {**self.present_variables, **wanted}
        for name in self.texts:
            path = self.directory / name
            self.present_texts[name] = _files.read_text(path)
            if self.present_texts[name] is not None:
                self.present_modes[name] = _files.mode_of(path)

    def read_model(self) -> None:
        """Have Compose check and merge the wanted files, before any of them is in place."""
        with self._candidate() as files:
            # Two runs of Compose, at once: most of each is its start.
            self.model, self.hashes = _engine.in_parallel(
                lambda read: read(files), [self.project.model, self.project.hashes]
            )

    def read_engine(self, client: DockerClient) -> None:
        """Ask the engine for the project's containers and for the images that the services want."""
        self.containers = _engine.project_containers(client, self.name)
        with _engine.asking("list the images"):
            # The plain list: the SDK's own one inspects every image of the host.
            by_tag = {tag: image["Id"] for image in client.api.images() for tag in image.get("RepoTags") or ()}
        self.image_ids = {reference: by_tag.get(_with_tag(reference)) for reference in self.references().values()}

    @contextmanager
    def _candidate(self) -> Iterator[list[Path]]:
        with tempfile.TemporaryDirectory(prefix="convosphere-") as directory:
            files = self.compose_files(Path(directory))
            for file in files:
                file.write_text(self.texts[file.name][0], encoding="utf-8")
            yield files


def plan(stack: Stack, *, engine_read: bool) -> Plan:
    """What a deploy of ``stack`` does: secrets, files, services, and the release that is recorded at the end.

    ``engine_read`` is False where there is no engine yet, in check mode on an empty host: then every service will be
    created, without the details that only Compose and the engine can tell.
    """
    return (
        make_plan(_fields(stack.variables, "secret"), _fields(stack.present_variables, "secret"))
        + make_plan(_wanted_files(stack), _present_files(stack))
        + (_services(stack) if engine_read else _first_services(stack))
        + make_plan({"release": wanted_release(stack)}, _present_release(stack))
    )


def _fields(variables: Mapping[str, Secret], kind: str) -> dict[str, dict[str, Any]]:
    return {f"{kind} {name}": {"value": value} for name, value in variables.items()}


def _wanted_files(stack: Stack) -> dict[str, dict[str, Any]]:
    return {f"file {name}": {"content": text.splitlines(), "mode": mode} for name, (text, mode) in stack.texts.items()}


def _present_files(stack: Stack) -> dict[str, dict[str, Any]]:
    return {
        f"file {name}": {"content": text.splitlines(), "mode": stack.present_modes[name]}
        for name, text in stack.present_texts.items()
        if text is not None
    }


def _services(stack: Stack) -> Plan:
    wanted: dict[str, Mapping[str, Any] | None] = {}
    for name, reference in stack.references().items():
        wanted[f"service {name}"] = fields = {
            "image": reference,
            "image_id": _short(stack.image_ids[reference]),
            "state": "running",
        }
        if name in stack.containers:  # of a new one the hash says nothing, and a secret made up later changes it
            fields["configuration"] = stack.hashes[name][:12]
    present = {f"service {name}": _present_service(found) for name, found in stack.containers.items()}
    return make_plan({**wanted, **{name: None for name in present if name not in wanted}}, present)


def _first_services(stack: Stack) -> Plan:
    return make_plan({f"service {name}": {"state": "running"} for name in services_of(stack)}, {})


def services_of(stack: Stack) -> list[str]:
    """The services' names without Compose's help, where there is no Compose yet."""
    # PyYAML comes with Ansible on the controller, but on an empty host it may be missing: needed only here.
    try:
        import yaml
    except ImportError:
        return ["(all)"]
    names: list[str] = []
    for file in _compose.FILE_NAMES:
        if file in stack.texts:
            names += [name for name in yaml.safe_load(stack.texts[file][0]).get("services", {}) if name not in names]
    return names


def _present_service(containers: Sequence[Container]) -> dict[str, Any]:
    container = containers[0]
    return {
        "image": container.attrs["Config"]["Image"],
        "image_id": _short(container.attrs["Image"]),
        "configuration": container.labels.get(_engine.LABEL_CONFIG_HASH, "")[:12],
        "state": container.status,
    }


def wanted_release(stack: Stack) -> dict[str, Any]:
    """What tells one release from another: each service's image, and each file's sha256, shortened to 12 digits."""
    digests = {name: hashlib.sha256(text.encode()).hexdigest()[:12] for name, (text, _mode) in stack.texts.items()}
    return {"images": images_of(stack), "files": digests}


def _present_release(stack: Stack) -> dict[str, dict[str, Any]]:
    record = _releases.current(stack.releases)
    return {} if record is None else {"release": {"images": record["images"], "files": record["files"]}}


def images_of(stack: Stack) -> dict[str, str]:
    """Each service's image as ``reference@id``, the id shortened to 12 digits."""
    if not stack.model:
        return {}
    return {name: f"{reference}@{_short(stack.image_ids[reference])}" for name, reference in stack.references().items()}


def refuse_missing_images(stack: Stack) -> None:
    """Raise InputError that names each image which is not on the host: nothing is pulled in the middle of a deploy."""
    missing = sorted(reference for reference, image_id in stack.image_ids.items() if image_id is None)
    if missing:
        raise InputError(
            f"The host has no image {', '.join(missing)}",
            hint="Bring it there first: stack_image_source says how (pull, build, load).",
        )


def _short(image_id: str | None) -> str:
    return image_id.split(":")[-1][:12] if image_id else NOT_THERE


def _with_tag(reference: str) -> str:
    """``postgres`` as ``postgres:latest``, the way the engine lists it; a colon before the last slash is a port."""
    return reference if ":" in reference.rsplit("/", 1)[-1] else f"{reference}:latest"
