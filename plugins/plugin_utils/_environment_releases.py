# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Join the releases that the hosts of an environment keep into releases of the environment. No input or output.

A deploy records its release under one id on every host on which it changed something. So the environment at a release
is, on each host, the newest release with this id or an earlier one.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import Topology
from ansible_collections.convosphere.platform.plugins.plugin_utils._stack_topology import PLACEMENT_OF

Facts = Mapping[str, Any]
PREVIOUS = "previous"
_OTHER = "Choose another release: releases.yml lists those that are complete."


@dataclass(frozen=True)
class Release:
    """The environment at one release: the release of each host, None on a host that keeps none from then."""

    id: str
    hosts: Mapping[str, Facts | None]
    topology: Topology
    serves: bool

    @property
    def several(self) -> bool:
        """Whether the environment has more than one host."""
        return len(self.hosts) > 1

    @property
    def existing(self) -> dict[str, Facts]:
        """The releases of the hosts that keep one."""
        return {host: release for host, release in self.hosts.items() if release is not None}

    @property
    def changed(self) -> dict[str, Facts]:
        """The releases of the hosts on which it changed something."""
        return {host: release for host, release in self.existing.items() if release["id"] == self.id}

    @property
    def origin(self) -> str:
        """The id of the release of the environment that it restored, or else its own."""
        if not any(release["restored_from"] for release in self.changed.values()):
            return self.id
        return max(str(release["restored_from"] or release["id"]) for release in self.existing.values())

    @cached_property
    def losses(self) -> list[str]:
        """Why it cannot be restored on the present hosts even with all images, a sentence each."""
        return [*self._lost(), *self._elsewhere(), *self._mixed()]

    def content(self) -> dict[str, Any]:
        """Return what it consists of, which is the same for a release and for the one that it restored."""
        return {host: (_images_of(each), dict(each["files"])) for host, each in self.existing.items()}

    def describe(self) -> dict[str, Any]:
        """Return it in the form in which convosphere_release_info describes a release of one host."""
        first = next(iter(self.changed.values()))
        back = self.origin != self.id
        missing = [self._of(host, text) for host, each in self.existing.items() for text in each["missing"]]
        return {
            "id": self.id,
            "released_at": first["released_at"],
            "released_by": first["released_by"],
            "restored_from": self.origin if back else None,
            "rolled_back_from": self._before() if back else None,
            "hosts": {host: release and release["id"] for host, release in self.hosts.items()},
            "changed": list(self.changed),
            "images": self._images(),
            "schema_revisions": self._deciding("schema_revisions"),
            "serves": self.serves,
            "complete": not missing and not self.losses,
            "missing": missing,
            "refusal": self.refusal(),
            "backup": self._deciding("backup"),
            "images_to_bring": {host: each["images_to_bring"] for host, each in self.existing.items()},
        }

    def refusal(self) -> str | None:
        """Return why a rollback to it is refused, with the next action; None if it is possible.

        The database host decides about the schema.
        """
        if self.losses:
            return f"{' '.join(self.losses)} {_OTHER}"
        order = sorted(self.existing, key=lambda host: host not in self.topology.database)
        refusals = [(host, self.existing[host]["refusal"]) for host in order if self.existing[host]["refusal"]]
        return self._of(*refusals[0]) if refusals else None

    def _before(self) -> str:
        """Return the id of the release of the environment that served before it, if it restored another one."""
        replaced = {host: each["rolled_back_from"] for host, each in self.changed.items()}
        return max(str(replaced.get(host) or each["id"]) for host, each in self.existing.items())

    def _deciding(self, field: str) -> Any:
        """Return the field of the database host, or of the first host that has it."""
        order = sorted(self.existing, key=lambda host: host not in self.topology.database)
        return next((self.existing[host][field] for host in order if self.existing[host][field]), None)

    def _images(self) -> list[dict[str, Any]]:
        """Return the image of each service with the hosts that have it: one entry, unless they differ."""
        found: dict[tuple[str, str, str], dict[str, Any]] = {}
        for host, release in self.existing.items():
            for image in release["images"]:
                key = (image["service"], image["reference"], image["image_id"])
                entry = found.setdefault(key, {**image, "hosts": []})
                entry["hosts"].append(host)
                entry["present"] = entry["present"] and image["present"]
        return list(found.values())

    def _of(self, host: str, text: str) -> str:
        return f"{host}: {text}" if self.several else text

    def _lost(self) -> Iterator[str]:
        lost = [host for host, release in self.hosts.items() if release is None]
        if lost:
            yield f"{', '.join(lost)} {'keeps' if len(lost) == 1 else 'keep'} no release from then."

    def _elsewhere(self) -> Iterator[str]:
        """Yield the services that a host had then, and that have another placement by now."""
        if not self.topology.several:
            return
        for host, release in self.existing.items():
            placements = self.topology.placements(host)
            names = [each["service"] for each in release["images"] if PLACEMENT_OF.get(each["service"]) is not None]
            moved = [name for name in names if PLACEMENT_OF[name] not in placements]
            if moved:
                yield f"{host} had {', '.join(moved)} then, which runs on other hosts by now."

    def _mixed(self) -> Iterator[str]:
        """Yield the services of which hosts had different versions then: a deploy that was interrupted."""
        references: dict[str, dict[str, list[str]]] = {}
        for image in self._images():
            known = PLACEMENT_OF.get(image["service"]) is not None
            if known:
                references.setdefault(image["service"], {}).setdefault(image["reference"], []).extend(image["hosts"])
        for service, by_reference in references.items():
            if len(by_reference) > 1:
                listed = ", ".join(f"{reference} on {' and '.join(hosts)}" for reference, hosts in by_reference.items())
                yield f"Its deploy was interrupted: {service} was {listed}."


