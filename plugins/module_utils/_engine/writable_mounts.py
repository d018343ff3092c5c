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
from typing import TYPE_CHECKING, Any

from .._core.errors import UnhealthyError
from . import client as engine_client
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
    """One mount of a container that the container's user cannot write. ``volume`` is None for a host directory."""

    container: Container
    service: str
    user: str  # uid:gid
    place: str
    directory: str  # the first one that cannot be written, the place or below it
    source: str  # on the host
    volume: str | None

    @property
    def name(self) -> str:
        """What a plan calls it."""
        return f"volume {self.volume}" if self.volume else f"directory {self.source}"

    def sentence(self) -> str:
        """Say who cannot write what."""
        return (
            f"The service {self.service} runs as user {self.user} and cannot write {self.directory}, "
            f"which is in the {self.name}"
        )

    def command(self) -> str:
        """Say what to do by hand."""
        return (
            f"Run on the host: chown -R {self.user} {self.source} and deploy again. Until then, no file can be stored "
            "there."
        )


def find(containers: Iterable[Container]) -> list[Unwritable]:
    """Ask each running container that does not run as root; one whose image has no shell cannot be asked."""
    asked = [each for each in containers if each.status == RUNNING and _user(each) not in ROOT and _mounts(each)]
    return [found for several in engine_client.in_parallel(_probe, asked) for found in several]


def give(client: DockerClient, project: str, containers: Sequence[Container]) -> list[str]:
    """Give each volume that its service cannot write to the user of that service; return the names of these volumes.

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
    still = find(containers) if given else []
    if still:
        raise UnhealthyError(
            f"{still[0].sentence()}. Giving the volume to that user did not help.", hint=still[0].command()
        )
    return given


def _change_owner(client: DockerClient, project: str, item: Unwritable) -> None:
    """Run chown as root in a container of its own: in the service's, no-new-privileges leaves root no right to it."""
    with engine_client.asking(f"give the volume {item.volume} to user {item.user}"):
        helper = client.containers.create(
            item.container.attrs["Image"],
            entrypoint=["chown", "-R", "-h", item.user, item.place],
            user="0:0",
            volumes={str(item.volume): {"bind": item.place, "mode": "rw,nocopy"}},
            network_mode="none",
            # As Compose labels what it runs once: what a killed run left goes with the next deploy or teardown.
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
    from docker.errors import APIError

    mounts = _mounts(container)
    with engine_client.asking(f"look at what {container.name} can write"):
        try:
            answer: Any = container.exec_run(["sh", "-c", PROBE, "sh", *mounts])
        except APIError:  # there is no shell, or the container has ended, which its health will show
            return []
    user, *lines = answer.output.decode("utf-8", errors="replace").splitlines() or [""]
    if answer.exit_code not in (0, None) or ":" not in user:
        return []
    service = container.labels.get(engine_client.LABEL_SERVICE, str(container.name))
    found = []
    for line in lines:
        place, _tab, directory = line.partition("\t")
        mount = mounts.get(place)
        if mount:
            volume = mount.get("Name") if mount["Type"] == "volume" else None
            found.append(Unwritable(container, service, user, place, directory, mount["Source"], volume))
    return found


def _user(container: Container) -> str:
    return str(container.attrs["Config"].get("User") or "").partition(":")[0]


def _mounts(container: Container) -> dict[str, dict[str, str]]:
    """The mounts by place, without those that are meant to be read only."""
    mounts = container.attrs.get("Mounts") or []
    return {mount["Destination"]: mount for mount in mounts if mount.get("RW") and mount["Type"] in ("volume", "bind")}


def _is_own(client: DockerClient, project: str, volume: str) -> bool:
    with engine_client.asking(f"read the volume {volume}"):
        labels = client.volumes.get(volume).attrs.get("Labels") or {}
    # An anonymous volume, which an image declares, has no label of Compose's, and nobody else has it.
    return labels.get(engine_client.LABEL_PROJECT) == project or "com.docker.volume.anonymous" in labels
