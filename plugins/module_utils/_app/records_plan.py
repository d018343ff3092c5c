# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide how many expired records to remove, by a policy and the limits of one run. Pure: no input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._core.errors import InputError


@dataclass(frozen=True)
class Kind:
    """One kind of records: its table, which rows expired before the timestamp %(before)s, and how they are removed.

    ``option`` is the one by which the policy names the kind: a number of days, or true.
    """

    name: str
    option: str
    table: str
    columns: tuple[str, ...]
    rights: str
    condition: str
    order: str
    removal: str


_DELETE = "DELETE FROM"
KINDS = (
    Kind(
        "password_reset_tokens",
        "expired_reset_tokens",
        "users",
        ("id", "password_reset_token", "password_reset_expires_at"),
        "SELECT, UPDATE",
        "password_reset_token IS NOT NULL AND password_reset_expires_at < %(before)s::timestamptz",
        "password_reset_expires_at",
        "UPDATE users SET password_reset_token = NULL, password_reset_expires_at = NULL",
    ),
    Kind(
        "search_queries",
        "search_queries_days",
        "search_queries",
        ("id", "created_at"),
        "SELECT, DELETE",
        # The platform stores UTC without its zone.
        "created_at < %(before)s::timestamptz AT TIME ZONE 'UTC'",
        "created_at",
        f"{_DELETE} search_queries",
    ),
    Kind(
        "audit_logs",
        "audit_logs_days",
        "audit_logs",
        ("id", "created_at"),
        "SELECT, DELETE",
        "created_at < %(before)s::timestamptz",
        "created_at",
        f"{_DELETE} audit_logs",
    ),
)


@dataclass(frozen=True)
class Amount:
    """The rows of one kind that expired, and how many of them one run removes."""

    expired: int
    removed: int


def chosen(policy: Mapping[str, Any]) -> list[tuple[Kind, int]]:
    """Return the kinds that the policy names, each with the days after which a row expires; 0 is by its own time."""
    return [
        (kind, 0 if isinstance(policy[kind.option], bool) else policy[kind.option])
        for kind in KINDS
        if policy.get(kind.option)
    ]


def amounts(expired: Mapping[str, int], limit: int, max_deletions: int) -> dict[str, Amount]:
    """Return, by kind, what one run removes: at most ``limit`` rows of each kind.

    Raises InputError if more than ``max_deletions`` rows expired in all: then the policy may be a mistake.
    """
    total = sum(expired.values())
    if total > max_deletions:
        counts = ", ".join(f"{count} of {name}" for name, count in expired.items() if count)
        raise InputError(
            f"{total} records expired by the policy ({counts}), more than max_deletions={max_deletions}",
            hint="Nothing was deleted. Check the days of the policy, or raise max_deletions.",
        )
    return {name: Amount(count, min(count, limit)) for name, count in expired.items()}
