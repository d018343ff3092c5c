# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vector store's classes and objects, by Weaviate's own backup interface: out as a tar archive, and back.

Weaviate writes a backup into a folder in its container. It is consistent in itself from the moment it was asked for,
so that whatever writes to the store need not wait until the result is taken out.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .._core import pipeline, tar_stream
from .._core.errors import ApiError, ConvosphereError, InputError
from .._core.pipeline import Program
from .._engine import client as engine_client
from .api_client import Answer, Api

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

SERVICE = "weaviate"
PORT = 8080
#: Of backups that are taken out and removed; those of a killed run are known by it, and removed by the next.
RUN = "convosphere_run_"
#: Of backups that a restore made of what it replaced, and keeps; of what it had to take away again.
BEFORE = "convosphere_before_"
REJECTED = "convosphere_rejected_"
POLL_SECONDS = 0.25
#: For how long a backup that was just asked for may be unknown.
START_SECONDS = 10
_CHUNK = 1024 * 1024
_BACKUPS = "/v1/backups/filesystem"
_ENDED = ("SUCCESS", "FAILED", "CANCELED")


@dataclass(frozen=True)
class VectorStore:
    """One Weaviate with the module backup-filesystem, and the folder in its container that this writes to."""

    api: Api
    container: Container
    folder: str
    docker_host: str

    def classes(self) -> list[str]:
        """The names of all classes, sorted."""
        found = _checked(self.api.get("/v1/schema"), "list the classes of the vector store").json()
        return sorted(str(item["class"]) for item in found.get("classes") or ())

    def count(self) -> int:
        """How many objects there are in all classes, as its nodes say: what was written last may not be counted yet."""
        step = "count the objects of the vector store"
        found = _checked(self.api.get("/v1/nodes?output=verbose"), step).json()
        try:
            return sum(int(node["stats"]["objectCount"]) for node in found["nodes"])
        except (LookupError, TypeError, ValueError) as error:
            raise ApiError(f"Cannot {step}: its nodes do not say how many they have") from error

    def start(self, name: str) -> None:
        """Ask for a backup of all that is there, under a name of lower case letters, digits, - and _."""
        _checked(self.api.post(_BACKUPS, {"id": name}), f"begin the vector store's backup {name}")

    def wait(self, name: str, deadline: float, action: str = "") -> None:
        """Wait until a backup is complete, or with ``action`` "/restore" back. ``deadline`` is of the monotonic clock.

        Raises ApiError with what the store says where it failed, and where the time is over.
        """
        step = f"{'restore' if action else 'write'} the vector store's backup {name}"
        started = time.monotonic()
        while True:
            answer = self.api.get(f"{_BACKUPS}/{name}{action}")
            beginning = answer.status == 404 and time.monotonic() < started + START_SECONDS
            found = {} if beginning else _checked(answer, step).json()
            status = found.get("status", "STARTED")
            if status == "SUCCESS":
                return
            if status in ("FAILED", "CANCELED"):
                raise ApiError(f"Cannot {step}: {status}: {found.get('error') or 'it does not say why'}", status=status)
            if time.monotonic() >= deadline:
                raise ApiError(f"Cannot {step}: it is still {status} when the time is over", status=status)
            time.sleep(POLL_SECONDS)

    def archive(self, name: str, totals: tar_stream.Totals) -> Iterator[bytes]:
        """A complete backup as a tar archive, counted in ``totals``."""
        with engine_client.asking(f"read the vector store's backup {name}"):
            chunks, _about = self.container.get_archive(f"{self.folder}/{name}", chunk_size=_CHUNK)
            yield from tar_stream.passing(chunks, totals, lambda _path: False)

    def remove(self, name: str) -> None:
        """Delete a backup in the container."""
        self._execute("rm", "-rf", "--", f"{self.folder}/{name}")

    def names(self, prefix: str) -> list[str]:
        """The backups in the container whose names begin with ``prefix``, sorted."""
        if self._ends("test", "-d", self.folder)[0]:
            return []  # nothing was ever backed up, and to look is no reason to make it
        return sorted(
            name for name in self._execute("ls", "-1", "--", self.folder).splitlines() if name.startswith(prefix)
        )

    def remove_leftovers(self) -> None:
        """Delete what killed runs left in the container."""
        for name in self.names(RUN):
            self.remove(name)

    def stage(
        self, archive: Iterable[bytes], name: str, timeout: float | None, *, unpack: Sequence[Program] = ()
    ) -> None:
        """Bring the backup ``name`` into the container, beside what is there.

        ``unpack`` are the programs that make a tar archive of ``archive``. Raises CommandError.
        """
        self._execute("mkdir", "-p", "--", self.folder)
        copy = Program(["docker", "cp", "-", f"{self.container.name}:{self.folder}"], {"DOCKER_HOST": self.docker_host})
        step = f"write the vector store's backup {name} into {self.container.name}"
        pipeline.run([*unpack, copy], step=step, source=archive, timeout=timeout)

    def set_aside(self, name: str, timeout: float) -> str | None:
        """Have all that is there as the backup ``name`` too, in seconds. Returns it, None where there is nothing.

        Raises ApiError.
        """
        if not self.classes():  # without any, the store refuses to make a backup
            return None
        self.start(name)
        self.wait(name, time.monotonic() + timeout)
        return name

    def replace(self, name: str | None, timeout: float) -> None:
        """Have just what the backup ``name`` in the container holds; None is a store without a class.

        ``timeout`` is in seconds. Raises ApiError, and then nobody knows what is in the store.
        """
        deadline = time.monotonic() + timeout
        for present in self.classes():  # Weaviate restores no class that is there
            _checked(self.api.delete(f"/v1/schema/{quote(present)}"), f"delete the class {present} of the vector store")
        if name is not None:
            _checked(
                self.api.post(f"{_BACKUPS}/{name}/restore", {}), f"begin to restore the vector store's backup {name}"
            )
            self.wait(name, deadline, "/restore")

    def go_back(self, kept: str | None, timeout: float, *, new: str | None = None, aside: str | None = None) -> None:
        """Undo ``replace`` by ``new``, however far it came: have what was ``set_aside`` as ``kept``. Raises ApiError.

        What is there until then is set aside as ``aside``, if that is given, since somebody may have written to it.
        """
        if kept is not None:
            self.wait(kept, time.monotonic() + timeout)  # before anything is deleted: is it there at all?
        if new is not None:
            self._let_end(new, time.monotonic() + timeout)
        if aside is not None:
            self.set_aside(aside, timeout)
        self.replace(kept, timeout)

    def kept(self) -> list[str]:
        """The backups that restores have kept: of before, oldest first, and rejected ones."""
        return self.names(BEFORE) + self.names(REJECTED)

    def discard_kept(self) -> list[str]:
        """Delete what restores have kept; returns the names of the backups."""
        found = self.kept()
        for name in found:
            self.remove(name)
        return found

    def _let_end(self, name: str, deadline: float) -> None:
        """Wait while a restore goes on that nobody waits for any more: the store refuses another one until then."""
        while time.monotonic() < deadline:
            answer = self.api.get(f"{_BACKUPS}/{name}/restore")
            if (
                answer.status == 404
                or _checked(answer, f"look at the restore of {name}").json().get("status") in _ENDED
            ):
                return
            time.sleep(POLL_SECONDS)

    def _execute(self, *command: str) -> str:
        status, text = self._ends(*command)
        if status:
            raise ConvosphereError(f"Cannot run {' '.join(command)} in {self.container.name}: {text.strip()}")
        return text

    def _ends(self, *command: str) -> tuple[int, str]:
        """The status with which a command in the container ends, and what it says."""
        with engine_client.asking(f"run {command[0]} in {self.container.name}"):
            status, output = self.container.exec_run(list(command), user="0")
        text = b"".join([output] if isinstance(output, bytes) else output).decode("utf-8", errors="replace")
        return status or 0, text


