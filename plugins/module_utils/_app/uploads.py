# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back up and restore the files that users uploaded, which lie in the volume of a service, as a tar archive.

The service is the backend, or MinIO, of which the volume has all buckets and what MinIO records of them. Docker Engine
itself reads the archive, whether the container runs, is paused or stopped. A restore runs in a container of the
backend's image, which is on the host: nothing has to be pulled. MinIO is stopped while its volume is swapped.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import inspect
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from .._core import pipeline, tar_stream
from .._core.errors import InputError
from .._core.pipeline import Program
from .._engine import client as engine_client
from .._engine import execution
from . import uploads_script

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

#: The backend's setting that says where uploads are, and its value for MinIO.
_PROVIDER, _IN_MINIO = "STORAGE_PROVIDER", "minio"
#: Prefix of the directories that a restore creates beside the files. A backup skips them.
OWN = ".convosphere_"
_NEW = f"{OWN}new_"
_BEFORE = f"{OWN}before_"
_REJECTED = f"{OWN}rejected_"
#: How many seconds renaming or counting files may take. After that, renamed files are renamed back.
RENAME_SECONDS = 300
#: How many more seconds renaming back may take.
_UNDO_SECONDS = 120
_CHUNK = 1024 * 1024

# These scripts run with the Python of the service's image. Current files are renamed and never deleted, so that an
# interruption at any time loses no file.
_STAGE = """
import os, shutil, sys, tarfile
root, own, new, files, size = *sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5])
uncounted = tuple(sys.argv[6:])
for name in os.listdir(root):
    if name.startswith(own + "new_"):
        shutil.rmtree(os.path.join(root, name))
safely = {"filter": "tar"} if hasattr(tarfile, "tar_filter") else {}
fresh, counted, total = os.path.join(root, new), 0, 0
os.mkdir(fresh, 0o700)
with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as archive:
    for member in archive:
        inner = member.name.partition("/")[2]
        target = os.path.normpath(os.path.join(fresh, inner))
        if target != fresh and not target.startswith(fresh + os.sep):
            sys.exit("the archive has a path that leads out of it: " + member.name)
        if not inner.startswith(uncounted):
            counted += member.isfile() or member.islnk()
            total += member.size
        if member.islnk():
            member.linkname = os.path.join(new, member.linkname.partition("/")[2])
        member.name = os.path.join(new, inner) if inner else new
        archive.extract(member, root, numeric_owner=True, **safely)
if (counted, total) != (files, size):
    sys.exit(f"the archive has {counted} files of {total} bytes, and the manifest says {files} of {size}")
os.sync()
"""

_LIST = """
import os, sys
print(*sorted(name for name in os.listdir(sys.argv[1]) if name.startswith(tuple(sys.argv[2:]))), sep="\\n")
"""

# Arguments that end with _ are prefixes, all others whole names.
_DISCARD = """
import os, shutil, sys
root, names = sys.argv[1], sys.argv[2:]
prefixes = tuple(name for name in names if name.endswith("_"))
for name in sorted(os.listdir(root)):
    if name in names or name.startswith(prefixes):
        shutil.rmtree(os.path.join(root, name))
"""


@dataclass(frozen=True)
class Store:
    """A place of uploads: the service that has them in its volume, and their directory in its container."""

    #: As in the manifest of a backup.
    name: str
    service: str
    path: str
    #: The names in that directory that begin with these are the service's own records: part of a backup, and never
    #: counted, because the service changes them without an upload.
    records: tuple[str, ...] = ()
    #: Whether the service answers from memory, so that its volume must be swapped while it is stopped.
    is_stopped: bool = False


FILES = Store("files", "backend", "/app/uploads")
MINIO = Store("minio", "minio", "/data", (".minio.sys",), is_stopped=True)
STORES = {store.name: store for store in (FILES, MINIO)}


