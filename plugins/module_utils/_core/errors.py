# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors that the lower layers raise. Only ``module.py`` turns one into a failed task.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from typing import Any

#: How many problems a message names; the rest is beside it.
SHOWN_PROBLEMS = 30


class ConvosphereError(Exception):
    """Something an operator has to know about.

    ``message`` names the object and the step and says what is wrong; ``hint`` says what to do next.
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
    """What the operator gave is wrong; raised before anything is changed. Carries all problems of one run."""

    @classmethod
    def of(cls, problems: list[str], *, hint: str | None = None) -> InputError:
        """One error out of one or more ``problems``, each a full sentence without its final dot."""
        told = problems[:SHOWN_PROBLEMS]
        if len(problems) > len(told):
            told = [*told, f"and {len(problems) - len(told)} more, all of them in failure.problems"]
        text = problems[0] if len(problems) == 1 else f"{len(problems)} problems: " + "; ".join(told)
        return cls(text, hint=hint, problems=problems)


class EngineError(ConvosphereError):
    """Docker Engine is missing, does not answer, refuses, or failed at a request."""


class CommandError(ConvosphereError):
    """A program that the collection runs is missing or ended with an error.

    ``output`` is the end of its standard error, as it is: it may hold data, and is never shown.
    """

    output = ""


class ApiError(ConvosphereError):
    """The platform's REST interface is not reachable or answered with an error."""


class UnhealthyError(ConvosphereError):
    """Something did not become healthy in time."""


class SlowError(UnhealthyError):
    """Something runs steadily, and was not healthy when the time was up: nobody can tell whether it will be."""


class DatabaseError(ConvosphereError):
    """PostgreSQL is not reachable, refuses, or does not hold what the platform's tables should."""


class CopyError(ConvosphereError):
    """A place for copies of backups is not reachable, refuses, is full, or does not hold what was sent there."""
