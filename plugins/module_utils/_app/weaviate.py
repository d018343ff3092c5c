# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back up and restore the vector store with Weaviate's own backup API, as a tar archive.

Weaviate writes a backup into a folder in its container. The backup is consistent as of its request, so that writes to
the store may resume before the result is read.

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
from .._engine import execution
from .api_client import Answer, Api

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

SERVICE = "weaviate"
PORT = 8080
#: Prefix of the backups that a run reads and removes; the next run removes those of an interrupted run.
RUN = "convosphere_run_"
#: Prefixes of the backups that restores keep: of the replaced content, and of rejected content.
BEFORE = "convosphere_before_"
REJECTED = "convosphere_rejected_"
POLL_SECONDS = 0.25
#: For how many seconds a backup that was just requested may be unknown.
START_SECONDS = 10
#: How many seconds each answer may take.
ANSWER_SECONDS = 60
_CHUNK = 1024 * 1024
_BACKUPS = "/v1/backups/filesystem"
_ENDED = ("SUCCESS", "FAILED", "CANCELED")


@dataclass(frozen=True)
class VectorStore:
    """A Weaviate with the module backup-filesystem, and the folder in its container for backups.

    ``timeout_option`` is the module's option that bounds ``wait``.
    """

    api: Api
    container: Container
    folder: str
    docker_host: str
    timeout_option: str = "vectors_timeout"

    def is_ready(self) -> bool:
        """Return whether the store answers that it is ready."""
        try:
            return self.api.get("/v1/.well-known/ready").status == 200
        except ApiError:
            return False

    def classes(self) -> list[str]:
        """Return the names of all classes, sorted."""
        found = _checked(self.api.get("/v1/schema"), "list the classes of the vector store").json()
        return sorted(str(item["class"]) for item in found.get("classes") or ())

    def count(self) -> int:
        """Return the number of objects in all classes, as the nodes report it: the latest may not be counted yet."""
        step = "count the objects of the vector store"
        found = _checked(self.api.get("/v1/nodes?output=verbose"), step).json()
        try:
            return sum(int(node["stats"]["objectCount"]) for node in found["nodes"])
        except (LookupError, TypeError, ValueError) as error:
            raise ApiError(f"Cannot {step}: the nodes report no objectCount") from error

    def start(self, name: str) -> None:
        """Request a backup of all classes. Its name may have lower case letters, digits, - and _."""
        _checked(self.api.post(_BACKUPS, {"id": name}), f"start the vector store's backup {name}")

    def wait(self, name: str, timeout: float, action: str = "", *, since: float | None = None) -> None:
        """Wait until a backup is complete, or with ``action`` "/restore" restored.

        ``timeout`` is in seconds from now, or from ``since`` of the monotonic clock. Raises ApiError with the store's
        own message if it failed, and if it takes longer.
        """
        step = f"{'restore' if action else 'write'} the vector store's backup {name}"
        started = time.monotonic()
        deadline = (started if since is None else since) + timeout
        while True:
            answer = self.api.get(f"{_BACKUPS}/{name}{action}")
            beginning = answer.status == 404 and time.monotonic() < started + START_SECONDS
            found = {} if beginning else _checked(answer, step).json()
            status = found.get("status", "STARTED")
            if status == "SUCCESS":
                return
            if status in ("FAILED", "CANCELED"):
                raise ApiError(f"Cannot {step}: {status}: {found.get('error') or 'no reason given'}", status=status)
            if time.monotonic() >= deadline:
                raise ApiError(
                    f"Cannot {step}: its status is still {status} after {timeout:g} s",
                    hint=f"Raise {self.timeout_option}.",
                    status=status,
                )
            time.sleep(POLL_SECONDS)

    def archive(self, name: str, totals: tar_stream.Totals) -> Iterator[bytes]:
        """Return a complete backup as a tar archive, and count its files in ``totals``."""
        with engine_client.asking(f"read the vector store's backup {name}"):
            chunks, _about = self.container.get_archive(f"{self.folder}/{name}", chunk_size=_CHUNK)
            yield from tar_stream.passing(chunks, totals, lambda _path: False)

    def remove(self, name: str) -> None:
        """Delete a backup in the container."""
        self._execute("rm", "-rf", "--", f"{self.folder}/{name}")

    def names(self, prefix: str) -> list[str]:
        """Return the names of the backups in the container that begin with ``prefix``, sorted."""
        if execution.run(self.container, ["test", "-d", self.folder], user="0").exit_code:
            return []  # there has been no backup yet; listing must not create the folder
        # With -a it always prints something, so that silence is not taken for an empty folder.
        listed = execution.read(self.container, ["ls", "-1a", "--", self.folder], user="0")
        if listed.exit_code or not listed.output:
            raise ConvosphereError(f"Cannot list {self.folder} in {self.container.name}: {listed.text.strip()}")
        names = listed.output.decode("utf-8", errors="replace").splitlines()
        return sorted(name for name in names if name.startswith(prefix) and not name.startswith("."))

    def remove_leftovers(self) -> None:
        """Delete the backups that interrupted runs left in the container."""
        for name in self.names(RUN):
            self.remove(name)

    def stage(
        self, archive: Iterable[bytes], name: str, timeout: float | None, *, unpack: Sequence[Program] = ()
    ) -> None:
        """Write the backup ``name`` into the container, beside the current content.

        ``unpack`` are the programs that turn ``archive`` into a tar archive. Raises CommandError.
        """
        self._execute("mkdir", "-p", "--", self.folder)
        copy = Program(["docker", "cp", "-", f"{self.container.name}:{self.folder}"], {"DOCKER_HOST": self.docker_host})
        step = f"write the vector store's backup {name} into {self.container.name}"
        pipeline.run([*unpack, copy], step=step, source=archive, timeout=timeout)

    def set_aside(self, name: str, timeout: float) -> str | None:
        """Copy the current content into the backup ``name``. Return the name, None for an empty store.

        ``timeout`` is in seconds. Raises ApiError.
        """
        if not self.classes():  # without any, the store refuses to make a backup
            return None
        self.start(name)
        self.wait(name, timeout)
        return name

    def replace(self, name: str | None, timeout: float) -> None:
        """Replace the content with that of the backup ``name`` in the container; None stands for an empty store.

        ``timeout`` is in seconds. Raises ApiError; the content of the store is unknown then.
        """
        started = time.monotonic()
        for current in self.classes():  # Weaviate restores no class that exists
            _checked(self.api.delete(f"/v1/schema/{quote(current)}"), f"delete the class {current} of the vector store")
        if name is not None:
            _checked(
                self.api.post(f"{_BACKUPS}/{name}/restore", {}), f"start to restore the vector store's backup {name}"
            )
            self.wait(name, timeout, "/restore", since=started)

    def undo(self, kept: str | None, timeout: float, *, new: str | None = None, aside: str | None = None) -> None:
        """Revert ``replace`` by ``new``, however far it got: restore what ``set_aside`` copied to ``kept``.

        With ``aside`` the current content is copied to that backup first, because it may have been written to. Raises
        ApiError.
        """
        if kept is not None:
            self.wait(kept, timeout)  # before anything is deleted: the backup must exist
        if new is not None:
            self._let_end(new, time.monotonic() + timeout)
        if aside is not None:
            self.set_aside(aside, timeout)
        self.replace(kept, timeout)

    def kept(self) -> list[str]:
        """Return the backups that restores have kept: of replaced content, oldest first, and of rejected content."""
        return self.names(BEFORE) + self.names(REJECTED)

    def discard(self, names: Sequence[str]) -> None:
        """Delete kept backups by their names."""
        for name in names:
            self.remove(name)

    def _let_end(self, name: str, deadline: float) -> None:
        """Wait for the end of a restore that an interrupted run started: until then the store refuses another one."""
        while time.monotonic() < deadline:
            answer = self.api.get(f"{_BACKUPS}/{name}/restore")
            if (
                answer.status == 404
                or _checked(answer, f"read the status of the restore of {name}").json().get("status") in _ENDED
            ):
                return
            time.sleep(POLL_SECONDS)

    def _execute(self, *command: str) -> None:
        done = execution.run(self.container, command, user="0")
        if done.exit_code:
            text = done.text.strip()
            raise ConvosphereError(f"Cannot run {' '.join(command)} in {self.container.name}: {text}")


