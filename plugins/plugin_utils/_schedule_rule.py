# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the rule of a schedule in AWX, and refuse the rules that AWX takes for something else. No input or output.

The rule is canonical, so that the text that AWX stores is the text that was sent: upper case, a fixed DTSTART with its
time zone, an INTERVAL in each rule, UNTIL in UTC.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ansible_collections.convosphere.platform.plugins.module_utils._core.display import quoted
from ansible_collections.convosphere.platform.plugins.plugin_utils._schedule_times import UTC, Times

#: The day of every DTSTART. AWX begins with the first run after now.
FIRST_DAY = "20260101"
#: The largest COUNT that AWX accepts.
LARGEST_COUNT = 999
_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FREQUENCIES = {"minute": "MINUTELY", "hour": "HOURLY", "day": "DAILY", "week": "WEEKLY", "month": "MONTHLY"}
_ALLOWED = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY")
#: How often a rule without a longer period runs in a day at most.
_PER_DAY = {"HOURLY": 24, "MINUTELY": 24 * 60}
_START = re.compile(r"DTSTART(?:;TZID=[^:;\s]+:\d{8}T\d{6}|:\d{8}T\d{6}Z)")
_NUMBER = re.compile(r"[0-9]{1,9}")
_UNTIL = re.compile(r"\d{8}T\d{6}Z")
_WEEKDAY = re.compile(r"([+-]?\d+)?(MO|TU|WE|TH|FR|SA|SU)")


def rule(times: Times, until: str = "") -> str:
    """Return the rule. ``until`` is a time in UTC such as ``20280101T000000Z``, after which nothing runs."""
    clock = f"{FIRST_DAY}T{times.hour:02}{times.minute:02}00"
    start = f"DTSTART:{clock}Z" if times.timezone == UTC else f"DTSTART;TZID={times.timezone}:{clock}"
    parts = [f"FREQ={_FREQUENCIES[times.unit]}", f"INTERVAL={times.interval}"]
    if times.weekdays:
        parts.append(f"BYDAY={','.join(_CODES[number] for number in times.weekdays)}")
    if times.ordinal:
        parts.append(f"BYSETPOS={times.ordinal}")
    if times.day:
        parts.append(f"BYMONTHDAY={times.day}")
    if until:
        parts.append(f"UNTIL={until}")
    return f"{start} RRULE:{';'.join(parts)}"


def rule_problems(text: str) -> list[str]:
    """Return why a rule is refused, or would not run as it reads: sentences without their final dots."""
    lines = text.split()
    starts = [line for line in lines if line.upper().startswith("DTSTART")]
    rules = [line for line in lines if line.upper().startswith(("RRULE:", "EXRULE:"))]
    others = [line for line in lines if line not in starts and line not in rules]
    problems = []
    if re.sub(r"TZID=[^:;\s]+", "", text) != re.sub(r"TZID=[^:;\s]+", "", text).upper():
        problems.append("a part is not in upper case, and AWX leaves out several of its checks for such a rule")
    if len(starts) != 1 or not _START.fullmatch(starts[0]):
        problems.append("it needs exactly one DTSTART, with ;TZID=<zone> or a time that ends with Z")
    if not any(line.upper().startswith("RRULE:") for line in rules):
        problems.append("it needs at least one RRULE")
    for line in others:
        name = re.split("[:;=]", line.upper())[0]
        dates = "AWX knows no single dates: write an EXRULE" if name in ("EXDATE", "RDATE") else "AWX does not know it"
        problems.append(f"{quoted(line)} is not allowed: {dates}")
    return problems + [problem for line in rules for problem in _line_problems(line.partition(":")[2].upper())]


def _line_problems(line: str) -> Iterator[str]:
    parts = dict(part.partition("=")[::2] for part in line.split(";"))
    frequency = parts.get("FREQ", "")
    if frequency not in _ALLOWED:
        yield f"FREQ is {quoted(frequency)}. Allowed: {', '.join(_ALLOWED)}"
    if not _NUMBER.fullmatch(parts.get("INTERVAL", "")) or int(parts["INTERVAL"]) < 1:
        yield "each rule needs an INTERVAL, a number from 1"
    elif _PER_DAY.get(frequency, 0) % int(parts["INTERVAL"]) and "COUNT" not in parts:
        yield (
            f"{frequency} with INTERVAL={parts['INTERVAL']} does not divide a day, so that AWX shifts its times after a"
            " week"
        )
    yield from _end_problems(parts)
    yield from _weekday_problems(parts)


def _end_problems(parts: dict[str, str]) -> Iterator[str]:
    count, until = parts.get("COUNT"), parts.get("UNTIL")
    if count is not None and until is not None:
        yield "COUNT and UNTIL exclude each other"
    if count is not None and (not _NUMBER.fullmatch(count) or not 1 <= int(count) <= LARGEST_COUNT):
        yield f"COUNT is {quoted(count)}. Allowed: 1 to {LARGEST_COUNT}"
    if until is not None and not _UNTIL.fullmatch(until):
        yield f"UNTIL is {quoted(until)}, and AWX would store another time. Write it in UTC, such as 20280101T000000Z"


def _weekday_problems(parts: dict[str, str]) -> Iterator[str]:
    names = [name for name in parts.get("BYDAY", "").split(",") if name]
    found = [_WEEKDAY.fullmatch(name) for name in names]
    if not all(found):
        yield f"BYDAY is {quoted(parts['BYDAY'])}. Allowed: {', '.join(_CODES)}, before them a number with its sign"
    numbers = [match[1] for match in found if match]
    if any(number and number[0] not in "+-" for number in numbers):
        yield f"BYDAY is {quoted(parts['BYDAY'])}: AWX refuses a number without its sign. Write +1SU"
    if any(numbers) and not all(numbers):
        yield f"BYDAY is {quoted(parts['BYDAY'])}: with and without a number AWX accepts the rule, and never runs it"
