# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the record of the release that serves: ``releases/current/release.json``.

Apart from the releases of a stack, because it proves whose an environment's directory is, and Docker is not needed.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .._core import files
from .._core.errors import ConvosphereError

RECORD = "release.json"
CURRENT = "current"


def current(directory: Path) -> dict[str, Any] | None:
    """Return the record of the release that serves; None before the first one."""
    text = files.read_text(directory / CURRENT / RECORD)
    if text is None:
        return None
    try:
        record = dict(json.loads(text))
        return {"images": {}, "files": {}, **record}
    except (ValueError, TypeError) as error:
        raise ConvosphereError(
            f"{directory / CURRENT / RECORD} is not the record of a release: {error}",
            hint=f"Remove the link {directory / CURRENT}; the next deploy records a new release.",
        ) from error
