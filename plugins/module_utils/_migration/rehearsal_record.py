# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file with the last rehearsal of an upgrade, beside the backups, and what a rehearsal is about.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from .._backup.catalogue import Backup
from .._backup.manifest import RESTORE
from .._core import files
from .._core.errors import InputError
from .._core.plan import CREATE, UPDATE, Change, Plan
from .._restore.verification import is_verified

VERSION = 1
#: The name of the rehearsal in the plan.
NAME = "rehearsal"


@dataclass(frozen=True)
class Subject:
    """What is rehearsed: an image on a backup. A rehearsal of an equal subject has the same result.

    ``image_id`` is None in check mode if the image is not on the host. ``before`` are the revisions of the backup,
    ``missing`` those of the image that it lacks, in their order.
    """

    image: str
    image_id: str | None
    backup: str
    before: tuple[str, ...]
    missing: tuple[str, ...]
    accept: tuple[str, ...] = ()
    assume: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return it as in the file: all but the reference of the image, which another image may get."""
        fields = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
        del fields["image"]
        return fields

    def shown(self) -> dict[str, Any]:
        """Return the fields that a diff shows."""
        return {"backup": self.backup, "image": self.image, "revisions": list(self.missing)}


@dataclass(frozen=True)
class RehearsalRecord:
    """The last rehearsal in the directory of the backups; ``content`` is empty if none can be read."""

    path: Path
    content: Mapping[str, Any]

    @classmethod
    def read(cls, directory: Path) -> RehearsalRecord:
        """Read the file. One that is not the collection's counts as none."""
        path = directory / files.REHEARSAL
        try:
            content = json.loads(files.read_text(path) or "{}")
        except ValueError:
            content = {}
        known = isinstance(content, dict) and content.get("version") == VERSION
        return cls(path, content if known else {})

    def result_of(self, subject: Subject) -> dict[str, Any] | None:
        """Return the result of the same rehearsal, if it succeeded; None otherwise. A failed one is repeated."""
        if subject.image_id is None or self.content.get("subject") != subject.document():
            return None
        return self.content.get("result")

    def plan(self, subject: Subject) -> Plan:
        """Return the plan of a rehearsal, which replaces the last one."""
        if not self.content:
            return Plan((Change(NAME, CREATE, None, subject.shown()),))
        before = {**self.content["shown"], "at": self.content["at"]}
        return Plan((Change(NAME, UPDATE, before, subject.shown()),))

    def write(self, subject: Subject, at: str, **outcome: Mapping[str, Any]) -> None:
        """Replace the file. ``outcome`` is ``result`` or ``failure``, of a rehearsal that ended ``at`` this time."""
        content = {"version": VERSION, "at": at, "subject": subject.document(), "shown": subject.shown(), **outcome}
        files.write_text(self.path, json.dumps(content, indent=2) + "\n", "0600")


def newest_verified(backups: Sequence[Backup], environment: str, database: str, now: datetime) -> Backup:
    """Return the newest backup of a database that was verified by a restore. ``backups`` are sorted by age.

    Raises InputError if no backup is.
    """
    own = [
        backup
        for backup in backups
        if backup.manifest.environment == environment
        and backup.manifest.database is not None
        and backup.manifest.database.name == database
    ]
    verified = [item for item in own if is_verified(item, RESTORE, now, None) and not item.is_from_future(now)]
    if verified:
        return verified[-1]
    state = f"None of its {len(own)} backups is verified by {RESTORE}" if own else "It has no backup"
    playbooks = " and ".join(
        f"ansible-playbook {name}.yml -e env={environment}" for name in ("backup", "backup_verify")[bool(own) :]
    )
    raise InputError(
        f"Cannot rehearse an upgrade of the database {database} of environment {environment} without a verified "
        f"backup. {state}",
        hint=f"Nothing was changed. Next: {playbooks}",
    )


def hours_old(backup: Backup, now: datetime) -> float:
    """Return the age of a backup in hours."""
    return round(backup.age(now) / timedelta(hours=1), 1)
