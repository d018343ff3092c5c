# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._stack import overrides

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
FOUR_HOURS = overrides.Override("LOG_LEVEL", "DEBUG", "Uploads fail.", "ada", NOW, NOW + timedelta(hours=4))


def test_the_record_is_read_as_it_was_written():
    value = {"a": [1, True, None]}
    other = replace(FOUR_HOURS, name="X", value=value)
    record = overrides.Record({"LOG_LEVEL": FOUR_HOURS, "X": other})
    changing = replace(record, before={"X": other})

    assert overrides.parse(overrides.render(record)) == record
    assert overrides.parse(overrides.render(changing)) == changing
    assert (record.in_progress, changing.in_progress) == (False, True)


def test_an_override_expires_at_its_end():
    end = FOUR_HOURS.until

    assert [FOUR_HOURS.active(end + timedelta(seconds=each)) for each in (-1, 0, 1)] == [True, False, False]


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"by": "bob", "at": NOW + timedelta(minutes=5)}, True),
        ({"until": NOW + timedelta(hours=4, minutes=11)}, True),
        ({"until": NOW + timedelta(hours=4, minutes=13)}, False),
        ({"value": "INFO"}, False),
        ({"reason": "Another."}, False),
    ],
)
def test_a_second_run_with_the_same_parameters_changes_nothing(change, same):
    assert replace(FOUR_HOURS, **change).like(FOUR_HOURS) is same


def test_a_first_one_is_like_none():
    assert not FOUR_HOURS.like(None)


@pytest.mark.parametrize(
    ("text", "period"), [("90m", timedelta(minutes=90)), (" 4h ", timedelta(hours=4)), ("30d", timedelta(days=30))]
)
def test_a_period_has_a_unit(text, period):
    assert overrides.period(text) == period


@pytest.mark.parametrize("text", ["", "4", "h", "0h", "-1h", "1.5h", "4s", "31d", "99999999h"])
def test_another_period_is_refused(text):
    with pytest.raises(InputError, match="expires is"):
        overrides.period(text)


def test_a_record_without_a_permission_is_none(tmp_path):
    assert overrides.of_project(None) == []
    assert overrides.of_project(tmp_path) == []
