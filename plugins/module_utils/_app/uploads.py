# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that users uploaded: out of the volume of a service as a tar archive, and back beside what is there.

Docker Engine itself hands the archive out, whether the container runs, is paused or stopped. On the way back the
container's own image works on the volume, since that is on the host and nothing can be pulled.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import inspect
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from .._core import pipeline, tar_stream
from .._core.errors import InputError
from .._core.pipeline import Program
from .._engine import client as engine_client
from . import uploads_script

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

#: Where the platform keeps them, and the service that does.
SERVICE = "backend"
PATH = "/app/uploads"
#: What a restore puts beside the files begins with this, and is no part of a backup.
OWN = ".convosphere_"
_NEW = f"{OWN}new_"
_BEFORE = f"{OWN}before_"
_REJECTED = f"{OWN}rejected_"
#: Files are only renamed in this time, or counted. Where it is over, what was renamed is renamed back.
RENAME_SECONDS = 300
#: How much longer that may take.
_UNDO_SECONDS = 120
_CHUNK = 1024 * 1024

# These run in the service's image, which is Python's own. Present files are renamed and never deleted, so that killed
# at any moment none is lost.
_STAGE = """
import os, shutil, sys, tarfile
root, own, new, files, size = *sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5])
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
            sys.exit("the archive has a path outside of it: " + member.name)
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

_DISCARD = """
import os, shutil, sys
root, prefixes = sys.argv[1], tuple(sys.argv[2:])
for name in sorted(os.listdir(root)):
    if name.startswith(prefixes):
        shutil.rmtree(os.path.join(root, name))
        print(name)