def find(
    client: DockerClient, project_name: str, docker_host: str, *, api_key: str | None = None, timeout: float = 60
) -> VectorStore:
    """The vector store of a Compose project, asked at its container's own address: its port is not published.

    ``timeout`` is in seconds, for each request. Raises InputError where there is none, or where it cannot make backups.
    """
    containers = engine_client.project_containers(client, project_name).get(SERVICE)
    if not containers or containers[0].status != "running":
        raise InputError(
            f"The Compose project {project_name} has no running container of the service {SERVICE}, the vector store",
            hint="Start it, or leave vectors out of include.",
        )
    container = containers[0]
    folder = _folder(container)
    api = Api(f"http://{_address(container)}:{PORT}", timeout=timeout, validate_certs=True, token=api_key)
    api.local = True  # no proxy stands between the host and its own containers
    return VectorStore(api, container, folder, docker_host)


def new_name(now: datetime) -> str:
    """A name for a backup that is taken out, which no other one has."""
    return f"{RUN}{now.astimezone(timezone.utc):%Y%m%dt%H%M%Sz}_{secrets.token_hex(3)}"


def kept_name(now: datetime, prefix: str = BEFORE) -> str:
    """The name under which a restore at that moment keeps what was in the store."""
    return f"{prefix}{now.astimezone(timezone.utc):%Y%m%dt%H%M%Sz}"


def _folder(container: Container) -> str:
    settings = dict(item.split("=", 1) for item in container.attrs["Config"]["Env"] or () if "=" in item)
    folder = settings.get("BACKUP_FILESYSTEM_PATH", "").rstrip("/")
    if "backup-filesystem" not in settings.get("ENABLE_MODULES", "").split(",") or not folder:
        raise InputError(
            f"The vector store {container.name} cannot make backups: its module backup-filesystem is not enabled",
            hint="Deploy the environment with this collection, which enables it.",
        )
    return folder


def _address(container: Container) -> str:
    networks: dict[str, Any] = container.attrs["NetworkSettings"]["Networks"]
    addresses = [network["IPAddress"] for network in networks.values() if network.get("IPAddress")]
    if not addresses:
        raise InputError(f"The vector store {container.name} has no address that the host could reach")
    return str(addresses[0])


def _checked(answer: Answer, step: str) -> Answer:
    """The answer, if it is a good one; Weaviate's own words otherwise, {"error": [{"message": ...}]}."""
    if answer.status < 300:
        return answer
    try:
        errors = answer.json()["error"]
        text = "; ".join(str(item["message"]) for item in errors)
    except (ApiError, LookupError, TypeError):
        text = answer.text.strip()[:500]
    hint = "Give weaviate_api_key." if answer.status in (401, 403) else None
    raise ApiError(f"Cannot {step}: {answer.status}: {text}", hint=hint, status=answer.status)
