# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run programs on the host: argument lists, never a shell, secrets by environment only.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

from .errors import CommandError


def run(
    arguments: Sequence[str],
    *,
    step: str,
    environment: Mapping[str, str] | None = None,
    stdin: str | None = None,
    keep_open: bool = False,
    timeout: float | None = None,
    hint: str | None = None,
) -> str:
    """Run one program to its end and return what it wrote to standard output.

    ``step`` names the purpose in messages; ``environment`` is added to that of this process;
    with ``keep_open`` the program's input ends only with the program or with this process; ``timeout`` is in
    seconds. Raises CommandError with the exit code and the last lines of standard error.
    """
    process = _start(arguments, step, environment, hint, reads=stdin is not None)
    try:
        if keep_open and stdin is not None:
            stdout, stderr = _communicate_open(process, stdin, timeout)
        else:
            stdout, stderr = process.communicate(stdin, timeout)
    except subprocess.TimeoutExpired as error:
        _end(process)
        raise CommandError(f"Cannot {step}: {arguments[0]} did not end within {timeout} s", hint=hint) from error
    if process.returncode != 0:
        raise CommandError(
            f"Cannot {step}: {arguments[0]} ended with {process.returncode}: {last_lines(stderr or stdout)}",
            hint=hint,
            returncode=process.returncode,
            stderr=last_lines(stderr, 20),
        )
    return stdout


def _start(
    arguments: Sequence[str], step: str, environment: Mapping[str, str] | None, hint: str | None, *, reads: bool
) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            list(arguments),
            env={**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})},
            stdin=subprocess.PIPE if reads else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",  # a line in another encoding must not hide the output
            # A process group of its own: a program such as docker starts others, which must end with it.
            start_new_session=True,
            # A lock that is marked as inheritable is held until the program ends.
            close_fds=False,
        )
    except FileNotFoundError as error:
        raise CommandError(
            f"Cannot {step}: the program {arguments[0]} is not installed",
            hint=hint or "Run the playbook setup.yml for this environment, which installs it.",
        ) from error
    except OSError as error:
        raise CommandError(f"Cannot {step}: {arguments[0]} cannot be run: {error.strerror}", hint=hint) from error


def _communicate_open(process: subprocess.Popen[str], text: str, timeout: float | None) -> tuple[str, str]:
    held, process.stdin = process.stdin, None  # communicate() would close it
    try:
        with suppress(BrokenPipeError):  # it has ended already, and reports why
            if held:
                held.write(text)
                held.flush()
        return process.communicate(timeout=timeout)
    finally:
        with suppress(BrokenPipeError):
            if held:
                held.close()


def _end(process: subprocess.Popen[str]) -> None:
    """Terminate a program and its process group: with SIGTERM first, after some seconds with SIGKILL."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=5)
            return


def last_lines(text: str, count: int = 5) -> str:
    """Return the last ``count`` lines of ``text`` that are not empty."""
    return "\n".join([line.rstrip() for line in text.splitlines() if line.strip()][-count:])
