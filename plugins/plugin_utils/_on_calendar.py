# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the times of a schedule for systemd, as ``OnCalendar``, and for cron. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.plugin_utils._schedule_times import WEEKDAYS, Times

#: The days of a month on which its first, second, third, fourth and last weekday can be.
_DAYS = {1: "-01..07", 2: "-08..14", 3: "-15..21", 4: "-22..28", -1: "~07/1"}


def on_calendar(times: Times) -> str:
    """Return the calendar event with its time zone, for example ``Sun *-*-* 01:30:00 Europe/Berlin``."""
    return f"{_days(times)} {_clock(times)} {times.timezone}"


def _days(times: Times) -> str:
    names = ",".join(WEEKDAYS[number][:3].capitalize() for number in times.weekdays)
    if times.ordinal:
        return f"{names} *-*{_DAYS[times.ordinal]}"
    day = f"{times.day:02}" if times.day else "*"
    return f"{names} *-*-{day}".strip()


def _clock(times: Times) -> str:
    if times.unit == "minute":
        return "*:*:00" if times.interval == 1 else f"*:00/{times.interval}:00"
    if times.unit == "hour":
        hours = "*" if times.interval == 1 else f"{times.hour:02}/{times.interval}"
        return f"{hours}:{times.minute:02}:00"
    return f"{times.hour:02}:{times.minute:02}:00"


def cron_problem(times: Times, timezone: str | None) -> str | None:
    """Return why cron cannot run at these times, a sentence without its final dot; None if it can."""
    if timezone is not None:
        return (
            f"timezone is {timezone}, and cron runs at the local time of its machine. Leave timezone out, or use"
            " scheduler_backend: systemd"
        )
    if times.ordinal:
        return "cron knows no weekday of a month. Write day: 1, or use scheduler_backend: systemd"
    return None


def cron_fields(times: Times) -> str:
    """Return minute, hour, day, month and weekday of a line of cron."""
    if times.unit == "minute":
        return "* * * * *" if times.interval == 1 else f"*/{times.interval} * * * *"
    if times.unit == "hour":
        hours = "*" if times.interval == 1 else f"{times.hour}-23/{times.interval}"
        return f"{times.minute} {hours} * * *"
    weekdays = ",".join(str(number + 1) for number in times.weekdays) or "*"
    return f"{times.minute} {times.hour} {times.day or '*'} * {weekdays}"