def of(by_host: Mapping[str, Sequence[Facts]], topology: Topology) -> list[Release]:
    """Return the releases of the environment, newest first.

    ``by_host`` are the ``releases`` that convosphere_release_info returned for each host, newest first.
    """
    ids = sorted({release["id"] for releases in by_host.values() for release in releases}, reverse=True)
    serving = [release["id"] for releases in by_host.values() for release in releases if release["serves"]]
    newest = max(serving, default="")
    return [
        Release(
            name,
            {host: next((each for each in kept if each["id"] <= name), None) for host, kept in by_host.items()},
            topology,
            name == newest,
        )
        for name in ids
    ]


def target(releases: Sequence[Release], name: str) -> dict[str, Any]:
    """Return the release that a rollback restores, in the form of ``describe``.

    ``name`` is its id or "previous". Without such a release ``id`` is null, and ``refusal`` names the existing ones.
    """
    try:
        release = _previous(releases) if name == PREVIOUS else _find(releases, name)
    except LookupError as error:
        return {"id": None, "hosts": {}, "images_to_bring": {}, "complete": False, "refusal": str(error)}
    return release.describe()


def _find(releases: Iterable[Release], name: str) -> Release:
    every = list(releases)
    for release in every:
        if release.id == name:
            return release
    listed = ", ".join(f"{each.id} (serves)" if each.serves else each.id for each in every)
    raise LookupError(f"There is no release {name}. Nothing was changed. Kept releases, newest first: {listed}.")


def _previous(releases: Sequence[Release]) -> Release:
    """Return the newest earlier release that is complete, or else the newest one of which images may be brought.

    Earlier than the release that the serving one restored: a second rollback restores an older release.
    """
    current = next((each for each in releases if each.serves), None)
    if current is None:
        raise LookupError("No release serves: nothing can be rolled back. Deploy the environment first.")
    earlier = [each for each in releases if each.id < current.origin and each.content() != current.content()]
    intact = [each for each in earlier if not each.losses and not _lacks_files(each.existing.values())]
    complete = [each for each in intact if each.describe()["complete"]]
    if not intact:
        why = [f" {each.id}: {' '.join(each.losses) or 'files are missing.'}" for each in earlier]
        raise LookupError(
            f"There is no release from before {current.origin} to roll back to.{''.join(why)} Nothing was changed."
            " releases.yml lists the kept releases, stack_releases_kept sets their number."
        )
    return (complete or intact)[0]


def _images_of(release: Facts) -> list[tuple[str, str, str]]:
    return sorted((each["service"], each["reference"], each["image_id"]) for each in release["images"])


def _lacks_files(releases: Collection[Facts]) -> bool:
    return any(text.startswith("file ") for each in releases for text in each["missing"])
