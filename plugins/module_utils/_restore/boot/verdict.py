# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on a boot: it serves, it does not boot, or something else kept it from being tried.

A backup does not boot only by evidence: the backend ended after it had connected to the restored database, answered
with an error, or the vector store refused the vectors. All else says nothing about a backup.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..._backup.corruption import COULD_NOT_TELL
from ..._core.errors import ApiError, ConvosphereError
from ..._core.redaction import mask_foreign

NOT_BOOTED = "does not boot"
_NEXT = "The backup stays verified by restore. Next: look at the cause, and keep an older backup that boots until then."
_ERROR = re.compile(r"\b\w*(?:Error|Exception|ERROR|errors\.\w+)\b")
#: The characters of that line which a manifest keeps.
_LONGEST_LINE = 300
#: What PostgreSQL says if the backend wants to do what only the owner of a table may.
_RIGHTS = ("must be owner of", "permission denied for")
#: What the kernel, PostgreSQL, Weaviate or Python say if they lack room, memory, connections or a server.
_LACK = re.compile(
    r"no space left on device|could not extend file|quota exceeded|read-only file system|disk usage too high"
    r"|cannot allocate memory|out of (?:shared )?memory|MemoryError|memory usage too high|can't start new thread"
    r"|too many open files|too many clients already|too many connections for|remaining connection slots are reserved"
    r"|the database system is (?:starting up|shutting down|in recovery mode)|terminating connection due to",
    re.IGNORECASE,
)
#: The exit code of a process that the kernel or the engine killed.
_KILLED = 137


class BootError(ConvosphereError):
    """A backup restores, and the platform does not serve from what was restored.

    ``cause`` is one sentence, without its final dot. ``log`` are the last lines of the backend, without secrets.
    """

    def __init__(self, cause: str, log: str = "", **details: Any) -> None:
        cause = mask_foreign(cause)  # it may have an answer of the backend, and a manifest keeps it
        tail = f"\nLast lines of the backend's log:\n{log}" if log else ""
        super().__init__(f"{cause}. {_NEXT}{tail}", **{**details, "verdict": NOT_BOOTED})
        self.cause = cause
        self.log = log

    @property
    def reason(self) -> str:
        """The cause, with the last line of the log that names an error."""
        errors = [line.strip()[:_LONGEST_LINE] for line in self.log.splitlines() if _ERROR.search(line)]
        return f"{self.cause}; its log: {errors[-1]}" if errors else self.cause


class UnknownError(ConvosphereError):
    """A boot could not be tried, or it failed for a cause outside of the backup."""

    def __init__(self, message: str, *, hint: str | None = None, **details: Any) -> None:
        super().__init__(message, hint=hint, **{**details, "verdict": COULD_NOT_TELL})


@dataclass(frozen=True)
class Ending:
    """What is known when the backend of a boot does not serve.

    ``exit_code`` is None while it runs, ``log`` are its last lines without secrets, ``connections`` how often it
    connected to the database, ``database_lost`` why the database could not be reached, if it could not.
    ``answer`` describes its last answer; None if it never answered. ``beside`` says which container that it needs
    has ended, if one has.
    """

    exit_code: int | None
    is_out_of_memory: bool
    connections: int
    database_lost: str | None
    answer: str | None
    log: str
    seconds: float
    beside: str | None = None


def lack(text: str) -> str | None:
    """Return the words by which a program reports that the host or the server lacks something; None without any."""
    found = _LACK.search(text)
    return found.group() if found else None


def is_refusal(error: ApiError) -> bool:
    """Return whether the vector store refused a backup, rather than took too long or lacked something."""
    status = error.details.get("status")
    return (status == "FAILED" or isinstance(status, int)) and lack(error.message) is None


def judge(ending: Ending) -> ConvosphereError:
    """Return the error for a backend that does not serve."""
    cause = outside(ending)
    if cause:
        why, hint = cause
        tail = f"\nLast lines of its log:\n{ending.log}" if ending.log else ""
        return UnknownError(f"Cannot tell whether the backup boots: {why}. {hint}{tail}")
    if ending.exit_code is not None:
        return BootError(f"The backend ended with exit code {ending.exit_code} on the restored database", ending.log)
    return BootError(f"The backend is not healthy on the restored database: {ending.answer}", ending.log)


def outside(ending: Ending) -> tuple[str, str] | None:
    """Return a cause that is not the backup, and the next action; None if the backup is the cause."""
    if ending.database_lost:
        return f"the database server was lost meanwhile: {ending.database_lost}", "Verify again."
    if ending.beside:
        return f"{ending.beside} meanwhile", "Free memory on the host, or raise boot_memory."
    lacked = lack(f"{ending.answer}\n{ending.log}")
    if lacked:
        return f"something is used up on the host or the server: {lacked}", "Free it, and verify again."
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
