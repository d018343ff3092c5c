# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List what ends within a period: certificates, secrets that have to be rotated, overrides, and backups.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ..._backup.retention import parse_period
from ..._core.timestamps import format_time, parse_time

DAY = timedelta(days=1)
#: The days of a thousand years: a timestamp at this distance can be represented, also if an operator sets more.
FOREVER = 365000

Facts = Mapping[str, Any]


def expiring(
    measured: Facts,
    overrides: Sequence[Facts],
    backups: Sequence[Facts],
    retention: Facts | None,
    days: tuple[str, int],
) -> list[dict[str, Any]]:
    """Return what ends within ``days``, a timestamp and a number of days after it; the next one first.

    Each has ``kind``, ``name``, ``at``, ``days_left``, which is negative for what has ended, and ``note``.
    """
    now, until = parse_time(days[0]), parse_time(days[0]) + days[1] * DAY
    found = [
        {"kind": kind, "name": name, "at": format_time(at), "days_left": int((at - now) // DAY), "note": note}
        for kind, name, at, note in (
            *_certificates(measured),
            *_secrets(measured),
            *_overrides(overrides),
            *_backups(backups, retention),
        )
        if at <= until
    ]
    return sorted(found, key=lambda each: (each["at"], each["kind"], each["name"]))


Entry = tuple[str, str, datetime, str]


def _certificates(measured: Facts) -> Iterator[Entry]:
    for row in (measured.get("certificates") or {}).get("rows") or ():
        if row.get("expires"):
            note = "deploy.yml renews it" if row.get("renewable") else "has to be renewed by hand"
            yield "certificate", f"{row['name']} on {row['host']}", parse_time(row["expires"]), note


def _secrets(measured: Facts) -> Iterator[Entry]:
    part = measured.get("secrets") or {}
    oldest = (part.get("more") or {}).get("max_age_days")
    for row in part.get("rows") or ():
        age = row.get("age_days")
        # One that is older and not due is never due: it follows another secret.
        if oldest and age is not None and (age <= oldest or row.get("due")):
            due = parse_time(part["at"]) + min(oldest - age, FOREVER) * DAY
            yield "secret", row["name"], due, f"has to be rotated every {oldest} days"


def _overrides(overrides: Sequence[Facts]) -> Iterator[Entry]:
    for each in overrides:
        yield "override", each["name"], parse_time(each["until"]), f"set by {each['by']}: {each['reason']}"


def _backups(backups: Sequence[Facts], retention: Facts | None) -> Iterator[Entry]:
    """Yield one entry for the backups that the retention by age keeps up to a known time."""
    within = (retention or {}).get("keep_within")
    period = parse_period(within, "retention: keep_within") if within else None
    ends = sorted(parse_time(each["created_at"]) + period for each in backups if period and not each["pinned"])
    if ends:
        note = f"retention by age ends for the first one, and for the last one on {format_time(ends[-1])[:10]}"
        yield "backups", f"{len(ends)} backup{'' if len(ends) == 1 else 's'}", ends[0], note
