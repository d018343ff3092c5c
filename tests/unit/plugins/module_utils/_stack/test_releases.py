# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ConvosphereError, InputError
from ansible_collections.convosphere.platform.plugins.module_utils._host import served_release
from ansible_collections.convosphere.platform.plugins.module_utils._stack import releases
from hypothesis import given
from hypothesis import strategies as st

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(2000, 1, 2), datetime(2100, 1, 1), timezones=ZONES)


def save(directory, *names):
    for name in names:
        releases.save(directory, {"id": name, "images": {}, "files": {}}, {"compose.yaml": name, "conf/x": "y"})


def names_in(directory):
    return sorted(path.name for path in directory.iterdir())


@given(MOMENTS, MOMENTS)
def test_ids_sort_by_time(first, second):
    earlier, later = sorted([first, second])

    assert releases.new_id(earlier) <= releases.new_id(later)


def test_an_id_is_a_name_that_reads_as_its_time():
    moment = datetime(2026, 11, 23, 13, 45, 0, 123999, tzinfo=timezone(timedelta(hours=2)))

    assert releases.new_id(moment) == "20261123T114500123Z"


def test_the_last_one_saved_serves_with_its_files(tmp_path):
    directory = tmp_path / "releases"
    assert served_release.current(directory) is None

    save(directory, "1", "2")

    assert served_release.current(directory) == {"id": "2", "images": {}, "files": {}}
    assert (directory / "current/compose.yaml").read_text() == "2"
    assert (directory / "1/conf/x").read_text() == "y"
    assert names_in(directory) == ["1", "2", "current"]


def test_the_oldest_go_and_the_one_that_serves_never_does(tmp_path):
    save(tmp_path, "1", "2", "4", "5", "3")  # the clock went back: 3 serves

    releases.prune(tmp_path, 2)
    assert names_in(tmp_path) == ["3", "4", "5", "current"]
    releases.prune(tmp_path, 0)
    assert names_in(tmp_path) == ["3", "5", "current"]


def test_what_a_killed_run_left_goes_with_the_next_one(tmp_path):
    save(tmp_path, "1")
    for name in (".new-2", ".old-0"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "compose.yaml").touch()
    (tmp_path / ".new-current").symlink_to("2")

    save(tmp_path, "3")

    assert names_in(tmp_path) == ["1", "3", "current"]


def test_what_the_file_system_refuses_is_told_with_its_path(tmp_path, monkeypatch):
    save(tmp_path, "1", "2")
    (tmp_path / ".new-x").mkdir()
    for name in ("rename", "symlink_to", "mkdir"):
        monkeypatch.setattr(Path, name, Mock(side_effect=OSError(28, "No space left on device", str(tmp_path / "x"))))
    monkeypatch.setattr(shutil, "rmtree", Mock(side_effect=OSError(5, "Input/output error", str(tmp_path / "y"))))

    for refused, word in (
        (lambda: save(tmp_path, "3"), "x: No space"),
        (lambda: releases.prune(tmp_path, 1), "x: No space"),
        (lambda: releases.remove_unfinished(tmp_path), "y: Input/output error"),
    ):
        with pytest.raises(ConvosphereError, match=f"Cannot change the releases in {tmp_path}: {tmp_path}/{word}"):
            refused()


@pytest.mark.parametrize("text", ["", "{", "[1]", "null"])
def test_a_damaged_record_says_what_to_do(tmp_path, text):
    save(tmp_path, "1")
    (tmp_path / "1/release.json").write_text(text)

    with pytest.raises(ConvosphereError, match=f"not the record of a release.*Remove the link {tmp_path}/current"):
        served_release.current(tmp_path)


def test_a_link_to_nothing_is_no_release(tmp_path):
    (tmp_path / "current").symlink_to("gone")

    assert served_release.current(tmp_path) is None


def test_a_record_of_an_older_version_can_be_compared(tmp_path):
    save(tmp_path, "1")
    (tmp_path / "1/release.json").write_text(json.dumps({"id": "1"}))

    assert served_release.current(tmp_path) == {"id": "1", "images": {}, "files": {}}


@pytest.mark.parametrize("name", ["", "1", "20261123T114500123", "20261123T114500123Z/..", "2026-11-23T11:45:00Z"])
def test_an_id_of_another_form_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=r"release_id is .*: give a time in UTC"):
        releases.refuse_id(tmp_path, name)


def test_an_id_that_is_earlier_than_a_kept_release_is_refused(tmp_path):
    save(tmp_path, "20261123T114500123Z", "by-hand")
    releases.refuse_id(tmp_path / "missing", "20261123T114500122Z")
    releases.refuse_id(tmp_path, "20261123T114500123Z")  # a run that is repeated
    releases.refuse_id(tmp_path, "20261123T114500124Z")

    with pytest.raises(InputError, match=r"release_id 20261123T114500122Z is earlier than the release .*123Z of"):
        releases.refuse_id(tmp_path, "20261123T114500122Z")
