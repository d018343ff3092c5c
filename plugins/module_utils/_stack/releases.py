# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write and remove releases: the records of deploys, which a rollback restores.

A release is a directory ``releases/<id>`` with the rendered files (no secrets) and ``release.json``; the link
``releases/current`` names the one that serves.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .._core import files as core_files
from .._core.errors import InputError
from .._host.served_release import CURRENT, RECORD

_ID = re.compile(r"\d{8}T\d{9}Z")


def new_id(now: datetime | None = None) -> str:
    """Return an id that sorts by time, to the millisecond, in UTC."""
    timestamp = (now or datetime.now(timezone.utc)).astimezone(timezone.utc)
    return timestamp.strftime("%Y%m%dT%H%M%S") + f"{timestamp.microsecond // 1000:03d}Z"


def refuse_id(directory: Path, name: str) -> None:
    """Raise InputError if ``name`` cannot be the id of a new release: its form, or the time that it says.

    Releases are sorted by their ids, so that a new one has to be later than all kept ones. The newest one itself is
    accepted, which a run that is repeated has recorded.
    """
    if not _ID.fullmatch(name):
        raise InputError(
            f"release_id is {name!r}: give a time in UTC to the millisecond, such as 20261123T114500123Z",
            hint="Nothing was changed.",
        )
    newest = max((path.parent.name for path in directory.glob(f"*/{RECORD}") if _is_kept(path)), default="")
    if name < newest:
        raise InputError(
            f"release_id {name} is earlier than the release {newest} of {directory}",
            hint="Nothing was changed. Compare the clocks of the controller and of this host, and run again.",
        )


def _is_kept(record: Path) -> bool:
    return bool(_ID.fullmatch(record.parent.name)) and not record.parent.is_symlink()


def save(directory: Path, record: Mapping[str, Any], files: Mapping[str, str]) -> None:
    """Write a release and make it the current one.

    ``record`` has at least ``id``; ``files`` maps names to texts. The directory is renamed, and the link is replaced,
    after all files are written. Raises ConvosphereError.
    """
    with core_files.changing("releases", directory):
        directory.mkdir(mode=0o750, exist_ok=True)
        remove_unfinished(directory)
        new = directory / f".new-{record['id']}"
        new.mkdir(mode=0o750)
        for name, text in files.items():
            core_files.write_text(new / name, text, "0640")
        core_files.write_text(new / RECORD, json.dumps(record, indent=2, sort_keys=True) + "\n", "0640")
        new.rename(directory / record["id"])
        link = directory / f".new-{CURRENT}"
        link.symlink_to(record["id"])
        link.replace(directory / CURRENT)


def surplus(directory: Path, keep: int) -> list[Path]:
    """Return the oldest releases beyond the ``keep`` newest ones; never the current one."""
    serving = (directory / CURRENT).resolve()
    recorded = sorted((path for path in directory.glob("*/" + RECORD) if not path.parent.is_symlink()), reverse=True)
    return [path.parent for path in recorded[max(keep, 1) :] if path.parent.resolve() != serving]


def prune(directory: Path, keep: int) -> None:
    """Remove the releases that ``surplus`` lists. Raises ConvosphereError."""
    with core_files.changing("releases", directory):
        for path in surplus(directory, keep):
            path.rename(directory / f".old-{path.name}")  # after an interruption, it is no longer a release
        remove_unfinished(directory)


def remove_unfinished(directory: Path) -> None:
    """Remove the link and the directories of an interrupted run, which do not have their final names yet."""
    with core_files.changing("releases", directory):
        for path in [*directory.glob(".new-*"), *directory.glob(".old-*")]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
