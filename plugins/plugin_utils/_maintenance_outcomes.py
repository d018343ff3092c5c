# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn what a module returned into the outcome of a maintenance step: status, message, data. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.common.text.formatters import bytes_to_human

Facts = Mapping[str, Any]


def outcome(result: Facts, step: str, context: Facts) -> dict[str, Any]:
    """Return ``{status, message, data}`` of a step. ``context`` has ``check_mode`` and what else the step needs."""
    return OUTCOMES[step](result, context)


def reindex(result: Facts, context: Facts) -> dict[str, Any]:
    """Describe what convosphere_db_reindex rebuilt, and what it left."""
    rebuilt, left, dropped = result["rebuilt"], result["left"], result["dropped"]
    parts = [f"{len(rebuilt)} of {len(result['candidates'])} bloated indexes {_would(context)}rebuilt"]
    freed = sum(each["before_bytes"] - each["after_bytes"] for each in rebuilt if each["after_bytes"] is not None)
    parts += [f"{bytes_to_human(freed)} freed"] if freed > 0 else []
    parts += [f"{len(dropped)} invalid ones {_would(context)}dropped: {', '.join(dropped)}"] if dropped else []
    parts += [f"left: {left[0]['index']}, because {left[0]['reason']}{_more(left)}"] if left else []
    fields = ("index", "table", "bloat_bytes", "size_bytes")
    data = {
        "candidates": [{name: each[name] for name in fields} for each in result["candidates"]],
        "rebuilt": rebuilt,
        "left": left,
    }
    return {"status": _status(result), "message": "; ".join(parts), "data": data}


def _status(result: Facts) -> str:
    return "changed" if result.get("changed") else "ok"


def _would(context: Facts) -> str:
    return "would be " if context["check_mode"] else ""


def _more(items: list[Any]) -> str:
    return f", and {len(items) - 1} more" if len(items) > 1 else ""


OUTCOMES: dict[str, Callable[[Facts, Facts], dict[str, Any]]] = {
    "reindex": reindex,
}
