# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read when a schedule runs, from ``every``, ``at``, ``weekday``, ``day`` and ``timezone``. No input or output.

Only times are allowed that AWX, systemd and cron all express: an interval divides an hour or a day. Others would shift,
because AWX counts the interval of an old rule from another day.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.display import quoted

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
UTC = "UTC"
#: The last day that every month has.
LAST_DAY = 28
EVERY = "minute, N minutes (N divides 60), hour, N hours (N divides 24), day, week, month"
_EVERY = re.compile(r"(?:([1-9]\d?) )?(minute|hour|day|week|month)s?")
_AT = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")
#: What an interval divides, by unit. Days, weeks and months have none.
_WHOLE = {"minute": 60, "hour": 24}


@dataclass(frozen=True)
class Times:
    """When a schedule runs. ``hour`` and ``minute`` are those of the first run of a day."""

    unit: str
    interval: int
    hour: int
    minute: int
    timezone: str
    #: As numbers, Monday is 0.
    weekdays: tuple[int, ...] = ()
    #: Which of the weekdays of a month, -1 for the last; 0 if it is no weekday of a month.
    ordinal: int = 0
    #: The day of a month, or 0.
    day: int = 0


class TimesError(Exception):
    """The times are not allowed. The arguments are sentences without their final dots."""


def read(declared: Mapping[str, Any]) -> Times:
    """Return the times of a schedule; raise TimesError with all problems."""
    problems: list[str] = []
    unit, interval = _every(declared.get("every"), problems)
    hour, minute = _at(declared.get("at"), unit, interval, problems)
    weekdays, ordinal = _weekday(declared.get("weekday"), unit, problems)
    day = _day(declared, unit, problems)
    timezone = declared.get("timezone", UTC)
    if not isinstance(timezone, str) or not _ZONE.fullmatch(timezone):
        problems.append(f"timezone is {quoted(timezone)}. Allowed: a name of the tz database, such as Europe/Berlin")
    if problems:
        raise TimesError(*problems)
    return Times(unit, interval, hour, minute, str(timezone), weekdays, ordinal, day)


def _every(value: Any, problems: list[str]) -> tuple[str, int]:
    found = _EVERY.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if not found:
        problems.append(f"every is {quoted(value)}. Allowed: {EVERY}")
        return "", 1
    unit, interval = found[2], int(found[1] or 1)
    whole = _WHOLE.get(unit, 1)
    if whole % interval:
        problems.append(f"every is {quoted(value)}: after a while it would run at other times. Allowed: {EVERY}")
    return unit, interval


def _at(value: Any, unit: str, interval: int, problems: list[str]) -> tuple[int, int]:
    if value is None and unit in ("minute", "hour", ""):
        return 0, 0
    if isinstance(value, int) and not isinstance(value, bool):
        problems.append(f'at is the number {value}: YAML reads 13:30 as one. Quote it, such as at: "13:30"')
        return 0, 0
    found = _AT.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found:
        problems.append(f'at is {quoted(value)}. Allowed: hours and minutes, such as "01:30"')
        return 0, 0
    hour, minute = int(found[1]), int(found[2])
    if unit == "minute" and (hour, minute) != (0, 0):
        problems.append(f"at is {quoted(value)}, and every minute counts from the full hour. Leave at out")
    if unit == "hour" and hour >= interval:
        problems.append(
            f"at is {quoted(value)}, the first run of a day. With every {interval} hours it is before that hour"
        )
    return hour, minute


def _weekday(value: Any, unit: str, problems: list[str]) -> tuple[tuple[int, ...], int]:
    if value is None:
        if unit == "week":
            problems.append(f"weekday is missing, and every is week. Allowed: {', '.join(WEEKDAYS)}")
        return (), 0
    if unit == "month":
        return _weekday_of_month(value, problems)
    if unit not in ("week", ""):
        problems.append(f"weekday is given, and every is {unit}. Write every: week")
        return (), 0
    found = [_weekday_number(name) for name in _names(value)]
    if not found or None in found:
        problems.append(f"weekday is {quoted(value)}. Allowed: {', '.join(WEEKDAYS)}, several as a list")
    return tuple(sorted({number for number in found if number is not None})), 0


def _weekday_of_month(value: Any, problems: list[str]) -> tuple[tuple[int, ...], int]:
    ordinal, _blank, name = value.strip().lower().partition(" ") if isinstance(value, str) else ("", "", "")
    number = _weekday_number(name.strip())
    if ordinal not in ORDINALS or number is None:
        problems.append(
            f"weekday is {quoted(value)}, and every is month. Allowed: {', '.join(ORDINALS)}, and one weekday, such as"
            " first sunday"
        )
        return (), 0
    return (number,), ORDINALS[ordinal]


def _day(declared: Mapping[str, Any], unit: str, problems: list[str]) -> int:
    value = declared.get("day")
    if unit != "month":
        if value is not None:
            problems.append("day is given, and every is not month. Leave day out, or write every: month")
        return 0
    if value is None:
        if declared.get("weekday") is None:
            problems.append(
                "every is month, and neither day nor weekday is given. Write day: 1, or weekday: first sunday"
            )
        return 0
    if declared.get("weekday") is not None:
        problems.append("day and weekday are both given. Leave one of them out")
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LAST_DAY:
        problems.append(f"day is {quoted(value)}. Allowed: 1 to {LAST_DAY}, the days that every month has")
        return 0
    return int(value)


def _names(value: Any) -> Iterator[str]:
    for item in value if isinstance(value, (list, tuple)) else [value]:
        yield from (part.strip().lower() for part in str(item).split(",") if part.strip())


def _weekday_number(name: str) -> int | None:
    return next((at for at, full in enumerate(WEEKDAYS) if name in (full, full[:3])), None)
