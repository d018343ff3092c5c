# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Format and parse timestamps of files and return values: ``2026-11-23T15:01:02Z``.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from .errors import InputError

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
#: About a thousand years, so that a timestamp at this distance from now can be represented.
_LONGEST = timedelta(days=365000)
_PERIOD = re.compile(r"([0-9]{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?Z?)?")


def format_time(timestamp: datetime) -> str:
    """Return a timestamp with a time zone in UTC, to the second."""
    return timestamp.astimezone(timezone.utc).strftime(_FORMAT)


def parse_time(text: str) -> datetime:
    """Parse the text of ``format_time``. Raises ValueError."""
    return datetime.strptime(text, _FORMAT).replace(tzinfo=timezone.utc)


def span(name: str, count: float, unit: str) -> timedelta:
    """Return the period of the option ``name``, in a ``unit`` such as "days". Raises InputError if out of range."""
    most = _LONGEST // timedelta(**{unit: 1})
    if not 0 <= count <= most:
        raise InputError(f"{name} is {count}: give a number from 0 to {most} ({unit})")
    return timedelta(**{unit: count})


def since(name: str, text: str, now: datetime) -> datetime:
    """Return the begin of a period up to ``now``, from the text of the option ``name``: ``90m``, or a time in UTC.

    Raises InputError.
    """
    period = _PERIOD.fullmatch(text)
    if period:
        return now - span(name, int(period[1]), _UNITS[period[2]])
    try:
        if not _DATE.fullmatch(text):
            raise ValueError
        return datetime.fromisoformat(text.rstrip("Z").replace("T", " ")).replace(tzinfo=timezone.utc)
    except ValueError:
        raise InputError(
            f"{name} is '{text}'. Allowed: a period such as 90s, 30m, 2h, 7d or 2w, or a time in UTC such as"
            " 2026-11-29 or 2026-11-29T06:00:00Z"
        ) from None
