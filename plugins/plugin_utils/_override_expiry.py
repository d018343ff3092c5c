# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide whether the nightly maintenance removes expired overrides. No input or output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def outcome(
    found: Mapping[str, Any], plan: Mapping[str, Any], environment: str, *, several: bool, check_mode: bool
) -> dict[str, str]:
    """Return ``status`` and ``message`` of the step: changed if a deploy without the expired overrides follows.

    ``found`` is what convosphere_config_info returned, and ``plan`` what convosphere_stack_plan_info returned for the
    inventory with all overrides: its changes are what a deploy would bring beside the end of the expired ones.
    """
    expired = ", ".join(found["expired"])
    if not expired:
        count = len(found["overrides"])
        return {"status": "ok", "message": f"{count} overrides in effect, none expired" if count else "no overrides"}
    other = [change["object"] for change in plan.get("changes") or () if change["object"] != "release"]
    if several or other:
        why = "the environment has several hosts" if several else f"{', '.join(other)} would change too"
        return {
            "status": "skipped",
            "message": f"{expired} expired, and {why}: ansible-playbook deploy.yml -e env={environment}",
        }
    return {"status": "changed", "message": f"{expired} expired, and {'would be' if check_mode else 'is'} removed"}
