# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide which backups a retention policy keeps, and why. Pure: the current time is an argument.

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
from . import catalogue
from .catalogue import TOLERANCE, Backup
from .manifest import BOOT, LEVELS, RESTORE, Manifest
from .names import NEW

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
_PERIOD = re.compile(r"([1-9][0-9]{0,5})([hdw])")
#: The slot of a calendar that a time in UTC belongs to: its day, week or month.
_CALENDAR: dict[str, Callable[[datetime], Any]] = {
    "daily": lambda time: time.date(),
    "weekly": lambda time: time.isocalendar()[:2],
    "monthly": lambda time: (time.year, time.month),
}

#: The reason to keep the last backup that is verified by a level or a higher one.
_LAST = {"last verified": LEVELS[0], "last restored": RESTORE, "last booted": BOOT}

RETENTION_OPTIONS: dict[str, Any] = {
    "keep_last": {"type": "int"},
    "keep_daily": {"type": "int"},
    "keep_weekly": {"type": "int"},
    "keep_monthly": {"type": "int"},
    "keep_within": {"type": "str"},
}

#: What earlier tasks would have done, in check mode: create a backup, unless it is named, and verify it.
EXPECTED_OPTIONS: dict[str, Any] = {
    "backup": {"type": "str"},
    "verified": {"type": "str", "choices": ["unverified", *LEVELS], "required": True},
}


@dataclass(frozen=True)
class Entry:
    """What retention knows of one backup. ``verified`` is the level, one of LEVELS, or None.

    A verification found a ``corrupt`` one to be so. A ``doubtful`` one has intact files, but a server failed to load
    it.
    """

    id: str
    created_at: datetime
    pinned: bool = False
    verified: str | None = None
    corrupt: bool = False
    doubtful: bool = False


@dataclass(frozen=True)
class Policy:
    """How many backups to keep: the last ones, and the last one of each of so many days, weeks and months."""

    last: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    within: timedelta | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Policy:
        """Read RETENTION_OPTIONS. Raises InputError for a policy that keeps nothing, and for negative numbers."""
        counts = {name: options.get(f"keep_{name}") or 0 for name in ("last", *_CALENDAR)}
        problems = [f"retention: keep_{name} is {count}" for name, count in counts.items() if count < 0]
        within = parse_period(options["keep_within"], "retention: keep_within") if options.get("keep_within") else None
        if not within and not any(counts.values()):
            problems.append("retention keeps nothing: give at least one of " + ", ".join(RETENTION_OPTIONS))
        if problems:
            raise InputError.of(problems)
        return cls(within=within, **counts)


def entry_of(manifest: Manifest) -> Entry:
    """Return what retention knows of a backup."""
    return Entry(
        manifest.id,
        manifest.created_at,
        manifest.pinned,
        manifest.level,
        manifest.damaged_at is not None,
        manifest.not_loaded is not None and not manifest.reaches(RESTORE),
    )


def surplus(
    params: Mapping[str, Any], backups: Sequence[Backup], now: datetime, *, creates: bool, current: str | None
) -> list[Backup]:
    """Return the backups that the option ``retention`` does not keep, of one environment and database.

    Backups with different components are counted separately. If the run ``creates`` a backup, that one is counted
    too. The backup with the id ``current``, which the run is about, is always kept.
    """
    policy = Policy.of(params["retention"])
    found: list[Backup] = []
    for include, alike in catalogue.groups(backups, params["environment_name"], params["login_db"]).items():
        is_alike = include == tuple(sorted(params["include"]))
        new = Entry(NEW, now, pinned=bool(params["pinned"])) if is_alike else None
        entries = expected_entries([entry_of(backup.manifest) for backup in alike], params["expected"], new)
        entries += [new] if new and creates else []
        reasons = decide(policy, entries, now)
        found += [backup for backup in alike if not reasons[backup.manifest.id] and backup.manifest.id != current]
    return found


def expected_entries(entries: Sequence[Entry], expected: Mapping[str, Any] | None, new: Entry | None) -> list[Entry]:
    """Return the entries as if earlier tasks had not run in check mode. ``expected`` are EXPECTED_OPTIONS.

    ``new`` is the backup that they would have created, None if it would not be one of these.
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
    """Read a period such as 12h, 30d or 8w. Raises InputError that names the option."""
    match = _PERIOD.fullmatch(text)
    if not match:
        raise InputError(f"{name} is {text!r}", hint="Give a number and a unit: 12h, 30d or 8w.")
    return timestamps.span(name, int(match.group(1)), _UNITS[match.group(2)])


def decide(policy: Policy, entries: Sequence[Entry], now: datetime) -> dict[str, list[str]]:
    """Return the reasons to keep each backup, by its id and newest first; one without a reason may be deleted.

    The newest backup and the last one verified by each level or a higher one are always kept. So is one that is dated
    into the future by a wrong clock; it does not replace another backup until that time has come. A corrupt backup
    never replaces an intact one, nor a doubtful one a backup that was loaded; they are deleted when their own time has
    come. Therefore the policy is applied three times: to all backups, to those that are not corrupt, and to those that
    are neither corrupt nor doubtful. If none is corrupt, at most twice the policy's number is kept, even if new backups
    fail to load for a long time.
    """
    newest_first = sorted(entries, key=lambda entry: (entry.created_at, entry.id), reverse=True)
    reasons: dict[str, list[str]] = {entry.id: ["pinned"] if entry.pinned else [] for entry in newest_first}
    past = [entry for entry in newest_first if entry.created_at <= now + TOLERANCE]
    for entry in newest_first:
        if entry not in past:
            reasons[entry.id].append("dated into the future")
    intact = [entry for entry in past if not entry.corrupt]
    loaded = [entry for entry in intact if not entry.doubtful]
    for reason, entry in [kept for counted in (past, intact, loaded) for kept in _kept(policy, counted, now)]:
        if reason not in reasons[entry.id]:
            reasons[entry.id].append(reason)
    return reasons


def _kept(policy: Policy, newest_first: Sequence[Entry], now: datetime) -> Iterator[tuple[str, Entry]]:
    """Yield each reason with a backup that the policy keeps for it."""
    for entry in newest_first[: max(policy.last, 1)]:
        yield "last" if policy.last else "newest", entry
    for name, slot_of in _CALENDAR.items():
        for entry in _first_of_each(newest_first, slot_of)[: getattr(policy, name)]:
            yield name, entry
    for entry in _within(newest_first, now, policy.within):
        yield "within", entry
    yield from last_verified(newest_first).items()


def last_verified(newest_first: Sequence[Entry]) -> dict[str, Entry]:
    """Return the last backup that is verified by each level or a higher one, by the reason to keep it.

    Backups that restore and do not boot never replace the last one that boots.
    """
    found: dict[str, Entry] = {}
    for reason, level in _LAST.items():
        enough = LEVELS[LEVELS.index(level) :]
        last = next((entry for entry in newest_first if entry.verified in enough), None)
        if last:
            found[reason] = last
    return found


def _within(newest_first: Sequence[Entry], now: datetime, period: timedelta | None) -> list[Entry]:
    """Return the backups that are not older than a period, newest first.

    Counted from now into the past, the first gap that is longer than the period itself is ignored. A clock that leaps
    ahead causes such a gap, and would otherwise have all earlier backups deleted in one night; they are deleted one by
    one instead, as new backups replace them. Only one gap is ignored, because a period shorter than the time between
    two runs would otherwise keep all of them.
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
    """Return the newest one of each slot, newest first."""
    found: dict[Any, Entry] = {}
    for entry in entries:
        found.setdefault(slot_of(entry.created_at), entry)
    return list(found.values())
