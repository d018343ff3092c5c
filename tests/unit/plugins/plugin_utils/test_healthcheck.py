# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health check of the stack's services: its periods, and the scripts that run in the containers."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.convosphere.platform.plugins.filter.health_periods import health_periods

from support.collection import ROOT, role_variables

VARIABLES = role_variables("stack")
HEALTHY = '{"status":"healthy","components":{}}'
UP_SECONDS = 5000


@pytest.mark.parametrize(
    ("interval", "timeout", "expected"),
    [
        ("30s", 10, {"interval": "2s", "sleep": "28", "timeout": "38s"}),
        ("30s", 20, {"interval": "2s", "sleep": "28", "timeout": "48s"}),
        ("1m30s", 10, {"interval": "2s", "sleep": "88", "timeout": "98s"}),
        ("3s", 10, {"interval": "2s", "sleep": "1", "timeout": "11s"}),
        ("2s", 10, {"interval": "2s", "sleep": "0", "timeout": "10s"}),
        ("1s", 10, {"interval": "1s", "sleep": "0", "timeout": "10s"}),
    ],
)
def test_periods_add_up_to_the_interval(interval, timeout, expected):
    assert health_periods(interval, timeout) == expected


@pytest.mark.parametrize("interval", ["5", "0s", "soon", ""])
def test_an_interval_that_is_no_duration_is_refused(interval):
    with pytest.raises(AnsibleFilterError, match="no duration of at least one second"):
        health_periods(interval)


def test_the_example_is_true():
    promised = re.search("# => (.*)", (ROOT / "plugins/filter/health_periods.py").read_text())

    assert promised
    assert str(health_periods("30s")).replace("'", '"') == promised[1]


class Container:
    """A folder with programs that note how they were called, in the place of a container's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = folder / "failed"
        self.calls = folder / "calls"
        self.calls.touch()
        (folder / "bin").mkdir()
        (folder / "1").mkdir()
        (folder / "uptime").write_text(f"{UP_SECONDS}.31 9000.00\n")
        self.program("sleep")

    def program(self, name: str, output: str = "", status: int = 0) -> None:
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\necho {name} \"$@\" >> {self.calls}\nprintf '%s' '{output}'\nexit {status}\n")
        path.chmod(0o755)

    def of_age(self, seconds: int) -> Container:
        """Have a first process of that age, with a name that has spaces and brackets."""
        fields = ["1", "(a (b) c)", "S", *("0" for _field in range(18)), f"{(UP_SECONDS - seconds) * 100}", "7", "7"]
        (self.folder / "1/stat").write_text(" ".join(fields) + "\n")
        return self

    def run(self, *command: str) -> tuple[int, list[str]]:
        """Run the command in a shell; return its status and the calls of programs since the last one."""
        self.calls.write_text("")
        environment: dict[str, Any] = {**os.environ, "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"}
        status = subprocess.run(command, env=environment, check=False, timeout=30).returncode
        return status, self.calls.read_text().splitlines()

    def check(self, status: int, longest: int = 28) -> tuple[int, list[str]]:
        script = VARIABLES["__stack_health_check"].replace("/tmp/.healthcheck-failed", str(self.mark))
        script = script.replace("/proc/", f"{self.folder}/")
        return self.run("sh", "-c", script, str(longest), "sh", "-c", f"exit {status}")


@pytest.fixture
def container(tmp_path):
    return Container(tmp_path)


@pytest.mark.parametrize(
    ("age", "longest", "calls"),
    [
        (0, 28, []),
        (7, 28, []),
        (40, 28, ["sleep 5"]),
        (224, 28, ["sleep 28"]),
        (4000, 28, ["sleep 28"]),
        (4000, 1, ["sleep 1"]),
        (4000, 0, []),
    ],
)
def test_a_check_sleeps_longer_in_an_older_container(container, age, longest, calls):
    assert container.of_age(age).check(0, longest) == (0, calls)


def test_a_failing_service_is_asked_without_sleep_until_it_recovers(container):
    container.of_age(4000)

    assert container.check(3) == (3, ["sleep 28"])
    assert container.check(4) == (4, [])
    assert container.check(0) == (0, [])
    assert container.check(0) == (0, ["sleep 28"])


def test_a_container_that_cannot_keep_the_mark_is_checked_all_the_same(container):
    container.mark = container.folder / "absent/failed"

    assert container.of_age(4000).check(3) == (3, ["sleep 28"])
    assert container.check(0) == (0, ["sleep 28"])


@pytest.mark.parametrize(
    ("curl", "python", "status", "judged"),
    [
        ((HEALTHY, 0), 1, 0, False),
        (('{"status":"degraded"}', 0), 0, 0, True),
        (('{"status":"degraded"}', 0), 1, 1, True),
        (('{"components":{"cache":{"status":"healthy"}}}', 0), 1, 1, True),
        (("", 7), 0, 1, False),
        (("", 127), 0, 0, True),
    ],
)
def test_python_judges_every_answer_but_a_healthy_one(container, curl, python, status, judged):
    container.program("curl", *curl)
    container.program("python3", status=python)

    found, calls = container.run("sh", "-c", VARIABLES["__stack_backend_question"], "judge")

    assert found == status
    assert ("python3 -c judge" in calls) is judged
