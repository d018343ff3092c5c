# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess
import sys

import pytest

from support.memory import Process, peak, total

#: Holds 60 MB, says so, and waits to be let go.
HOLD = "import sys; kept = bytearray(60_000_000); print(flush=True); sys.stdin.read()"


def test_all_below_a_root_counts_once():
    found = [
        Process(4, 3, (), 1000),
        Process(1, 0, ("root",), 1),
        Process(2, 1, ("root",), 10),
        Process(3, 2, (), 100),
        Process(5, 0, (), 10_000),
    ]

    assert total(found, lambda process: process.arguments == ("root",)) == 1111


def test_the_peak_is_what_a_process_held():
    def run() -> None:
        command = [sys.executable, "-c", HOLD, "marked-for-the-test"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout
            process.stdout.read(1)
            seen.wait(10)

    import threading

    seen = threading.Event()

    def is_root(process: Process) -> bool:
        marked = "marked-for-the-test" in process.arguments
        if marked and process.memory > 60_000_000:
            seen.set()
        return marked

    assert 60 < peak(run, is_root) < 120


def test_nothing_seen_is_an_error():
    with pytest.raises(AssertionError, match="was seen"):
        peak(lambda: None, lambda process: False)
