# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accept and preview the rules of schedules as AWX 24.6.2 was measured to do. AWX itself is replaced."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil import rrule, tz

#: How many dates a preview has.
PREVIEWED = 10
_PARTS = re.compile(r"(?:EX)?RRULE:\S+|EXRULE:\S+")


def problem(text: str) -> str | None:
    """Return why AWX refuses a rule; None if it is accepted. Like AWX's, several checks see upper case only."""
    starts = re.findall(r"DTSTART(?:;TZID=[^:\s]+:\d{8}T\d{6}|:\d{8}T\d{6}Z)", text)
    rules = _PARTS.findall(text)
    checks = (
        (len(starts) != 1 or text.count("DTSTART") != 1, "Valid DTSTART required in rrule."),
        (not any(rule.startswith("RRULE:") for rule in rules), "RRULE required in rrule."),
        ("EXDATE:" in text, "EXDATE not allowed in rrule."),  # EXDATE;TZID= is missed
        ("RDATE:" in text, "RDATE not allowed in rrule."),
        (any("INTERVAL=" not in rule for rule in rules), "INTERVAL required in rrule."),
        ("SECONDLY" in text, "SECONDLY is not supported."),
        (bool(re.search(r"BYDAY=\d", text)), "BYDAY with numeric prefix not supported."),
        (any("COUNT=" in rule and "UNTIL=" in rule for rule in rules), "RRULE may not contain both COUNT and UNTIL"),
        (any(int(count) > 999 for count in re.findall(r"COUNT=(\d+)", text)), "COUNT > 999 is unsupported."),
    )
    return next((message for failed, message in checks if failed), None)


def stored(text: str) -> str:
    """Return a rule as AWX stores it: a naive UNTIL becomes one in UTC."""
    zone = re.search(r"TZID=([^:;\s]+):", text)

    def in_utc(found: re.Match[str]) -> str:
        local = datetime.strptime(found[1], "%Y%m%dT%H%M%S").replace(tzinfo=ZoneInfo(zone[1] if zone else "UTC"))
        return f"UNTIL={local.astimezone(UTC):%Y%m%dT%H%M%SZ}"

    return re.sub(r"UNTIL=(\d{8}T\d{6})(?!Z)", in_utc, text)


def preview(text: str) -> list[str]:
    """Return the next dates in UTC, without local times that do not exist; empty for a rule that never runs."""
    if re.search(r"BYDAY=[A-Z,]*[A-Z]{2},[+-]?\d", text):  # MO,2SU: found nothing, after a search without an end
        return []
    rules = rrule.rrulestr(stored(text).replace(" ", "\n"), forceset=True)
    dates = rules.xafter(datetime.now(UTC).astimezone(ZoneInfo("Europe/Berlin")), inc=True)
    real = (date for date in dates if tz.datetime_exists(date))
    return [f"{date.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for date in islice(real, PREVIEWED)]
