# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write and read the collection's marker in the comment of a database, below any other comment.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .connection import literal, quoted_identifier

_MARK = re.compile(r"\n?\[convosphere\.platform (\{.*\})\]\Z", re.DOTALL)


def comment_statement(name: str, mark: Mapping[str, Any], comment: str | None, kind: str = "DATABASE") -> str:
    """Return the statement that sets the comment of a database, or another ``kind``: the other text, and the marker."""
    text = (f"{comment}\n" if comment else "") + f"[convosphere.platform {json.dumps(mark, sort_keys=True)}]"
    return f"COMMENT ON {kind} {quoted_identifier(name)} IS {literal(text)}"


def split_comment(text: str | None) -> tuple[str | None, dict[str, Any]]:
    """Return the other text, and the marker, which is empty if the comment has no marker."""
    found = _MARK.search(text or "")
    try:
        mark = json.loads(found.group(1)) if found else {}
    except ValueError:
        return text, {}
    return ((text or "")[: found.start()] or None, mark) if found else (text, {})
