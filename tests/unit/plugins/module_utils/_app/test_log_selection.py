# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._app import log_selection
from ansible_collections.convosphere.platform.plugins.module_utils._app.log_heads import Head
from ansible_collections.convosphere.platform.plugins.module_utils._app.log_records import Record
from ansible_collections.convosphere.platform.plugins.module_utils._app.log_selection import Pattern, Selection
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError

SECRET = "planted-secret"


def mask(found):
    return [{**record, "message": record["message"].replace(SECRET, "****")} for record, _is_cut in found]


def record(text: str, second: float = 0) -> Record:
    return Record(f"2026-11-29T10:00:{second:09.6f}000Z", "stdout", Head("info", None, text))


def many(count: int, text: str = "x" * 100) -> Iterator[Record]:
    return (record(f"{number} {text}", number / 1000) for number in range(count))


def chosen(selection: Selection) -> list[str]:
    return [each["message"] for each in selection.chosen]


def test_the_newest_of_all_containers_are_kept_in_the_order_of_time():
    selection = Selection(3, 10**6, mask)
    selection.add([record("a1", 1), record("a3", 3), record("a5", 5)], {"container": "a"})
    selection.add([record("b2", 2), record("b4", 4)], {"container": "b"})

    assert chosen(selection) == ["a3", "b4", "a5"]
    assert [each["container"] for each in selection.chosen] == ["a", "b", "a"]
    assert selection.truncated


def test_the_size_is_bounded_and_one_record_is_kept_in_any_case():
    selection = Selection(1000, 5000, mask)
    selection.add(many(1000), {})

    assert 10 < len(selection.chosen) < 50
    assert chosen(selection)[-1].startswith("999 ")
    selection = Selection(10, 100, mask)
    selection.add([record("y" * 1000)], {})
    assert len(selection.chosen) == 1


@pytest.mark.parametrize("pattern", [None, Pattern("x")])
def test_a_large_log_takes_no_more_memory_than_a_small_one(pattern):
    def peak(count: int) -> int:
        tracemalloc.start()
        Selection(50, 10**6, mask, pattern).add(many(count), {})
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(20_000) < 1.5 * peak(2_000)


def test_a_pattern_finds_in_any_case_and_does_not_reveal_a_secret():
    found = [record("A User was created"), record(f"key {SECRET}"), record("other")]
    selection = Selection(10, 10**6, mask, Pattern("user|planted-s|\\*{4}"))
    selection.add(found, {})

    assert chosen(selection) == ["A User was created", "key ****"]
    selection = Selection(10, 10**6, mask, Pattern("planted-s"))
    selection.add(found, {})
    assert chosen(selection) == []


@pytest.mark.parametrize("text", ["(", "a" * 1001, "[z-a]", "(?P<1>x)"])
def test_what_is_no_regular_expression_is_refused(text):
    with pytest.raises(InputError, match="pattern"):
        Pattern(text)


def test_a_search_that_would_take_years_ends(monkeypatch):
    monkeypatch.setattr(log_selection, "PATIENCE", 0.2)
    pattern = Pattern("(a+)+$")
    started = time.monotonic()

    with pytest.raises(InputError, match=r"one search took more than 0.2 s.*repetitions within"), pattern.bounded():
        pattern.matches("a" * 64 + "!")

    assert time.monotonic() - started < 10