@dataclass(frozen=True)
class Volume:
    """The uploaded files of one container. ``image`` has the Python with which they are restored."""

    container: Container
    docker_host: str
    store: Store = FILES
    image: str | None = None

    def archive(self, totals: tar_stream.Totals) -> Iterator[bytes]:
        """Return a tar archive of all files, counted in ``totals``. Raises EngineError, also if it is cut short."""
        with engine_client.asking(f"read {self.path} of {self.container.name}"):
            chunks, _about = self.container.get_archive(self.path, chunk_size=_CHUNK)
            yield from tar_stream.passing(chunks, totals, _is_own, self._is_record)

    def size(self) -> int:
        """Estimate the bytes of all files; 0 if the container does not run and cannot be asked."""
        if self.container.status != "running":
            return 0
        measured = execution.read(self.container, ["du", "--summarize", "--bytes", "--", self.path], user="0")
        found = measured.output.split()
        return int(found[0]) if found and found[0].isdigit() else 0

    def stage(
        self,
        archive: Iterable[bytes],
        expected: tar_stream.Totals,
        timeout: float | None,
        *,
        unpack: Sequence[Program] = (),
    ) -> str:
        """Unpack an archive into a directory of the volume beside the files, and compare its content with ``expected``.

        ``unpack`` are the programs that turn ``archive`` into a tar archive, and ``timeout`` is in seconds. Returns the
        directory's name for ``swap``. Raises CommandError.
        """
        new = f"{_NEW}{secrets.token_hex(4)}"
        arguments = OWN, new, str(expected.files), str(expected.bytes), *self.store.records
        step = "unpack the uploaded files"
        self.work(_STAGE, *arguments, step=step, timeout=timeout, programs=unpack, source=archive)
        return new

    def swap(self, new: str, kept: str) -> None:
        """Move the current files to the directory ``kept``, and those in ``new`` to their place.

        The service must not be writing. Raises CommandError; the files are unchanged then, or the error names those
        that are not.
        """
        self._move("swap", new, kept, step="swap the uploaded files")

    def undo(self, kept: str, *, keep: bool) -> None:
        """Revert ``swap``, however far it got. Raises CommandError.

        Remove the restored files, or with ``keep``, because they may have been written to, keep them as rejected.
        """
        aside = kept.replace(_BEFORE, _REJECTED)  # the same in each attempt, so that its presence shows the progress
        step = "list the directories that a restore left"
        found = self.work(_LIST, _NEW, aside, step=step, timeout=RENAME_SECONDS).split()
        left = [name for name in found if name != aside] or [f"{_NEW}{secrets.token_hex(4)}"]
        new = left[0].removesuffix(uploads_script.MOVING)
        self._move("undo", new, kept, aside, step="move the previous uploaded files back")
        self.discard_new()
        if not keep and aside not in found:
            self.work(_DISCARD, aside, step="remove the restored files", timeout=None)

    def totals(self) -> tar_stream.Totals:
        """Count the files and their bytes as ``archive`` counts them. Raises CommandError."""
        arguments = "count", OWN, *self.store.records
        output = self.work(_program(), *arguments, step="count the uploaded files", timeout=RENAME_SECONDS)
        files, size = output.split()
        return tar_stream.Totals(int(files), int(size))

    def discard_new(self) -> None:
        """Remove files that were staged and not swapped."""
        self.work(_DISCARD, _NEW, step="remove the unpacked files", timeout=None)

    def kept(self) -> list[str]:
        """Return the directories that restores have kept: of replaced files, oldest first, and of rejected files."""
        step = "list the directories that restores have kept"
        return self.work(_LIST, _BEFORE, _REJECTED, step=step, timeout=RENAME_SECONDS).split()

    def discard(self, names: Sequence[str]) -> None:
        """Delete kept directories by their names. Raises CommandError."""
        if names:
            self.work(_DISCARD, *names, step="delete the uploaded files that restores have kept", timeout=None)

    def work(
        self,
        script: str,
        *arguments: str,
        step: str,
        timeout: float | None,
        programs: Sequence[Program] = (),
        source: Iterable[bytes] | None = None,
        sink: Callable[[bytes], Any] | None = None,
    ) -> str:
        """Run a script of Python on the files, in a container of the service's volumes; return what it prints.

        Its arguments are the directory of the files and ``arguments``. ``timeout`` is in seconds. ``sink`` gets the
        output instead. Raises CommandError.
        """
        output = bytearray()
        command = [
            "docker", "run", "--rm", "--interactive", "--pull=never", "--network=none", "--log-driver=none", "--user=0",
            f"--volumes-from={self.container.id}", "--entrypoint=python3", self.python(),
            "-c", script, self.path, *arguments,
        ]  # fmt: skip
        work = Program(command, {"DOCKER_HOST": self.docker_host})
        pipeline.run([*programs, work], step=step, source=source, sink=sink or output.extend, timeout=timeout)
        return output.decode()

    @property
    def path(self) -> str:
        """The directory of the files in the container."""
        return self.store.path

    def python(self) -> str:
        """Return the image to run scripts in. Raises InputError without one: MinIO's has no Python."""
        if self.image is None:
            raise InputError(
                f"There is no image of the backend on this host, in which the files of {self.container.name} are "
                "restored",
                hint="Nothing was changed. Deploy the environment, which brings the image, or give image.",
            )
        return self.image

    def _is_record(self, path: str) -> bool:
        parts = PurePosixPath(path).parts
        return len(parts) > 1 and parts[1].startswith(self.store.records)

    def _move(self, action: str, *names: str, step: str) -> None:
        if self.store.is_stopped and self.container.status in ("running", "restarting", "paused"):
            raise InputError(
                f"{self.container.name} is {self.container.status}: its files are swapped only while it is stopped",
                hint=f"No file was moved. Set project_name, so that {self.store.service} is stopped for the restore.",
            )
        arguments = action, OWN, str(RENAME_SECONDS), *names
        self.work(_program(), *arguments, step=step, timeout=RENAME_SECONDS + _UNDO_SECONDS)


