# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe the schedules of an environment in lines of text. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Facts = Mapping[str, Any]


def timers(result: Facts, context: Facts) -> list[str]:
    """List the ``timers`` of convosphere_timer with their next runs, what was removed, and the notes of the plan."""
    would_be = "would be removed" if context["check_mode"] else "removed"
    width = max((len(name) for name in result["timers"]), default=0)
    following = result["next_runs"]
    lines = [f"{name:<{width}}  next: {following.get(name, 'as cron decides')}" for name in result["timers"]]
    lines += [f"{name} {would_be}" for name in result["removed"]]
    lines += context.get("notes", [])
    return lines or [f"{context['env']} has no schedules."]


def awx(result: Facts, context: Facts) -> list[str]:
    """List the schedules that convosphere_awx_info read, with their next runs, and the notes of the plan."""
    schedules = result["objects"]["schedules"]
    width = max((len(name) for name in schedules), default=0)
    lines = []
    for name, fields in schedules.items():
        following = result["previews"].get(fields["rrule"], {}).get("utc") or ["not previewed"]
        lines.append(f"{name:<{width}}  next: {following[0]}")
    lines += context.get("notes", [])
    return lines or [f"{context['env']} has no schedules."]
