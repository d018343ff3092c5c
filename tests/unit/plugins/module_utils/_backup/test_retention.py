# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup.catalogue import TOLERANCE
from ansible_collections.convosphere.platform.plugins.module_utils._backup.retention import (
    Entry,
    Policy,
    decide,
    entry_of,
    parse_period,
)
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from hypothesis import example, given
from hypothesis import strategies as st

from support.backups import NOON, VERIFIED, manifest_of

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def entries(*moments, **fields):
    return [Entry(f"{moment:%Y%m%dT%H%M%S}", moment, **fields) for moment in moments]


def kept(policy, found, now=NOON):
    """Return the ids that are kept, oldest first."""
    return sorted(name for name, reasons in decide(policy, found, now).items() if reasons)


@pytest.mark.parametrize(
    ("text", "period"),
    [("12h", 12 * HOUR), ("1d", DAY), ("30d", 30 * DAY), ("8w", 56 * DAY), ("999999h", 999999 * HOUR)],
)
def test_periods(text, period):
    assert parse_period(text, "max_age") == period


@pytest.mark.parametrize("text", ["", "12", "0d", "-1d", "1.5h", "1 d", "1d ", "d", "1m", "9999999d"])
def test_an_invalid_period_is_refused(text):
    with pytest.raises(InputError, match=r"max_age is .*Give a number and a unit: 12h, 30d or 8w"):
        parse_period(text, "max_age")


def test_all_problems_of_a_policy_are_reported():
    assert Policy.of({"keep_last": 2, "keep_daily": None, "keep_within": "3d"}) == Policy(last=2, within=3 * DAY)
    with pytest.raises(InputError, match="2 problems: retention: keep_last is -1; retention: keep_daily is -2"):
        Policy.of({"keep_last": -1, "keep_daily": -2})
    with pytest.raises(InputError, match="retention keeps nothing"):
        Policy.of({"keep_last": 0, "keep_daily": None})


def test_the_last_ones_are_kept():
    found = entries(*(NOON - day * DAY for day in range(5)))

    assert decide(Policy(last=2), found, NOON) == {
        "20261123T120000": ["last"],
        "20261122T120000": ["last"],
        "20261121T120000": [],
        "20261120T120000": [],
        "20261119T120000": [],
    }


def test_the_last_one_of_each_day_week_and_month_is_kept():
    found = entries(*(NOON - hours * 6 * HOUR for hours in range(4 * 70)))

    assert kept(Policy(daily=3), found) == ["20261121T180000", "20261122T180000", "20261123T120000"]
    # Weeks begin on Monday, and the 23rd is one.
    assert kept(Policy(weekly=3), found) == ["20261115T180000", "20261122T180000", "20261123T120000"]
    assert kept(Policy(monthly=3), found) == ["20260930T180000", "20261031T180000", "20261123T120000"]


def test_days_without_a_backup_do_not_count():
    found = entries(NOON, NOON - 10 * DAY, NOON - 20 * DAY)

    assert len(kept(Policy(daily=3), found)) == 3


def test_all_within_a_period_are_kept():
    found = entries(NOON, NOON - DAY, NOON - 2 * DAY, NOON - 2 * DAY - HOUR)

    assert kept(Policy(within=2 * DAY), found) == ["20261121T120000", "20261122T120000", "20261123T120000"]


def test_after_the_clock_leapt_ahead_the_gap_is_not_counted():
    found = entries(*(NOON - day * DAY for day in range(30)), verified="restore")
    ahead = NOON + 365 * DAY

    for night in range(29):
        found += entries(ahead + night * DAY)
        left = kept(Policy(within=29 * DAY), found, ahead + night * DAY)
        assert len(left) == 31  # one goes for one that came
        found = [entry for entry in found if entry.id in left]


def test_after_a_pause_the_gap_is_not_counted():
    found = entries(*(NOON - day * DAY for day in range(10)))

    assert len(kept(Policy(within=3 * DAY), found, NOON + 100 * DAY)) == 4
    assert len(kept(Policy(within=3 * DAY), found, NOON + 2 * DAY)) == 2


