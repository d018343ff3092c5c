# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection writes of a database: a mark, in its comment, below what others wrote there.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .connection import literal, quoted

#: In the mark of a database that a restore makes, or has taken away again: what of the platform is being exchanged
#: beside it, so that a later run can undo it where this one is killed.
HALFWAY = "halfway"

_MARK = re.compile(r"\n?\[convosphere\.platform (\{.*\})\]\Z", re.DOTALL)


def comment_statement(name: str, mark: Mapping[str, Any], comment: str | None, kind: str = "DATABASE") -> str:
    """Return the statement that gives a database, or another ``kind``, its comment: what others wrote, and the mark."""
    text = (f"{comment}\n" if comment else "") + f"[convosphere.platform {json.dumps(mark, sort_keys=True)}]"
    return f"COMMENT ON {kind} {quoted(name)} IS {literal(text)}"


def split_comment(text: str | None) -> tuple[str | None, dict[str, Any]]:
    """What others wrote, and the mark, which is empty where there is none."""
    found = _MARK.search(text or "")
    try:
        mark = json.loads(found.group(1)) if found else {}
    except ValueError:
        return text, {}
    return ((text or "")[: found.start()] or None, mark) if found else (text, {})
