# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write numbers for a person: durations, sizes, days.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from ..._core.timestamps import parse_time

MINUTE, HOUR, DAY = 60, 3600, 86400
_SIZES = ("bytes", "kB", "MB", "GB", "TB")


def duration(seconds: float) -> str:
    """Return a duration in one or two units: ``42 s``, ``3 min 5 s``, ``4 h 12 min``, ``9 days``."""
    whole = round(seconds)
    if whole < 0:
        return f"-{duration(-whole)}"
    if whole < MINUTE:
        return f"{whole} s" if whole >= 10 or whole == seconds else f"{seconds:.1f} s"
    if whole < HOUR:
        return _two(whole, MINUTE, "min", 1, "s")
    if whole < 2 * DAY:
        return _two(whole, HOUR, "h", MINUTE, "min")
    return days(whole // DAY)


def days(number: int) -> str:
    """Return a number of days."""
    return f"{number} day{'' if number == 1 else 's'}"


def size(number: float) -> str:
    """Return a number of bytes with three digits, in powers of 1000."""
    value, unit = float(number), 0
    while abs(value) >= 999.5 and unit < len(_SIZES) - 1:
        value, unit = value / 1000, unit + 1
    digits = 0 if unit == 0 or abs(value) >= 100 else 1
    return f"{value:.{digits}f} {_SIZES[unit]}"


def count(number: int) -> str:
    """Return a number with narrow spaces between thousands."""
    return f"{number:,}".replace(",", "\u202f")


def _two(whole: int, large: int, large_unit: str, small: int, small_unit: str) -> str:
    rest = whole % large // small
    return f"{whole // large} {large_unit}" + (f" {rest} {small_unit}" if rest else "")


def seconds_between(earlier: str, later: str) -> int:
    """Return the seconds from one timestamp to another."""
    return int((parse_time(later) - parse_time(earlier)).total_seconds())
