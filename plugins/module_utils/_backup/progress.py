# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress of a long run: a small file that operators watch and convosphere_db_backup_info reads.

A module cannot print anything before it ends.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .._core import timestamps

#: The seconds between two updates of the file.
EVERY = 1.0


class Progress:
    """The file, rewritten at most once a second by the run that holds the lock of the backups."""

    def __init__(self, path: Path, backup: str) -> None:
        self.path = path
        self.state: dict[str, Any] = {"backup": backup, "started_at": _now(), "step": "starting"}
        self.written = float("-inf")

    def begin(self, step: str, expected_bytes: int | None = None) -> None:
        """Begin a step, such as "database"; ``expected_bytes`` is an estimate."""
        self.state = {key: self.state[key] for key in ("backup", "started_at")}
        self.update(step=step, expected_bytes=expected_bytes, bytes=0)
        self._write()

    def bytes(self, count: int) -> None:
        """Report the bytes of the step that are written."""
        self.update(bytes=count)

    def update(self, **state: Any) -> None:
        """Report further values of the step, such as the number of tables that are counted."""
        self.state.update(state)
        if time.monotonic() - self.written >= EVERY:
            self._write()

    def end(self) -> None:
        """Remove the file: the run is over."""
        with suppress(OSError):
            self.path.unlink()

    def _write(self) -> None:
        self.written = time.monotonic()
        text = json.dumps({**self.state, "updated_at": _now()}, indent=2) + "\n"
        temporary = self.path.with_name(f".convosphere-{self.path.name}")
        # Not synced, because it is useless after a power cut; an error must not fail the run.
        with suppress(OSError):
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            temporary.replace(self.path)


def read(path: Path) -> dict[str, Any] | None:
    """Return the progress of a run; None if there is no valid file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _now() -> str:
    return timestamps.format_time(datetime.now(timezone.utc))