"""


@dataclass(frozen=True)
class Volume:
    """The uploaded files of one container, ``path`` in it."""

    container: Container
    docker_host: str
    path: str = PATH

    def archive(self, totals: tar_stream.Totals) -> Iterator[bytes]:
        """A tar archive of all files, counted in ``totals``. Raises EngineError, also where it is cut short."""
        with engine_client.asking(f"read {self.path} of {self.container.name}"):
            chunks, _about = self.container.get_archive(self.path, chunk_size=_CHUNK)
            yield from tar_stream.passing(chunks, totals, _is_own)

    def size(self) -> int:
        """How many bytes the files have, as a guess; 0 where the container does not run, since it cannot be asked."""
        if self.container.status != "running":
            return 0
        with engine_client.asking(f"measure {self.path} of {self.container.name}"):
            _status, output = self.container.exec_run(["du", "--summarize", "--bytes", "--", self.path], user="0")
        found = b"".join([output] if isinstance(output, bytes) else output).split()
        return int(found[0]) if found and found[0].isdigit() else 0

    def stage(
        self,
        archive: Iterable[bytes],
        expected: tar_stream.Totals,
        timeout: float | None,
        *,
        unpack: Sequence[Program] = (),
    ) -> str:
        """Unpack an archive into a directory of the volume beside the files, and count what it holds.

        ``unpack`` are the programs that make a tar archive of ``archive``, ``expected`` is what this must hold, and
        ``timeout`` is in seconds. Returns the directory's name for ``swap``. Raises CommandError.
        """
        new = f"{_NEW}{secrets.token_hex(4)}"
        told = OWN, new, str(expected.files), str(expected.bytes)
        step = "unpack the uploaded files"
        self._work(_STAGE, *told, step=step, timeout=timeout, programs=unpack, source=archive)
        return new

    def swap(self, new: str, kept: str) -> None:
        """Have the files in the directory ``new`` be the uploaded ones; those that are there now go to ``kept``.

        The service must not be writing. Raises CommandError, and then all is as it was, or the error says what is not.
        """
        self._move("swap", new, kept, step="exchange the uploaded files")

    def go_back(self, kept: str, *, keep: bool) -> None:
        """Undo ``swap``, however far it came. Raises CommandError.

        What came by it is removed, or with ``keep``, since somebody may have written to it, kept as rejected.
        """
        aside = kept.replace(_BEFORE, _REJECTED)  # whenever it is tried, so that it is seen how far it came
        step = "list what a restore has left"
        found = self._work(_LIST, _NEW, aside, step=step, timeout=RENAME_SECONDS).split()
        left = [name for name in found if name != aside] or [f"{_NEW}{secrets.token_hex(4)}"]
        new = left[0].removesuffix(uploads_script.MOVING)
        self._move("go_back", new, kept, aside, step="put the uploaded files back")
        self.discard_new()
        if not keep and aside not in found:
            self._work(_DISCARD, aside, step="remove the files that were restored", timeout=None)

    def totals(self) -> tar_stream.Totals:
        """How many files there are, and bytes in them, as ``archive`` would count them. Raises CommandError."""
        said = self._work(_program(), "count", OWN, step="count the uploaded files", timeout=RENAME_SECONDS)
        files, size = said.split()
        return tar_stream.Totals(int(files), int(size))

    def discard_new(self) -> None:
        """Remove what was staged and not swapped."""
        self._work(_DISCARD, _NEW, step="remove the unpacked files", timeout=None)

    def kept(self) -> list[str]:
        """The directories with the files that restores have kept: of before, oldest first, and rejected ones."""
        step = "list what restores have kept"
        return self._work(_LIST, _BEFORE, _REJECTED, step=step, timeout=RENAME_SECONDS).split()

    def discard_kept(self) -> list[str]:
        """Delete what restores have kept; returns the names of the directories."""
        step = "delete the uploaded files of before"
        return self._work(_DISCARD, _BEFORE, _REJECTED, step=step, timeout=None).splitlines()

    def _move(self, action: str, *names: str, step: str) -> None:
        told = action, OWN, str(RENAME_SECONDS), *names
        self._work(_program(), *told, step=step, timeout=RENAME_SECONDS + _UNDO_SECONDS)

    def _work(
        self,
        script: str,
        *arguments: str,
        step: str,
        timeout: float | None,
        programs: Sequence[Program] = (),
        source: Iterable[bytes] | None = None,
    ) -> str:
        said = bytearray()
        command = [
            "docker", "run", "--rm", "--interactive", "--pull=never", "--network=none", "--log-driver=none", "--user=0",
            f"--volumes-from={self.container.id}", "--entrypoint=python3", str(self.container.attrs["Image"]),
            "-c", script, self.path, *arguments,
        ]  # fmt: skip
        work = Program(command, {"DOCKER_HOST": self.docker_host})
        pipeline.run([*programs, work], step=step, source=source, sink=said.extend, timeout=timeout)
        return said.decode()


def find(client: DockerClient, project_name: str, docker_host: str) -> Volume:
    """The uploads of a Compose project. Raises InputError where there are none, or none that outlive a container."""
    containers = engine_client.project_containers(client, project_name).get(SERVICE)
    if not containers:
        raise InputError(
            f"The Compose project {project_name} has no container of {SERVICE}, which has the uploaded files",
            hint="Deploy the environment first, or leave uploads out of include.",
        )
    container = containers[0]
    mounted = {mount["Destination"] for mount in container.attrs["Mounts"]}
    if not any(PurePosixPath(PATH).is_relative_to(path) for path in mounted):
        raise InputError(
            f"{PATH} of {container.name} is no volume: its files are lost with the container",
            hint="Deploy the environment with this collection, which gives it one.",
        )
    return Volume(container, docker_host)


def kept_name(now: datetime) -> str:
    """The name under which a restore at that moment keeps the files that were there."""
    return f"{_BEFORE}{now.astimezone(timezone.utc):%Y%m%dT%H%M%SZ}"


def _is_own(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return len(parts) > 1 and parts[1].startswith(OWN)


def _program() -> str:
    """The text of the program, which is a file of its own so that it is checked like all others."""
    return inspect.getsource(uploads_script)
