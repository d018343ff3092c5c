# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs and directories that killed runs left, with real processes that wait for a reader of a named pipe."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._postgres import leftover_programs

from support.sandbox import until

ROOT = Path("/")


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a program of this name that opens a pipe in a run's directory, and wait for its reader."""
    running: list[subprocess.Popen[bytes]] = []

    def run(folder: Path, program: str = "pg_dump") -> subprocess.Popen[bytes]:
        folder.mkdir(exist_ok=True)
        pipe = folder / "dump"
        if not pipe.exists():
            os.mkfifo(pipe)
        # Called like the real one, it opens the pipe as the real one does: before anything else.
        script = f": >'{folder}.begun'; exec 3>'{pipe}'"
        process = subprocess.Popen([program, "-c", script, f"--file={pipe}"], executable="/bin/sh")
        running.append(process)
        until(lambda: folder.with_name(f"{folder.name}.begun").exists() and sleeps(process.pid), "it to wait")
        return process

    yield run
    for process in running:
        process.kill()
        process.wait()


def sleeps(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("S")


def folder(tmp_path: Path, name: str = "killed") -> Path:
    return tmp_path / f"{leftover_programs.FOLDER}{name}"


def test_a_program_whose_run_was_killed_is_ended_also_where_its_folder_is_gone(tmp_path, start):
    left, gone = start(folder(tmp_path)), start(folder(tmp_path, "gone"), "pg_restore")
    shutil.rmtree(folder(tmp_path, "gone"))

    ended = leftover_programs.end_programs(ROOT)

    assert {left.pid, gone.pid} <= set(ended)
    assert (left.wait(10), gone.wait(10)) == (-signal.SIGKILL, -signal.SIGKILL)


def test_a_program_of_a_run_that_lives_and_what_is_none_of_these_programs_is_not_touched(tmp_path, start):
    living, other = start(folder(tmp_path, "held")), start(folder(tmp_path, "other"), "cat")
    elsewhere = start(tmp_path / "no folder of ours")

    with leftover_programs.held(folder(tmp_path, "held")):
        ended = leftover_programs.end_programs(ROOT)

    assert not {living.pid, other.pid, elsewhere.pid} & set(ended)
    assert [process.poll() for process in (living, other, elsewhere)] == [None] * 3


def test_a_program_in_another_container_is_not_touched(tmp_path, start):
    left = start(folder(tmp_path))

    assert left.pid not in leftover_programs.end_programs(tmp_path), "its root is another one"
    assert left.poll() is None


def test_an_old_folder_is_removed_and_one_of_this_minute_or_that_is_held_stays(tmp_path):
    for name in ("old", "held", "new"):
        folder(tmp_path, name).mkdir()
    for name in ("old", "held"):
        os.utime(folder(tmp_path, name), (0, 0))

    with leftover_programs.held(folder(tmp_path, "held")) as free:
        assert free
        leftover_programs.clean(ROOT, tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == [folder(tmp_path, name).name for name in ("held", "new")]
