# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Name and mark the objects of AWX that the role manages, so that it knows its own ones again.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: The end of the description of each object that environments share.
SHARED_MARK = "Managed by convosphere.platform."
_LONGEST_DESCRIPTION = 200


def mark(env: str) -> str:
    """Return the end of the description of each object of an environment, by which it is known."""
    return f"Managed by convosphere.platform for {env}."


def is_own(fields: Mapping[str, Any], env: str) -> bool:
    """Return whether an object is of an environment."""
    return str(fields.get("description", "")).endswith(mark(env))


def is_shared(fields: Mapping[str, Any]) -> bool:
    """Return whether an object of all environments is of this role."""
    return str(fields.get("description", "")).endswith(SHARED_MARK)


def described(env: str, purpose: str) -> dict[str, str]:
    """Return the description of an object of an environment."""
    return {"description": f"{purpose[:_LONGEST_DESCRIPTION]} {mark(env)}"}


def title(env: str, name: str = "") -> str:
    """Return the name of an object of an environment."""
    return f"ConvoSphere {env} {name}".strip()
