# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the kept releases of a stack, and choose the one that a rollback restores.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._core import files as core_files
from .._core.errors import InputError
from .._host.served_release import CURRENT, RECORD
from . import deploy_plan

#: The name of the newest earlier release that is complete on the host.
PREVIOUS = "previous"
#: The mode of a file whose release does not record one.
MODE = "0640"


@dataclass(frozen=True)
class RecordedImage:
    """The image of one service: its reference, and its id shortened to 12 digits."""

    service: str
    reference: str
    short_id: str


@dataclass(frozen=True)
class Release:
    """One release: its directory, and its record, which is empty if it cannot be read."""

    directory: Path
    record: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The id, by which releases are sorted by time."""
        return self.directory.name

    @property
    def origin(self) -> str:
        """The id of the release that it restored, or else its own."""
        return str(self.record.get("restored_from") or self.id)

    @property
    def schema(self) -> Mapping[str, Any] | None:
        """The schema that its code needs; None if it is not recorded."""
        return self.record.get("schema") or None

    @property
    def images(self) -> list[RecordedImage]:
        """The image of each service."""
        parts = [(service, image.rpartition("@")) for service, image in (self.record.get("images") or {}).items()]
        return [RecordedImage(service, reference, short) for service, (reference, _at, short) in parts]

    def content(self) -> tuple[Any, Any]:
        """Return what it consists of, which is the same for a release and the one that it restored."""
        return self.record.get("images"), self.record.get("files")

    def missing_images(self, short_ids: Collection[str]) -> list[RecordedImage]:
        """Return the images that are not among those of the host."""
        return [image for image in self.images if image.short_id not in short_ids]

    def missing_files(self) -> list[str]:
        """Return the names of files of which it has no copy, or another one than was deployed."""
        if not self.record:
            return [RECORD]
        files = self.record.get("files") or {}
        return sorted(name for name, digest in files.items() if self._digest(name) != digest)

    def texts(self, modes: Mapping[str, str]) -> dict[str, tuple[str, str]]:
        """Return its files as ``Stack.texts``. ``modes`` are the current ones, for files whose mode is not recorded.

        Raises InputError if a copy is missing or corrupt.
        """
        missing = self.missing_files()
        if missing:
            raise InputError(
                f"The release {self.id} is not complete: {self.directory} has no intact copy of {', '.join(missing)}",
                hint="Nothing was changed. Choose another release: releases.yml lists them.",
            )
        modes = {**modes, **(self.record.get("modes") or {})}
        names = self.record.get("files") or {}
        return {name: (core_files.read_text(self.directory / name) or "", modes.get(name, MODE)) for name in names}

    def _digest(self, name: str) -> str | None:
        text = core_files.read_text(self.directory / name)
        return None if text is None else deploy_plan.digest(text)


def read(releases: Path) -> list[Release]:
    """Return all releases of a directory, newest first. One whose record cannot be read has an empty record."""
    paths = sorted(releases.glob(f"*/{RECORD}"), reverse=True)
    return [
        Release(path.parent, _record(path))
        for path in paths
        if not path.parent.is_symlink() and not path.parent.name.startswith(".")
    ]


def serving(kept: Sequence[Release]) -> Release | None:
    """Return the release that serves; None before the first one."""
    return next((each for each in kept if each.directory == (each.directory.parent / CURRENT).resolve()), None)


def find(kept: Sequence[Release], name: str) -> Release:
    """Return the release with that id. Raises InputError that lists the existing ones."""
    for release in kept:
        if release.id == name:
            return release
    current = serving(kept)
    listed = [f"{each.id} (serves)" if each is current else each.id for each in kept]
    raise InputError(
        f"There is no release {name}",
        hint=f"Nothing was changed. Kept releases, newest first: {', '.join(listed) or 'none'}.",
    )


def choose_previous(kept: Sequence[Release], short_ids: Collection[str]) -> Release:
    """Return the newest earlier release that is complete on the host, or else the newest earlier one.

    Earlier than the release that the serving one restored: a second rollback restores an older release. Releases of
    the same images and files are skipped. Raises InputError if there is no earlier one.
    """
    current = serving(kept)
    if current is None:
        raise InputError("No release serves: nothing can be rolled back", hint="Deploy the environment first.")
    earlier = [each for each in kept if each.id < current.origin and each.content() != current.content()]
    intact = [each for each in earlier if not each.missing_files()]
    complete = [each for each in intact if not each.missing_images(short_ids)]
    if not intact:
        why = f"; of {', '.join(each.id for each in earlier)} files are missing" if earlier else ""
        raise InputError(
            f"There is no release from before {current.origin} to roll back to{why}",
            hint="Nothing was changed. releases.yml lists the kept releases, stack_releases_kept sets their number.",
        )
    return (complete or intact)[0]


def _record(path: Path) -> Mapping[str, Any]:
    try:
        record = json.loads(core_files.read_text(path) or "")
        return record if isinstance(record, dict) else {}
    except (ValueError, InputError):
        return {}
