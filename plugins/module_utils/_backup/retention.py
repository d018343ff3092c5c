# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which backups a retention policy keeps, and why: pure, with the moment given.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from .._core import timestamps
from .._core.errors import InputError
from .catalogue import TOLERANCE
from .manifest import LEVELS, RESTORE, Manifest

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
_PERIOD = re.compile(r"([1-9][0-9]{0,5})([hdw])")
#: The slots of a calendar: two backups with the same answer are of the same day, week or month. All in UTC.
_CALENDAR: dict[str, Callable[[datetime], Any]] = {
    "daily": lambda moment: moment.date(),
    "weekly": lambda moment: moment.isocalendar()[:2],
    "monthly": lambda moment: (moment.year, moment.month),
}

RETENTION_OPTIONS: dict[str, Any] = {
    "keep_last": {"type": "int"},
    "keep_daily": {"type": "int"},
    "keep_weekly": {"type": "int"},
    "keep_monthly": {"type": "int"},
    "keep_within": {"type": "str"},
}

#: What tasks before this one would have done, in check mode: made a backup, unless it is named, and verified it.
EXPECTED_OPTIONS: dict[str, Any] = {
    "backup": {"type": "str"},
    "verified": {"type": "str", "choices": ["unverified", *LEVELS], "required": True},
}


@dataclass(frozen=True)
class Entry:
    """What retention has to know of one backup. ``verified`` is the level: None, "checksum" or "restore".

    ``damaged`` is one of which a verification found that it is corrupt, ``doubtful`` one that is whole, and
    that a server was asked to load and did not.
    """

    id: str
    created_at: datetime
    pinned: bool = False
    verified: str | None = None
    damaged: bool = False
    doubtful: bool = False


@dataclass(frozen=True)
class Policy:
    """How many to keep: the last ones, and the last one of each of so many days, weeks and months that have any."""

    last: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    within: timedelta | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Policy:
        """The policy of RETENTION_OPTIONS. Raises InputError for one that would keep nothing, or cannot be meant."""
        counts = {name: options.get(f"keep_{name}") or 0 for name in ("last", *_CALENDAR)}
        problems = [f"retention: keep_{name} is {count}" for name, count in counts.items() if count < 0]
        within = parse_period(options["keep_within"], "retention: keep_within") if options.get("keep_within") else None
        if not within and not any(counts.values()):
            problems.append("retention keeps nothing: give at least one of " + ", ".join(RETENTION_OPTIONS))
        if problems:
            raise InputError.of(problems)
        return cls(within=within, **counts)


def entry_of(manifest: Manifest) -> Entry:
    """What retention has to know of a backup."""
    return Entry(
        manifest.id,
        manifest.created_at,
        manifest.pinned,
        manifest.level,
        manifest.damaged_at is not None,
        manifest.not_loaded is not None and manifest.level != RESTORE,
    )


def foreseen(entries: Sequence[Entry], expected: Mapping[str, Any] | None, new: Entry | None) -> list[Entry]:
    """The entries as they would be by now, had the tasks before done more than to look: ``expected``, EXPECTED_OPTIONS.

    ``new`` stands for a backup that would have been made, None where it would not be one of these.
    """
    if expected is None:
        return list(entries)
    level = None if expected["verified"] == "unverified" else expected["verified"]
    if expected["backup"] is None:
        return [*entries, replace(new, verified=level)] if new else list(entries)
    return [
        replace(entry, verified=max(entry.verified or level, level, key=LEVELS.index))
        if level and entry.id == expected["backup"]
        else entry
        for entry in entries
    ]


def parse_period(text: str, name: str) -> timedelta:
    """A time such as 12h, 30d or 8w. Raises InputError that says what it was given as."""
    found = _PERIOD.fullmatch(text)
    if not found:
        raise InputError(f"{name} is {text!r}", hint="Give a number and a unit: 12h, 30d or 8w.")
    return timestamps.span(name, int(found.group(1)), _UNITS[found.group(2)])


def decide(policy: Policy, entries: Sequence[Entry], now: datetime) -> dict[str, list[str]]:
    """The reasons to keep each backup, by its id and newest first; one without a reason may go.

    The last verified backup is always kept, and the last one that was proven by a restore, and the newest one. One that
    a wrong clock dated into the future is kept too, and does not take the place of another one, until its time comes:
    no backup is deleted because another one has a wrong date. Nor does one that is corrupt take
    the place of one that is not, or one that is doubtful the place of one that loaded; it goes when it would go anyhow.
    So the policy is applied to all, to those that are not corrupt, and to those that are neither: as long as none is
    corrupt, no more than twice as many are kept as the policy says, however long new ones do not load.
    """
    newest_first = sorted(entries, key=lambda entry: (entry.created_at, entry.id), reverse=True)
    reasons: dict[str, list[str]] = {entry.id: ["pinned"] if entry.pinned else [] for entry in newest_first}
    present = [entry for entry in newest_first if entry.created_at <= now + TOLERANCE]
    for entry in newest_first:
        if entry not in present:
            reasons[entry.id].append("dated into the future")
    intact = [entry for entry in present if not entry.damaged]
    loaded = [entry for entry in intact if not entry.doubtful]
    for reason, entry in [kept for counted in (present, intact, loaded) for kept in _kept(policy, counted, now)]:
        if reason not in reasons[entry.id]:
            reasons[entry.id].append(reason)
    return reasons


def _kept(policy: Policy, newest_first: Sequence[Entry], now: datetime) -> Iterator[tuple[str, Entry]]:
    """What a policy keeps of these, and why."""
    for entry in newest_first[: max(policy.last, 1)]:
        yield "last" if policy.last else "newest", entry
    for name, slot_of in _CALENDAR.items():
        for entry in _first_of_each(newest_first, slot_of)[: getattr(policy, name)]:
            yield name, entry
    for entry in _within(newest_first, now, policy.within):
        yield "within", entry
    for reason, entry in last_proofs(newest_first).items():
        yield reason, entry


def last_proofs(newest_first: Sequence[Entry]) -> dict[str, Entry]:
    """The backups that are never deleted because nothing newer is known to be as good, by the reason."""
    verified = [entry for entry in newest_first if entry.verified]
    restored = [entry for entry in verified if entry.verified == RESTORE]
    return {reason: found[0] for reason, found in (("last verified", verified), ("last restored", restored)) if found}


def _within(newest_first: Sequence[Entry], now: datetime, period: timedelta | None) -> list[Entry]:
    """Those that are not older than a period, newest first.

    The first gap, on the way back from now, that is longer than the period itself does not count: it is what a clock
    that leapt ahead looks like, and what was there before would be gone in one night. It goes one by one instead, as
    new backups take its place. Only one gap, or a period shorter than the time between two runs would keep all of them.
    """
    found: list[Entry] = []
    if period is None:
        return found
    later, counted, leapt = now, timedelta(0), False
    for entry in newest_first:
        gap = later - entry.created_at
        if gap > period and not leapt:
            leapt = True
        else:
            counted += gap
        if counted > period:
            break
        found.append(entry)
        later = entry.created_at
    return found


def _first_of_each(entries: Sequence[Entry], slot_of: Callable[[datetime], Any]) -> list[Entry]:
    """The newest one of each slot, newest first."""
    found: dict[Any, Entry] = {}
    for entry in entries:
        found.setdefault(slot_of(entry.created_at), entry)
    return list(found.values())
