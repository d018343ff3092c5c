# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find which secrets of a stack are set, and since when their values are at least unchanged.

Nothing records when a secret was generated. The file ``.env`` is written only when a value changes, so that every value
in it is at least as old as its last change.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .._core.timestamps import format_time
from . import secrets


def of_directory(directory: Path) -> dict[str, dict[str, Any]]:
    """Return, by name, when the file with the value was last changed. Values are never returned."""
    file = directory / secrets.FILE
    variables = secrets.variables_in(directory)
    if not variables:
        return {}
    changed = format_time(datetime.fromtimestamp(file.stat().st_mtime, timezone.utc))
    return {name: {"unchanged_since": changed} for name, value in variables.items() if value}
