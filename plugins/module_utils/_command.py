# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs on the host: argument lists, never a shell, secrets by environment only.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from ansible_collections.convosphere.platform.plugins.module_utils._errors import CommandError


def run(
    arguments: Sequence[str],
    *,
    step: str,
    environment: Mapping[str, str] | None = None,
    stdin: str | None = None,
    timeout: float | None = None,
    hint: str | None = None,
) -> str:
    """Run one program to its end and return what it wrote to standard output.

    ``step`` says in the operator's words what it is run for; ``environment`` is added to this process's own;
    ``timeout`` is in seconds. Raises CommandError with the exit code and the last lines of standard error.
    """
    try:
        done = subprocess.run(
            list(arguments),
            env={**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})},
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            encoding="utf-8",
            errors="replace",  # a log line in another encoding must not hide what the program says
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise CommandError(
            f"Cannot {step}: the program {arguments[0]} is not installed",
            hint=hint or "Run the playbook setup.yml for this environment, which installs it.",
        ) from error
    except OSError as error:
        raise CommandError(f"Cannot {step}: {arguments[0]} cannot be run: {error.strerror}", hint=hint) from error
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"Cannot {step}: {arguments[0]} did not end within {timeout} s", hint=hint) from error
    if done.returncode != 0:
        raise CommandError(
            f"Cannot {step}: {arguments[0]} ended with {done.returncode}: {last_lines(done.stderr or done.stdout)}",
            hint=hint,
            returncode=done.returncode,
            stderr=last_lines(done.stderr, 20),
        )
    return done.stdout


def last_lines(text: str, count: int = 5) -> str:
    """The last ``count`` lines of ``text`` that are not empty, joined by line feeds."""
    return "\n".join([line.rstrip() for line in text.splitlines() if line.strip()][-count:])
