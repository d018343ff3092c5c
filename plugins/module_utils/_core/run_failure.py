# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Note beside the lock of a run which of its modules failed, for the run's record and its hooks.

Ansible tells a task that runs after a failure only that its host failed. The messages are those that the operator sees,
without secrets. The note is lost with a restart of the host, like the lock.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

from . import files, lease, timestamps
from .errors import ConvosphereError

#: The failures of a run that are kept, the first ones, and the characters of a message.
MOST, LONGEST = 5, 2000


def path_of(lock: Path) -> Path:
    """Return the file of the notes of a lock."""
    return lock.with_name(f"{lock.name}.failures")


def note(environment: Mapping[str, str], module: str, message: str) -> None:
    """Add a failure to the notes of the run that holds the locks which ``environment`` names. Raises nothing."""
    run_id = environment.get(lease.RUN_VARIABLE)
    locks = [Path(name) for name in environment.get(lease.PATH_VARIABLE, "").split(":") if name]
    for lock in locks if run_id else ():
        with suppress(ConvosphereError, OSError):  # the failure itself is reported all the same
            current = lease.read(lock)
            if current is not None and current.run_id == run_id:
                _add(lock, str(run_id), module, message)


def _add(lock: Path, run_id: str, module: str, message: str) -> None:
    with lease.exclusive(lock.parent):
        known = read(lock, run_id)
        if len(known) < MOST:
            at = timestamps.format_time(datetime.now(timezone.utc))
            known.append({"module": module, "message": message[:LONGEST], "at": at})
            files.write_text(path_of(lock), json.dumps({"run": run_id, "failures": known}) + "\n", "0600")


def read(lock: Path, run_id: str) -> list[dict[str, str]]:
    """Return the noted failures of a run, ``{module, message, at}`` each; none for a note of another run."""
    try:
        found = json.loads(files.read_text(path_of(lock)) or "{}")
        return [dict(each) for each in found["failures"]] if found.get("run") == run_id else []
    except (ConvosphereError, ValueError, KeyError, TypeError, AttributeError):
        return []


def forget(lock: Path) -> None:
    """Remove the notes of a lock that is released."""
    with suppress(ConvosphereError, OSError):
        files.remove(path_of(lock))
