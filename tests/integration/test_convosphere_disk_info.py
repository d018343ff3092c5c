# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from unittest.mock import ANY

import pytest

from support.law import Refused, Step

MODULE = "convosphere_disk_info"
#: A file system to which little is written during a test.
QUIET = "/dev/shm"
#: The bytes of a day.
GROWTH = 100_000_000


@pytest.mark.law
def test_law(run_info_law, run_steps, tmp_path):
    unreachable = {"docker_host": f"unix://{tmp_path}/no.sock"}
    options = {"paths": [QUIET, f"{QUIET}/not/there/yet"], **unreachable}
    (found,) = run_steps(MODULE, [Step("look", options)]).task("look").result["filesystems"]
    usage = shutil.disk_usage(QUIET)
    free = {"free_bytes": pytest.approx(usage.free, rel=0.01), "size_bytes": usage.used + usage.free}
    assert found == {
        "path": found["path"],
        "directories": options["paths"],
        **free,
        "growth_bytes_per_day": None,
        "days_until_full": None,
    }

    before = {"path": found["path"], "size_bytes": free["size_bytes"], "free_bytes": usage.free + 2 * GROWTH}
    record = {
        "run": "1",
        "who": "ada",
        "what": "The maintenance of dev",
        "result": "ok",
        "until": (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "details": {"disk": "ok", "filesystems": [before]},
    }
    runs_file = tmp_path / "dev.runs.jsonl"
    runs_file.write_text(f"{json.dumps(record)}\n")

    run = run_info_law(
        MODULE,
        {**options, "runs_file": str(runs_file)},
        returns={"filesystems": [{**found, "free_bytes": ANY, "growth_bytes_per_day": ANY, "days_until_full": ANY}]},
        refused=[
            Refused("no scheme", {**options, "docker_host": "nowhere"}, "docker_host is nowhere: it must begin with"),
            Refused("no time", {**options, "timeout": 0}, "timeout is 0: give a number of at least 1"),
        ],
    )

    (grown,) = run.task("read").result["filesystems"]
    assert grown["growth_bytes_per_day"] == pytest.approx(GROWTH, rel=0.05)
    assert grown["days_until_full"] == grown["free_bytes"] // grown["growth_bytes_per_day"]


def test_the_directory_of_the_engine_is_measured(run_steps):
    (found,) = [run_steps(MODULE, [Step("read", {"paths": ["/"]})]).task("read").result["filesystems"]]

    listed = [path for each in found for path in each["directories"]]
    assert listed[0] == "/"
    assert len(listed) == 2