def test_a_period_that_is_shorter_than_a_night_does_not_keep_all():
    found = entries(*(NOON - day * DAY for day in range(10)))

    assert kept(Policy(within=12 * HOUR), found) == ["20261122T120000", "20261123T120000"]


def test_the_last_verified_and_the_pinned_are_kept_whatever_the_policy():
    pinned = Entry("pinned", NOON - 900 * DAY, pinned=True)
    restored = Entry("restored", NOON - 800 * DAY, verified="restore")
    older = Entry("older", NOON - 801 * DAY, verified="restore")
    checked = Entry("checked", NOON - 700 * DAY, verified="checksum")
    newest = Entry("newest", NOON - 600 * DAY)

    assert decide(Policy(within=HOUR), [pinned, restored, older, checked, newest], NOON) == {
        "newest": ["newest", "within"],
        "checked": ["last verified"],
        "restored": ["last restored"],
        "older": [],
        "pinned": ["pinned"],
    }


def test_backups_that_restore_and_do_not_boot_never_replace_the_last_one_that_boots():
    boots = [replace(entry, verified="boot") for entry in entries(NOON - 20 * DAY, NOON - 21 * DAY)]
    newer = [replace(entry, verified="restore") for entry in entries(*(NOON - day * DAY for day in range(5)))]

    left = {name: reasons for name, reasons in decide(Policy(last=2), [*boots, *newer], NOON).items() if reasons}

    assert left == {
        newer[0].id: ["last", "last verified", "last restored"],
        newer[1].id: ["last"],
        boots[0].id: ["last booted"],
    }
    assert decide(Policy(last=1), boots[:1], NOON) == {
        boots[0].id: ["last", "last verified", "last restored", "last booted"]
    }


def test_after_the_clock_was_set_back_nothing_is_lost_or_counted_twice():
    # Earlier backups are dated into the future: they are kept until that time, and the new ones are counted.
    future = entries(*(NOON + (day + 1) * DAY for day in range(5)))
    present = entries(*(NOON - day * DAY for day in range(5)))

    found = kept(Policy(last=2), future + present)
    assert found == sorted([entry.id for entry in [*future, *present[:2]]])
    # When their time has come, they are like all others.
    assert len(kept(Policy(last=2), future + present, NOON + 10 * DAY)) == 2


def test_after_the_clock_leapt_ahead_the_earlier_days_are_kept():
    ahead = NOON + 3650 * DAY
    found = entries(ahead, *(NOON - day * DAY for day in range(10)))

    assert len(kept(Policy(daily=7), found, ahead)) == 7


def test_a_simulated_year():
    # A verified backup each night, and retention after each: the policy's backups are left at the end.
    policy = Policy(last=2, daily=7, weekly=5, monthly=12)
    start = datetime(2026, 1, 1, 2, 30, tzinfo=UTC)
    there: list[Entry] = []
    for night in range(365):
        now = start + night * DAY
        there.append(Entry(f"{now:%Y%m%d}", now, verified="restore" if night % 3 == 0 else None))
        reasons = decide(policy, there, now)
        there = [entry for entry in there if reasons[entry.id]]
        assert there[-1].created_at == now
        assert any(entry.verified for entry in there)
        assert len(there) <= 2 + 7 + 5 + 12 + 1

    # Its days, its Sundays, its last days of the months.
    days = {f"2026122{day}" for day in (5, 6, 7, 8, 9)} | {"20261230", "20261231"}
    sundays = {"20261206", "20261213", "20261220", "20261227"}
    months = {"20260131", "20260228", "20260331", "20260430", "20260531", "20260630", "20260731", "20260831"}
    months |= {"20260930", "20261031", "20261130"}
    assert {entry.id for entry in there} - {"20261229", "20261228"} == (days | sundays | months) - {
        "20261229",
        "20261228",
    }


MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
ENTRIES = st.lists(
    st.builds(
        Entry,
        id=st.uuids().map(str),
        created_at=MOMENTS,
        pinned=st.booleans(),
        verified=st.sampled_from([None, "checksum", "restore", "boot"]),
        corrupt=st.booleans(),
        doubtful=st.booleans(),
    ),
    min_size=1,
    max_size=30,
)
COUNTS = st.integers(0, 5)


