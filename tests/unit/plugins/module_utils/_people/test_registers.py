# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registers as files: environments, formats, odd files, signatures."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._people import registers
from ansible_collections.convosphere.platform.plugins.module_utils._people.erasure_ledger import LEDGER, Entry
from ansible_collections.convosphere.platform.plugins.module_utils._people.registers import Content, Directory

IDS = [f"6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b1{number}" for number in (1, 2)]
TIMES = ("2026-11-30T10:00:00.000000Z", "2026-11-30T10:00:05.000000Z")
ADA, BOB = (Entry(one, "hash", *TIMES, "delete", "delete", "", "run") for one in IDS)
NAME = "erasures-prod.json"


def put(folder: Path, *entries: Entry, environment: str = "prod", name: str = NAME) -> str:
    text = registers.text_of(LEDGER, entries, environment)
    Directory(folder).write(name, text)
    return text


def read(folder: Path) -> Content[Entry]:
    return registers.read(LEDGER, Directory(folder), "prod")


def test_the_file_is_for_its_owner_alone_and_names_its_environment(tmp_path):
    put(tmp_path, ADA)

    assert read(tmp_path).entries == read(tmp_path).own == [ADA]
    assert json.loads((tmp_path / NAME).read_text())["environment"] == "prod"
    assert [(each.name, each.stat().st_mode & 0o777) for each in tmp_path.iterdir()] == [(NAME, 0o600)]
    assert Directory(tmp_path).is_private(NAME)
    (tmp_path / NAME).chmod(0o644)
    assert not Directory(tmp_path).is_private(NAME)


def test_environments_share_a_directory(tmp_path):
    put(tmp_path, ADA)
    put(tmp_path, BOB, environment="staging", name="erasures-staging.json")

    assert read(tmp_path).entries == [ADA]
    assert registers.read(LEDGER, Directory(tmp_path), "staging").entries == [BOB]
    assert read(tmp_path / "none").entries == ()


def test_the_file_of_another_environment_under_the_own_name_is_refused(tmp_path):
    put(tmp_path, ADA, environment="staging")

    with pytest.raises(InputError, match=f"{NAME} in {tmp_path} is of the environment staging, not of prod"):
        read(tmp_path)


def test_the_file_without_an_environment_still_counts_and_is_not_the_own_one(tmp_path):
    former = json.dumps({"format": 1, "erasures": [asdict(ADA)]})
    (tmp_path / "erasures.json").write_text(former)
    assert (read(tmp_path).entries, read(tmp_path).own) == ([ADA], ())

    put(tmp_path, BOB)
    assert (read(tmp_path).entries, read(tmp_path).own) == ([ADA, BOB], [BOB])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        "\N{SNOWMAN}",
        '{"format": 0, "erasures": []}',
        '{"format": true, "erasures": []}',
        '{"format": 1, "erasures": null}',
        '{"format": 1, "erasures": [], "environment": 1}',
        '{"format": 1, "erasures": [], "signature": ["x"]}',
        '{"format": 1, "erasures": [{"user_id": "x"}]}',
        "[" * 100_000,
    ],
)
def test_a_file_that_is_no_register_is_refused(tmp_path, text):
    (tmp_path / NAME).write_text(text)

    with pytest.raises(InputError, match=r"is not a ledger of erasures that .* could take erased persons back"):
        read(tmp_path)


def test_brackets_in_brackets_end_with_the_same_message_at_each_depth():
    refused = 0
    for depth in range(sys.getrecursionlimit() - 200, sys.getrecursionlimit()):
        text = f'{{"format": 1, "erasures": [], "x": {"[" * depth}{"]" * depth}}}'
        try:
            registers.parse(LEDGER, text, NAME, "prod")
        except InputError:
            refused += 1

    assert refused < 200  # Python 3.12 reads all of them


def test_a_truncated_file_is_refused(tmp_path):
    text = put(tmp_path, ADA)

    for length in range(len(text) - 1):
        (tmp_path / NAME).write_text(text[:length])
        with pytest.raises(InputError, match="is not a ledger of erasures"):
            read(tmp_path)


def test_a_newer_format_is_refused_by_its_number(tmp_path):
    (tmp_path / NAME).write_text('{"format": 2, "people": []}')

    with pytest.raises(InputError, match="has the format 2, and this version of the collection reads format 1"):
        read(tmp_path)


def test_what_is_no_regular_file_is_refused(tmp_path):
    put(tmp_path, ADA, name="elsewhere")
    path = tmp_path / NAME
    for make in (lambda: path.symlink_to("elsewhere"), lambda: path.symlink_to("none"), lambda: os.mkfifo(path)):
        make()
        with pytest.raises(InputError, match=f"{path} is not a regular file"):
            read(tmp_path)
        path.unlink()
    path.mkdir()
    with pytest.raises(InputError, match="is not a regular file"):
        read(tmp_path)


def test_a_shelf_gets_the_text_of_another_one_unless_it_has_entries_of_its_own(tmp_path):
    text = put(tmp_path, ADA)
    source, nothing = read(tmp_path), Content[Entry]()

    assert registers.missing(LEDGER, "prod", source, nothing) == text
    assert registers.missing(LEDGER, "prod", source, source) == ""
    assert registers.missing(LEDGER, "prod", nothing, source) == ""
    both = registers.missing(LEDGER, "prod", source, Content([BOB], [BOB], "text"))
    assert registers.parse(LEDGER, both, "both", "prod").entries == [ADA, BOB]


def test_a_change_is_later_than_the_last_one_whatever_the_clock_says():
    now = datetime(2026, 11, 30, 10, tzinfo=UTC)

    assert registers.time_text(now) == TIMES[0]
    assert registers.time_text(now, TIMES[1]) == "2026-11-30T10:00:05.000001Z"
    assert replace(ADA, erased_at=registers.time_text(now, TIMES[1])).is_done
