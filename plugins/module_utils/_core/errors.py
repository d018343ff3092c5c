# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exceptions of the collection. Only ``module.py`` turns one into a failed task.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from typing import Any

#: The number of problems in a message; the rest is returned beside it.
SHOWN_PROBLEMS = 30


class ConvosphereError(Exception):
    """A failure with a message for the operator.

    ``message`` names the object, the step and the cause; ``hint`` is the next action.
    ``details`` is returned beside the message under ``failure`` (strings, numbers, lists of them).
    """

    def __init__(self, message: str, *, hint: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details

    def __str__(self) -> str:
        if not self.hint:
            return self.message
        return f"{self.message.rstrip('.')}. {self.hint}"


class InputError(ConvosphereError):
    """An option or file is invalid; raised before anything is changed, with all problems of the run."""

    @classmethod
    def of(cls, problems: list[str], *, hint: str | None = None) -> InputError:
        """Join one or more ``problems``, each a full sentence without its final dot."""
        named = problems[:SHOWN_PROBLEMS]
        if len(problems) > len(named):
            named = [*named, f"and {len(problems) - len(named)} more, all of them in failure.problems"]
        text = problems[0] if len(problems) == 1 else f"{len(problems)} problems: " + "; ".join(named)
        return cls(text, hint=hint, problems=problems)


class EngineError(ConvosphereError):
    """Docker Engine is missing, does not answer, refuses, or failed at a request."""


class CommandError(ConvosphereError):
    """A program that the collection runs is missing or ended with an error.

    ``output`` is the end of its standard error, unchanged: it may hold data, and is never shown.
    """

    output = ""


class ApiError(ConvosphereError):
    """The platform's REST interface cannot be reached, or answered with an error."""


class UnhealthyError(ConvosphereError):
    """A container or service did not become healthy in time."""


class SlowError(UnhealthyError):
    """A service runs without restarts and was not healthy in time; it may become healthy later."""


class DatabaseError(ConvosphereError):
    """PostgreSQL cannot be reached, refuses, or lacks tables or columns of the platform."""


class CopyError(ConvosphereError):
    """A place for copies of backups cannot be reached, refuses, is full, or has other data than was sent."""
