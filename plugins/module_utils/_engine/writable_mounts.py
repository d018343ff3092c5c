# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check that the user of each container can write what is mounted into it, and give volumes to that user.

Docker creates a volume for root if the image has no directory in its place. A program that runs as another user then
starts, reports itself healthy, and fails at the first file that it writes.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._core.errors import EngineError, UnhealthyError
from . import client as engine_client
from . import execution
from .project import RUNNING

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

ROOT = ("", "root", "0")
CHOWN_SECONDS = 600  # for a volume with millions of files

# Prints the user, then for each place that the user cannot write: the place and the first such directory in it.
PROBE = r"""
echo "$(id -u):$(id -g)"
for place in "$@"; do
  [ -d "$place" ] || continue
  found=$(find "$place" -type d -exec sh -c 'for each; do [ -w "$each" ] || echo "$each"; done' sh {} + 2>&1 |
    head -n 1)
  [ -z "$found" ] || printf '%s\t%s\n' "$place" "$found"
done
"""


@dataclass(frozen=True)
class Unwritable:
    """One mount of a container that the container's user cannot write. ``volume`` is ``None`` for a host directory."""

    container: Container
    service: str
    user: str  # uid:gid
    place: str
    directory: str  # the first one that cannot be written, the place or below it
    source: str  # on the host
    volume: str | None

    @property
    def name(self) -> str:
        """The name in a plan."""
        return f"volume {self.volume}" if self.volume else f"directory {self.source}"

    def sentence(self) -> str:
        """Return which user of which service cannot write which directory."""
        return (
            f"The service {self.service} runs as user {self.user} and cannot write {self.directory}, "
            f"which is in the {self.name}"
        )

    def command(self) -> str:
        """Return the command for the administrator."""
        return (
            f"Run on the host: chown -R {self.user} {self.source} and deploy again. Until then, no file can be stored "
            "in it."
        )


def find(containers: Iterable[Container]) -> list[Unwritable]:
    """Check each running container that does not run as root; without a shell in its image, nothing is found."""
    asked = [each for each in containers if each.status == RUNNING and _user(each) not in ROOT and _mounts(each)]
    return [item for several in engine_client.in_parallel(_probe, asked) for item in several]


def give(client: DockerClient, project: str, containers: Sequence[Container]) -> list[str]:
    """Give each volume that its service cannot write to the user of that service. Return the names of these volumes.

    Only volumes of this Compose project are changed. Raises UnhealthyError if a service still cannot write.
    """
    given: list[str] = []
    for item in find(containers):
        if not item.volume:
            raise UnhealthyError(f"{item.sentence()}.", hint=item.command())
        if not _is_own(client, project, item.volume):
            raise UnhealthyError(
                f"{item.sentence()}. The volume belongs to another project and was not changed.", hint=item.command()
            )
        _change_owner(client, project, item)
        given.append(item.volume)
    remaining = find(containers) if given else []
    if remaining:
        raise UnhealthyError(
            f"{remaining[0].sentence()}. Giving the volume to that user did not help.", hint=remaining[0].command()
        )
    return given


def _change_owner(client: DockerClient, project: str, item: Unwritable) -> None:
    """Run chown as root in a separate container: no-new-privileges may prevent it in the service's."""
    with engine_client.asking(f"give the volume {item.volume} to user {item.user}"):
        helper = client.containers.create(
            item.container.attrs["Image"],
            entrypoint=["chown", "-R", "-h", item.user, item.place],
            user="0:0",
            volumes={str(item.volume): {"bind": item.place, "mode": "rw,nocopy"}},
            network_mode="none",
            # The labels of Compose's one-off containers: after an interruption, the next deploy or teardown removes it.
            labels={
                engine_client.LABEL_PROJECT: project,
                engine_client.LABEL_SERVICE: item.service,
                engine_client.LABEL_ONE_OFF: "True",
            },
        )
        try:
            helper.start()
            helper.wait(timeout=CHOWN_SECONDS)
        finally:
            helper.remove(v=True, force=True)


def _probe(container: Container) -> list[Unwritable]:
    mounts = _mounts(container)
    try:
        probed = execution.read(container, ["sh", "-c", PROBE, "sh", *mounts])
    except EngineError:  # there is no shell, or the container has ended, which its health shows
        return []
    user, *lines = probed.output.decode("utf-8", errors="replace").splitlines() or [""]
    if probed.exit_code or ":" not in user:
        return []
    service = container.labels.get(engine_client.LABEL_SERVICE, str(container.name))
    unwritable = []
    for line in lines:
        place, _tab, directory = line.partition("\t")
        mount = mounts.get(place)
        if mount:
            volume = mount.get("Name") if mount["Type"] == "volume" else None
            unwritable.append(Unwritable(container, service, user, place, directory, mount["Source"], volume))
    return unwritable


def _user(container: Container) -> str:
    return str(container.attrs["Config"].get("User") or "").partition(":")[0]


def _mounts(container: Container) -> dict[str, dict[str, str]]:
    """Return the mounts by place, without read-only ones."""
    mounts = container.attrs.get("Mounts") or []
    return {mount["Destination"]: mount for mount in mounts if mount.get("RW") and mount["Type"] in ("volume", "bind")}


def _is_own(client: DockerClient, project: str, volume: str) -> bool:
    with engine_client.asking(f"read the volume {volume}"):
        labels = client.volumes.get(volume).attrs.get("Labels") or {}
    # An anonymous volume, which an image declares, has no label of Compose, and belongs to its container only.
    return labels.get(engine_client.LABEL_PROJECT) == project or "com.docker.volume.anonymous" in labels
