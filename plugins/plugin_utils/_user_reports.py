# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe the results of users.yml and users_audit.yml in lines of text. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Facts = Mapping[str, Any]


def changes(result: Facts, _context: Facts) -> list[str]:
    """Return one line with the numbers of users that convosphere_user created, updated, deleted and left unchanged."""
    return [", ".join(f"{len(result[key])} {key}" for key in ("created", "updated", "deleted", "unchanged"))]


def audit(result: Facts, context: Facts) -> list[str]:
    """List users by finding, at most ``limit`` of the ``context`` in each.

    ``queries`` are results of convosphere_user_info in a loop, each with the finding's name as the key of its item.
    ``rows`` is its result for local users without a password, role changes and unreadable rows.
    """
    limit, rows = int(context["limit"]), result["rows"]
    found = [*((each["item"]["key"], each) for each in result["queries"]), ("local_without_password", rows)]
    lines: list[str] = []
    for name, each in found:
        lines += _section(name, [user["email"] for user in each["users"]], each["total"], limit)
    changes, unreadable = rows["role_changes"], rows["unreadable"]
    newest = list(reversed(changes))[:limit]
    lines += _section("role_changes", map(_role_change, newest), len(changes), limit)
    return lines + _section("breaks_the_user_list", map(_unreadable, unreadable[:limit]), len(unreadable), limit)


def _section(name: str, shown: Iterable[str], total: int, limit: int) -> list[str]:
    more = [f"  and {total - limit} more: raise users_audit_limit to list them"] if total > limit else []
    return [f"{name}: {total}", *(f"  {text}" for text in shown), *more]


def _role_change(change: Facts) -> str:
    roles = f"{change['before'] or 'new'} -> {change['after']}"
    return f"{change['at']} {change['email']}: {roles}, by {change['actor']}"


def _unreadable(row: Facts) -> str:
    return f"{row['kind']} {row['name']} ({row['id']}): {', '.join(row['reasons'])}"