def find(
    client: DockerClient, project_name: str, docker_host: str, image: Callable[[], str | None] = lambda: None
) -> Volume:
    """Return the uploads of a Compose project. Raises InputError without a container or a volume for them.

    ``image`` returns that of the backend, for a project whose backends run on other hosts.
    """
    containers = engine_client.project_containers(client, project_name)
    store = chosen(containers)
    if not containers.get(store.service):
        raise InputError(
            f"The Compose project {project_name} has no container of {store.service}, which keeps the uploaded files",
            hint="Deploy the environment first, or remove uploads from include.",
        )
    container = containers[store.service][0]
    mounted = {mount["Destination"] for mount in container.attrs["Mounts"]}
    if not any(PurePosixPath(store.path).is_relative_to(path) for path in mounted):
        raise InputError(
            f"{store.path} of {container.name} is not in a volume: its files are lost with the container",
            hint="Deploy the environment with this collection, which mounts a volume there.",
        )
    backends = containers.get(FILES.service)
    return Volume(container, docker_host, store, str(backends[0].attrs["Image"]) if backends else image())


def chosen(containers: Mapping[str, Sequence[Container]]) -> Store:
    """Return where the backend of a project stores uploads: by its setting, or on a host without it by its services."""
    backends = containers.get(FILES.service)
    if not backends:
        return MINIO if containers.get(MINIO.service) else FILES
    settings = dict(entry.partition("=")[::2] for entry in backends[0].attrs["Config"].get("Env") or ())
    return MINIO if settings.get(_PROVIDER) == _IN_MINIO else FILES


def kept_name(now: datetime) -> str:
    """Return the name of the directory in which a restore at ``now`` keeps the current files."""
    return f"{_BEFORE}{now.astimezone(timezone.utc):%Y%m%dT%H%M%SZ}"


def _is_own(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return len(parts) > 1 and parts[1].startswith(OWN)


def _program() -> str:
    """Return the text of the script, which is a file of its own so that it is checked like all others."""
    return inspect.getsource(uploads_script)