PERIODS = st.timedeltas(timedelta(hours=1), timedelta(days=1500))


@example([Entry("today", NOON), Entry("by another clock", NOON + timedelta(microseconds=1))], NOON, 0, 0, 0, 0, None)
@example([Entry("b", NOON, corrupt=True), Entry("a", NOON, doubtful=True)], NOON, 0, 0, 0, 0, None)
@given(ENTRIES, MOMENTS, COUNTS, COUNTS, COUNTS, COUNTS, st.none() | PERIODS)
def test_whatever_the_policy_and_the_clock_the_last_verified_backup_is_kept(
    found, now, last, daily, weekly, monthly, within
):
    policy = Policy(last, daily, weekly, monthly, within)
    left = [entry for entry in found if decide(policy, found, now)[entry.id]]

    assert left
    # Clocks differ by minutes: what one calls the future so closely is of today.
    present = [entry for entry in found if entry.created_at <= now + TOLERANCE and not entry.corrupt]
    assert not present or max(present, key=lambda entry: (entry.created_at, entry.id)) in left
    for levels in (("checksum", "restore", "boot"), ("restore", "boot"), ("boot",)):
        assert any(entry.verified in levels for entry in left) == any(entry.verified in levels for entry in found)
    assert [entry for entry in found if entry.pinned] == [entry for entry in left if entry.pinned]
    # Once is enough: what was kept is kept again.
    assert [entry for entry in left if decide(policy, left, now)[entry.id]] == left


@given(ENTRIES, MOMENTS, PERIODS, PERIODS)
def test_however_far_the_clock_leaps_ahead_backups_within_the_period_are_kept(found, now, within, leap):
    young = [entry for entry in found if timedelta(0) <= now - entry.created_at <= within]
    ahead = now + within + leap

    present = [entry for entry in found if entry.created_at <= now]
    left = decide(Policy(within=within), [*present, Entry("new", ahead)], ahead)
    assert [entry for entry in young if not left[entry.id]] == []


def test_a_corrupt_backup_replaces_no_other_and_is_deleted_in_its_turn():
    newest, before, oldest = entries(NOON, NOON - DAY, NOON - 2 * DAY)
    damaged = replace(newest, corrupt=True)

    assert kept(Policy(last=1), [oldest, before, newest]) == [newest.id]
    assert kept(Policy(last=1), [oldest, before, damaged]) == [before.id, newest.id]
    assert kept(Policy(last=1), [oldest, replace(before, corrupt=True), newest]) == [newest.id]
    assert kept(Policy(last=1), [replace(oldest, corrupt=True), replace(before, corrupt=True)]) == [before.id]


def test_backups_that_fail_to_load_neither_stop_retention_nor_replace_a_verified_one():
    days = [NOON - day * DAY for day in range(30)]
    found = entries(*days)
    nights = [replace(entry, doubtful=True) for entry in found[:20]] + [
        replace(e, verified="restore") for e in found[20:]
    ]

    left = kept(Policy(daily=7), nights)

    assert sorted(left) == sorted(entry.id for entry in [*nights[:7], *nights[20:27]])


def test_a_backup_that_was_restored_earlier_is_not_doubtful():
    doubt = {"at": "2026-11-24T13:00:00Z", "host": "db-1", "reason": "FEHLER"}

    assert [
        entry_of(manifest_of(not_loaded=doubt, verified=verified)).doubtful
        for verified in (None, {**VERIFIED, "level": "checksum"}, VERIFIED)
    ] == [True, True, False]


def test_an_entry_is_built_from_the_manifest():
    assert entry_of(manifest_of(pinned=True, verified=VERIFIED)) == Entry(
        "convosphere-20261123T120000Z", NOON, pinned=True, verified="restore"
    )
    assert entry_of(manifest_of(damaged_at=NOON)) == Entry("convosphere-20261123T120000Z", NOON, corrupt=True)
