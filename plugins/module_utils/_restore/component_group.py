# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The uploads and vectors of one restore as a whole: whether all can be restored, swapped, and put back.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .._backup.catalogue import Backup
from .._backup.components import COMPONENTS
from .._backup.progress import Progress
from .._core.errors import ConvosphereError, InputError
from .component_restore import UploadsRestore, VectorsRestore

#: Beside ``project_name``, ``docker_host``, ``identity_file`` and ``load_timeout``.
RESTORE_COMPONENT_OPTIONS: dict[str, Any] = {
    "include": {"type": "list", "elements": "str", "choices": list(COMPONENTS), "default": ["database"]},
    "weaviate_api_key": {"type": "str", "no_log": True},
    "vectors_timeout": {"type": "int", "default": 600},
}


class ComponentGroup:
    """The uploads and vectors of one restore, as far as ``include`` of ``params`` names them.

    Without a backup nothing can be restored, but kept content can be listed and discarded.
    """

    def __init__(self, params: Mapping[str, Any], backup: Backup | None) -> None:
        if "database" not in params["include"]:
            raise InputError(
                f"include is {', '.join(params['include']) or 'empty'}: uploads and vectors are never restored alone",
                hint="Nothing was changed. Add the database to include.",
            )
        chosen = [each for each in (UploadsRestore, VectorsRestore) if each.kind in params["include"]]
        self.components: list[UploadsRestore | VectorsRestore] = [each(params, backup) for each in chosen]
        self.project = params["project_name"]

    @property
    def kinds(self) -> list[str]:
        """The names of the components."""
        return [each.kind for each in self.components]

    @property
    def is_swapped(self) -> bool:
        """Whether any swap has begun and was not undone."""
        return any(each.is_swapped for each in self.components)

    def stopped(self) -> list[str]:
        """Return the services, beside those of the options, that a swap stops. Raises ConvosphereError."""
        return [service for each in self.components for service in each.stopped]

    def check(self) -> None:
        """Raise ConvosphereError unless all can be restored. Change nothing."""
        for each in self.components:
            each.check()

    def stage(self, progress: Progress) -> None:
        """Load all beside their current content, which stays in use. Raises ConvosphereError."""
        for each in self.components:
            each.check_archive(progress)
        for each in self.components:
            each.stage(progress)

    def forget(self, paths: Sequence[str], ids: Sequence[str]) -> None:
        """Delete what belongs to erased persons from the staged content: files, and objects of documents and others.

        Raises ConvosphereError.
        """
        for each in self.components:
            each.forget(paths, ids)

    def set_aside(self, now: datetime) -> None:
        """Prepare to keep the current content of all. No service may write from now on. Raises ConvosphereError."""
        for each in self.components:
            each.set_aside(now)

    def note(self) -> dict[str, Any]:
        """Return what a later run needs for ``recover``, with whichever options. Call it after ``set_aside``."""
        kept = {each.kind: each.aside for each in self.components}
        new = {each.kind: dict(each.fact or {}) for each in self.components}
        return {"project": self.project, "kept": kept, "new": new}

    def swap(self) -> None:
        """Replace the current content of all. Raises ConvosphereError; ``undo`` reverts it."""
        for each in self.components:
            each.swap()

    def undo(self, rejected_at: datetime | None = None) -> None:
        """Revert ``swap``, however far it got, for each component even if another one fails.

        Restored content is removed, or kept as rejected at ``rejected_at``. Raises ConvosphereError that names what
        could not be undone, and its place.
        """
        self._undo(dict.fromkeys(self.kinds, rejected_at))

    def recover(self, note: Mapping[str, Any], now: datetime) -> None:
        """Revert the swap of an interrupted run, which left ``note``. Keep restored content that may be written to."""
        self.resume(note)
        self._undo({each.kind: now if each.may_be_written() else None for each in self.components})

    def resume(self, note: Mapping[str, Any]) -> None:
        """Continue the swap of an interrupted run, which left ``note``."""
        for each in self.components:
            each.resume(note["kept"][each.kind], note["new"][each.kind])

    def _undo(self, rejected_at: Mapping[str, datetime | None]) -> None:
        problems = []
        for each in self.components:
            if not each.is_swapped:
                continue
            try:
                each.undo(rejected_at[each.kind])
            except ConvosphereError as error:
                cause = str(error).rstrip(".")  # with its hint, such as which option is missing
                problems.append(
                    f"Cannot put back the previous {each.kind}, which are kept in {each.location()}: {cause}"
                )
        if problems:
            raise ConvosphereError(
                ". ".join(problems), hint="The next restore, of any backup, tries to put them back first."
            )

    def state(self) -> dict[str, Any]:
        """Return numbers of each component's current content, for ``is_unchanged_since``. Raises ConvosphereError."""
        return {each.kind: each.state() for each in self.components}

    def is_unchanged_since(self, state: Mapping[str, Any]) -> bool | None:
        """Return True if the content is that of ``state``, None if it cannot be read."""
        try:
            current = self.state()
        except ConvosphereError:
            return None
        return current == {kind: state.get(kind) for kind in self.kinds}

    def close(self) -> None:
        """Remove staged content that was not swapped."""
        for each in self.components:
            each.close()

    def kept(self) -> list[str]:
        """Return the content that restores have kept, as ``uploads in <directory>`` and ``vectors in <backup>``."""
        return [f"{each.kind} in {name}" for each in self.components for name in each.kept()]

    def discard(self, listed: Sequence[str]) -> None:
        """Delete kept content for good, as far as ``kept`` has listed it."""
        for each in self.components:
            each.discard([name for name in each.kept() if f"{each.kind} in {name}" in listed])