def find(
    client: DockerClient,
    project_name: str,
    docker_host: str,
    *,
    api_key: str | None = None,
    timeout_option: str = "vectors_timeout",
) -> VectorStore:
    """Return the vector store of a Compose project, at its container's own address: its port is not published.

    Without ``api_key`` use the first key that the store itself allows, as
    root of the host can read it. Raises InputError if there is no store, or if it cannot make backups.
    """
    containers = engine_client.project_containers(client, project_name).get(SERVICE)
    if not containers or containers[0].status != "running":
        raise InputError(
            f"The Compose project {project_name} has no running container of the service {SERVICE}, the vector store",
            hint="Start the service, or remove vectors from include.",
        )
    container = containers[0]
    token = api_key or _key(container)
    return of_container(container, docker_host, token=token, timeout_option=timeout_option)


def of_container(
    container: Container, docker_host: str, *, timeout_option: str, token: str | None = None
) -> VectorStore:
    """Return the vector store in a running container. Raises InputError if it cannot make backups."""
    folder = _folder(container)
    api = Api(f"http://{_address(container)}:{PORT}", timeout=ANSWER_SECONDS, validate_certs=True, token=token)
    api.local = True  # no proxy stands between the host and its own containers
    return VectorStore(api, container, folder, docker_host, timeout_option)


def new_name(now: datetime) -> str:
    """Return a unique name for a backup that a run reads and removes."""
    return f"{RUN}{now.astimezone(timezone.utc):%Y%m%dt%H%M%Sz}_{secrets.token_hex(3)}"


def kept_name(now: datetime, prefix: str = BEFORE) -> str:
    """Return the name under which a restore at ``now`` keeps content of the store."""
    return f"{prefix}{now.astimezone(timezone.utc):%Y%m%dt%H%M%Sz}"


def _settings(container: Container) -> dict[str, str]:
    return dict(item.split("=", 1) for item in container.attrs["Config"]["Env"] or () if "=" in item)


def _key(container: Container) -> str | None:
    return _settings(container).get("AUTHENTICATION_APIKEY_ALLOWED_KEYS", "").split(",")[0] or None


def _folder(container: Container) -> str:
    settings = _settings(container)
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
        raise InputError(f"The vector store {container.name} has no IP address that this host can reach")
    return str(addresses[0])


def _checked(answer: Answer, step: str) -> Answer:
    """Return a good answer. Raise ApiError with Weaviate's message, {"error": [{"message": ...}]}, for any other."""
    if answer.status < 300:
        return answer
    try:
        errors = answer.json()["error"]
        text = "; ".join(str(item["message"]) for item in errors)
    except (ApiError, LookupError, TypeError):
        text = answer.text.strip()[:500]
    hint = "Set weaviate_api_key." if answer.status in (401, 403) else None
    raise ApiError(f"Cannot {step}: {answer.status}: {text}", hint=hint, status=answer.status)
