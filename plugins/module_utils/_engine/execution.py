# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command in a container and read its output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .client import asking

if TYPE_CHECKING:
    from docker.models.containers import Container

#: How often a command that always prints something runs before its silence counts as a failure.
ATTEMPTS = 5


@dataclass(frozen=True)
class Execution:
    """How a command in a container ended: its exit code, what it printed, and its error output."""

    exit_code: int
    output: bytes
    errors: bytes

    @property
    def text(self) -> str:
        """Return what it printed, output and errors, as text."""
        return (self.output + self.errors).decode("utf-8", errors="replace")


def run(container: Container, command: Sequence[str], *, user: str = "") -> Execution:
    """Run a command in a container. Raises EngineError if it cannot be started."""
    with asking(f"run {' '.join(command[:2])} in {container.name}"):
        answer: Any = container.exec_run(list(command), user=user, demux=True)
    output, errors = answer.output
    # The engine may record the exit code after the output has ended.
    return Execution(int(answer.exit_code or 0), output or b"", errors or b"")


def read(container: Container, command: Sequence[str], *, user: str = "") -> Execution:
    """Run a command that changes nothing and always prints something, until its output arrives.

    Docker Engine sometimes loses all output of a short command (moby/moby#27289; 3 of 700 on a busy host with Engine
    20.10), and no output would be taken for an empty list. The result has no output only if all attempts had none.
    """
    for _attempt in range(ATTEMPTS - 1):
        done = run(container, command, user=user)
        if done.output or done.errors:
            return done
    return run(container, command, user=user)
