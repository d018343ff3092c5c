# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The protocol of a component: the database, the uploads or the vectors, in a backup and in a restore.

A backup calls ``check, expected_bytes, cut, settle, write, close``. A restore calls ``check, stage, set_aside, swap,
close``, and ``undo`` if anything fails after ``swap`` began. ``kept`` and ``discard`` concern the content that earlier
restores replaced.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from .file_writer import FileWriter
from .manifest import FileRecord, Manifest
from .progress import Progress


class Component(Protocol):
    """Name what backups and restores have in common. Constructors do no input or output."""

    @property
    def kind(self) -> str:
        """The component's name in the option ``include`` and in the manifest."""

    def check(self) -> None:
        """Raise ConvosphereError unless the component can be backed up or restored. Change nothing."""

    def close(self) -> None:
        """Release everything, and remove temporary content. Called last, also after a failure."""


class BackupComponent(Component, Protocol):
    """Back up one component."""

    #: Whether its content is consistent with the others only if writes are paused during ``cut`` and ``settle``.
    needs_freeze: bool
    #: Whether ``write`` reads live content, and therefore runs while writes are paused.
    is_read_frozen: bool

    @property
    def paused(self) -> tuple[str, ...]:
        """The services that are paused with the backend."""

    def expected_bytes(self, last: Manifest | None) -> int:
        """Estimate the size of its file. ``last`` is the manifest of the last backup that includes the component."""

    def cut(self) -> None:
        """Start a consistent snapshot: the backup excludes everything that is written later."""

    def settle(self) -> None:
        """Wait until the snapshot that ``cut`` started is complete. Afterwards the platform may write again."""

    def write(self, writer: FileWriter, name: str) -> FileRecord:
        """Write its file. The file's name begins with ``name``, the backup's id."""


class RestoreComponent(Component, Protocol):
    """Restore one component from a backup, and keep its current content until ``discard``."""

    def stage(self, progress: Progress) -> None:
        """Load the backup beside the current content, which stays in use, and compare it with the manifest."""

    def set_aside(self, now: datetime) -> None:
        """Choose the name under which the current content is kept, and copy it if ``swap`` cannot rename it.

        Change nothing that is in use. Writes must be stopped from now on.
        """

    def swap(self) -> None:
        """Replace the current content with the staged content. If this fails, ``undo`` reverts it."""

    def undo(self, rejected_at: datetime | None) -> None:
        """Revert ``swap``, however far it got.

        Remove the restored content, or keep it as rejected at ``rejected_at`` if it may have been written to.
        """

    def state(self) -> Mapping[str, Any]:
        """Return numbers of the current content that change if it is written to."""

    def kept(self) -> list[str]:
        """Return the names under which restores have kept replaced and rejected content, oldest first."""

    def discard(self, names: Sequence[str]) -> None:
        """Delete the kept content with these names for good."""
