# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._engine.project import timestamp
from ansible_collections.convosphere.platform.plugins.module_utils._stack import deploy_plan

from support.containers import LONG_AGO, container

NAMES = ("compose.yaml", "Caddyfile", "conf/a.txt")
STARTED = timestamp(LONG_AGO)


def reader(*sources: Path, status: str = "running", kind: str = "bind") -> Any:
    return container("web", status, Mounts=[{"Type": kind, "Source": str(source)} for source in sources])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Create the stack's directory, whose files are older than any container."""
    directory = tmp_path / "stack"
    (directory / "conf").mkdir(parents=True)
    for name in NAMES:
        (directory / name).write_text(name)
        os.utime(directory / name, (STARTED - 1, STARTED - 1))
    return directory


def touch(path: Path) -> None:
    os.utime(path, (STARTED + 1, STARTED + 1))


def test_a_mounted_file_that_is_newer_than_the_container_is_stale(home):
    assert deploy_plan.stale_files(home, NAMES, reader(home / "Caddyfile")) == []
    touch(home / "Caddyfile")
    assert deploy_plan.stale_files(home, NAMES, reader(home / "Caddyfile")) == ["Caddyfile"]
    assert deploy_plan.stale_files(home, NAMES, reader(home / "conf")) == []


def test_so_is_one_in_a_folder_that_is_mounted(home):
    touch(home / "conf/a.txt")

    assert deploy_plan.stale_files(home, NAMES, reader(home / "conf")) == ["conf/a.txt"]


def test_so_is_one_that_will_be_written_whatever_the_clock_says(home):
    found = deploy_plan.stale_files(home, NAMES, reader(home / "Caddyfile"), ["Caddyfile", "compose.yaml"])

    assert found == ["Caddyfile"]


def test_a_file_that_is_dated_into_the_future_is_not_for_ever(home):
    os.utime(home / "Caddyfile", (time.time() + 3600, time.time() + 3600))

    assert deploy_plan.stale_files(home, NAMES, reader(home / "Caddyfile")) == []


def test_the_directory_may_be_reached_by_a_link(home):
    (home.parent / "link").symlink_to(home)
    touch(home / "Caddyfile")

    assert deploy_plan.stale_files(home.parent / "link", NAMES, reader(home / "Caddyfile")) == ["Caddyfile"]
    assert deploy_plan.stale_files(home, NAMES, reader(home.parent / "link/Caddyfile")) == ["Caddyfile"]


def test_what_is_not_read_as_a_setting_or_does_not_run_is_never_stale(home):
    for name in NAMES:
        touch(home / name)

    assert deploy_plan.stale_files(home, NAMES, reader(home, home.parent, Path("/"))) == []
    assert deploy_plan.stale_files(home, NAMES, reader(home / "Caddyfile", kind="volume")) == []
    assert deploy_plan.stale_files(home, NAMES, reader(home / "Caddyfile", status="exited")) == []
    assert deploy_plan.stale_files(home, NAMES, container("web")) == []
    assert deploy_plan.stale_files(home, ["gone.txt"], reader(home / "gone.txt")) == []
