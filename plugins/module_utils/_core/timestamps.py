# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Format and parse timestamps of files and return values: ``2026-11-23T15:01:02Z``.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from .errors import InputError

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
#: About a thousand years, so that a timestamp at this distance from now can be represented.
_LONGEST = timedelta(days=365000)


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
