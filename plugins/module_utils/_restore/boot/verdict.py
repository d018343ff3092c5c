# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on a boot: it serves, it does not boot, or something else kept it from being tried.

A backup does not boot only by evidence: the backend ended after it had connected to the restored database, answered
with an error, or the vector store refused the vectors. All else says nothing about a backup.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..._backup.corruption import COULD_NOT_TELL
from ..._core.errors import ConvosphereError

NOT_BOOTED = "does not boot"
#: What PostgreSQL says if the backend wants to do what only the owner of a table may.
_RIGHTS = ("must be owner of", "permission denied for")
#: The exit code of a process that the kernel or the engine killed.
_KILLED = 137


class BootError(ConvosphereError):
    """A backup restores, and the platform does not serve from what was restored."""

    def __init__(self, message: str, **details: Any) -> None:
        hint = (
            "The backup stays verified by restore. Look at the cause, and keep an older backup that boots until then."
        )
        super().__init__(message, hint=hint, **{**details, "verdict": NOT_BOOTED})


class UnknownError(ConvosphereError):
    """A boot could not be tried, or it failed for a cause outside of the backup."""

    def __init__(self, message: str, *, hint: str | None = None, **details: Any) -> None:
        super().__init__(message, hint=hint, **{**details, "verdict": COULD_NOT_TELL})


@dataclass(frozen=True)
class Ending:
    """What is known when the backend of a boot does not serve.

    ``exit_code`` is None while it runs, ``log`` are its last lines without secrets, ``connections`` how often it
    connected to the database, ``database_lost`` why the database could not be reached, if it could not.
    ``answer`` describes the last answer of its health report; None if it never answered.
    """

    exit_code: int | None
    is_out_of_memory: bool
    connections: int
    database_lost: str | None
    answer: str | None
    log: str
    seconds: float


def judge(ending: Ending) -> ConvosphereError:
    """Return the error for a backend that does not serve."""
    cause = _outside(ending)
    tail = f"\nLast lines of its log:\n{ending.log}" if ending.log else ""
    if cause:
        why, hint = cause
        return UnknownError(f"Cannot tell whether the backup boots: {why}{tail}", hint=hint)
    if ending.exit_code is not None:
        return BootError(f"The backend ended with exit code {ending.exit_code} on the restored database{tail}")
    return BootError(f"The backend is not healthy on the restored database: {ending.answer}{tail}")


def _outside(ending: Ending) -> tuple[str, str] | None:
    """Return a cause that is not the backup, and the next action; None if the backup is the cause."""
    if ending.database_lost:
        return f"the database server was lost meanwhile: {ending.database_lost}", "Verify again."
    if ending.is_out_of_memory or ending.exit_code == _KILLED:
        return "the backend was killed, as for lack of memory", "Free memory on the host, or raise boot_memory."
    if any(words in ending.log for words in _RIGHTS):
        return "the backend was refused a right on the restored database", "Report this with the log of the backend."
    if not ending.connections:
        ended = "is still starting" if ending.exit_code is None else f"ended with exit code {ending.exit_code}"
        return (
            f"the backend {ended} after {ending.seconds:.0f} s without a connection to the restored database",
            "Check that its image starts at all, with boot_settings if it needs more settings, and raise boot_timeout "
            "for a slow host.",
        )
    if ending.exit_code is None and ending.answer is None:
        return f"the backend did not answer within {ending.seconds:.0f} s, and runs", "Raise boot_timeout."
    return None
