# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core import lease, run_record, timestamps
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ConvosphereError

BEGIN, END = timestamps.parse_time("2026-11-29T10:00:00Z"), timestamps.parse_time("2026-11-29T10:00:36Z")
UNTIL = timestamps.format_time(END)


def record(run: str = "4711", result: str = run_record.OK, **more: Any) -> dict[str, Any]:
    held = lease.make(run, "ada", "deploy.yml of dev", 20, lease.Clock(BEGIN, "boot", 1.0))
    return run_record.describe(held, result, UNTIL, release="r1", details=None, **more)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log/dev.runs.jsonl"


def test_a_record_says_who_when_what_release_result_and_run(path):
    run_record.append(path, record())

    assert list(run_record.read(path)) == [
        {
            "version": 1,
            "run": "4711",
            "who": "ada",
            "what": "deploy.yml of dev",
            "since": "2026-11-29T10:00:00Z",
            "until": "2026-11-29T10:00:36Z",
            "seconds": 36,
            "result": "ok",
            "release": "r1",
            "details": None,
        }
    ]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_lock_with_other_texts_than_times_has_a_record():
    held = lease.Lease("1", "ada", "A run", "then", "later", "boot", 1.0)

    assert run_record.describe(held, run_record.INTERRUPTED, held.until)["seconds"] is None


def test_records_are_added_and_what_is_there_is_not_changed(path):
    run_record.append(path, record("1"))
    before = path.read_bytes()
    run_record.append(path, record("2", run_record.FAILED))

    assert path.read_bytes().startswith(before)
    assert [each["run"] for each in run_record.read(path)] == ["1", "2"]


def test_many_processes_add_whole_lines(path):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: run_record.append(path, record(str(number))), range(40)))

    assert sorted(int(json.loads(line)["run"]) for line in path.read_text().splitlines()) == list(range(40))


def test_a_cut_line_takes_no_other_record_with_it(path):
    run_record.append(path, record("1"))
    with path.open("a") as file:
        file.write('{"run": "half')
    run_record.append(path, record("2"))

    assert [each["run"] for each in run_record.read(path)] == ["1", "2"]


def test_a_large_file_is_rotated_and_read_with_the_older_ones(path, monkeypatch):
    monkeypatch.setattr(run_record, "MOST_BYTES", 1000)
    for number in range(100):
        run_record.append(path, record(str(number)))

    names = sorted(each.name for each in path.parent.iterdir())
    assert names == ["dev.runs.jsonl", *(f"dev.runs.jsonl.{number}" for number in range(1, run_record.KEPT + 1))]
    assert all(each.stat().st_size <= 1000 for each in path.parent.iterdir())
    found = [int(each["run"]) for each in run_record.read(path)]
    assert found == list(range(found[0], 100))
    assert len(found) >= 30


def test_a_period_begins_with_the_end_of_a_run(path):
    run_record.append(path, record())

    assert list(run_record.read(path, END)) != []
    assert list(run_record.read(path, timestamps.parse_time("2026-11-29T10:00:37Z"))) == []
    assert list(run_record.read(path.with_name("no file"))) == []


def test_details_that_are_too_long_are_left_out(path):
    run_record.append(path, {**record(), "details": {"text": "x" * 70_000}})

    (found,) = run_record.read(path)
    assert found["details"] == "left out: too long"


def test_a_record_that_cannot_be_written_is_an_error_or_a_reason(path):
    path.parent.mkdir()
    path.mkdir()

    with pytest.raises(ConvosphereError, match="Cannot change the records of runs"):
        run_record.append(path, record())
    assert str(run_record.attempt(path, record())).startswith(
        "The record of the run 4711 was not written: Cannot change"
    )


def test_the_release_that_serves_is_the_one_that_current_links_to(tmp_path):
    assert run_record.serving_release(None) is None
    assert run_record.serving_release(tmp_path) is None
    (tmp_path / "current").symlink_to("20261129T100000000Z")
    assert run_record.serving_release(tmp_path) == "20261129T100000000Z"
