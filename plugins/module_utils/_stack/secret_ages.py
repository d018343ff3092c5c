# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find which secrets of a stack are set, and since when they have their values.

The record of the stack has the time at which a deploy or a rotation wrote a value. A value that is older than the
record is at least unchanged since the last change of the file ``.env``.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from . import secret_record, secrets
from .secret_record import Age


def of_directory(directory: Path) -> dict[str, dict[str, Any]]:
    """Return, by name, since when each variable in ``.env`` has its value. Values are never returned.

    ``since`` is known exactly, or else null, and then ``unchanged_since`` is a time before which it got the value.
    """
    variables = secrets.variables_in(directory)
    if not variables:
        return {}
    record, changed = secret_record.read(directory), secrets.changed_at(directory)
    found = {name: record.age(name, value) or Age(changed, exact=False) for name, value in variables.items() if value}
    return {name: {"since": age.at if age.exact else None, "unchanged_since": age.at} for name, age in found.items()}


def of_project(directory: Path | None) -> dict[str, dict[str, Any]]:
    """Return the same of a stack; nothing without permission to read its files."""
    if directory is None:
        return {}
    readable = [os.access(path, os.R_OK) for path in (directory / secrets.FILE, directory)]
    return of_directory(directory) if all(readable) else {}
