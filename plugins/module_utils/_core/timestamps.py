# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments as the collection's own files and return values write them: ``2026-11-23T15:01:02Z``.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from .errors import InputError

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
#: About a thousand years, so that what is as far away as an option says is still a moment.
_LONGEST = timedelta(days=365000)


def format_time(moment: datetime) -> str:
    """A moment with a time zone, in UTC and to the second."""
    return moment.astimezone(timezone.utc).strftime(_FORMAT)


def parse_time(text: str) -> datetime:
    """The reverse. Raises ValueError."""
    return datetime.strptime(text, _FORMAT).replace(tzinfo=timezone.utc)


def span(name: str, count: float, unit: str) -> timedelta:
    """The time that the option ``name`` gives, in a ``unit`` such as "days". Raises InputError for one that is none."""
    most = _LONGEST // timedelta(**{unit: 1})
    if not 0 <= count <= most:
        raise InputError(f"{name} is {count}, and has to be 0 to {most} {unit}")
    return timedelta(**{unit: count})
