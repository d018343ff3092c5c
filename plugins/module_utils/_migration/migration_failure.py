# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Explain a failed migration: at which revisions the database is, and what to do next. Pure: no input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .._core.errors import ConvosphereError
from .lock_holders import Session
from .migration_plan import Migration
from .revisions import Code


@dataclass(frozen=True)
class Failure:
    """A migration of the database ``name`` that failed."""

    migration: Migration
    code: Code
    name: str

    def explain(
        self, error: ConvosphereError, current: tuple[str, ...] | None, restore: Restore, ended: Sequence[Session]
    ) -> ConvosphereError:
        """Return an error of the same type that also says where the database is, None if unknown, and what to do."""
        text = f"The migration of {self.name} failed. {self._state(current)}\n{error.message}"
        details: dict[str, Any] = {**error.details, "revisions": list(current or ()), "backup": restore.backup_id}
        if ended:
            details["ended_sessions"] = [asdict(session) for session in ended]
        hint = f"{error.hint} " if error.hint else ""
        return type(error)(text, hint=f"{hint}{self._next(current, restore)}", **details)

    def _state(self, current: tuple[str, ...] | None) -> str:
        before = self.migration.before
        if current is None:
            return f"Its revisions cannot be read now; before the run it was at {listed(before)}."
        if current == before:
            return f"It is at {listed(current)}, as before the run: no change was committed."
        done = self.code.closure(current) ^ self.code.closure(before)
        names = ", ".join(step.revision.id for step in self.migration.steps if step.revision.id in done)
        return f"It is at {listed(current)}; before the run it was at {listed(before)}. Done: {names}."

    def _next(self, current: tuple[str, ...] | None, restore: Restore) -> str:
        if current == self.migration.before:
            return "Nothing has to be restored. The next run starts with the revision that failed."
        if restore.backup_id is None:
            return "Nothing was restored. No backup is known that was made for this migration."
        return f"Nothing was restored. To roll back: {restore.command}"


@dataclass(frozen=True)
class Restore:
    """The backup to restore, if there is one, and the command for it."""

    backup_id: str | None
    command: str


def restore_command(environment: str, backup_id: str | None) -> Restore:
    """Return how to restore the backup of a migration."""
    return Restore(backup_id, f"{playbook('restore.yml', environment)} -e backup={backup_id} -e confirm={environment}")


def playbook(file: str, environment: str) -> str:
    """Return the command line of a playbook."""
    return f"ansible-playbook {file} -e env={environment}"


def listed(revisions: Sequence[str]) -> str:
    """Return revisions for a message."""
    return ", ".join(revisions) or "no revision"
