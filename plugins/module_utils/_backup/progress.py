# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a long run says of itself while it works: a small file that people watch and convosphere_db_backup_info reads.

A module can print nothing before it ends.

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

#: How many seconds lie between two rewrites.
EVERY = 1.0


class Progress:
    """The file, rewritten as a whole at most once a second. Whoever holds the lock of the backups writes it."""

    def __init__(self, path: Path, backup: str) -> None:
        self.path = path
        self.state: dict[str, Any] = {"backup": backup, "started_at": _now(), "step": "starting"}
        self.written = float("-inf")

    def begin(self, step: str, expected_bytes: int | None = None) -> None:
        """A new step, such as "database"; ``expected_bytes`` is a guess."""
        self.state = {key: self.state[key] for key in ("backup", "started_at")}
        self.update(step=step, expected_bytes=expected_bytes, bytes=0)
        self._write()

    def bytes(self, count: int) -> None:
        """So many bytes of the step are written."""
        self.update(bytes=count)

    def update(self, **state: Any) -> None:
        """Say anything else of the step, such as the tables that are counted."""
        self.state.update(state)
        if time.monotonic() - self.written >= EVERY:
            self._write()

    def end(self) -> None:
        """Take the file away: nothing is under way any more."""
        with suppress(OSError):
            self.path.unlink()

    def _write(self) -> None:
        self.written = time.monotonic()
        text = json.dumps({**self.state, "updated_at": _now()}, indent=2) + "\n"
        temporary = self.path.with_name(f".convosphere-{self.path.name}")
        # Not synced: what it says is worth nothing after a power cut. Nor is it worth failing for.
        with suppress(OSError):
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            temporary.replace(self.path)


def read(path: Path) -> dict[str, Any] | None:
    """What a run last said, None where there is nothing that could be one's word."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _now() -> str:
    return timestamps.format_time(datetime.now(timezone.utc))
