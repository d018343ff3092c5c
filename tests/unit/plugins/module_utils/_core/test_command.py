# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.command import last_lines, run
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import CommandError, ConvosphereError
from ansible_collections.convosphere.platform.plugins.module_utils._core.locks import locked

from support.environment import wait_until


def python(script: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", script, *arguments]


def test_returns_what_the_program_wrote():
    assert run(python("print('hello')"), step="greet") == "hello\n"


def test_nothing_is_expanded_by_a_shell():
    assert run(python("import sys; print(sys.argv[1])", "$HOME; `id` *"), step="echo") == "$HOME; `id` *\n"


def test_environment_is_added_and_input_is_given():
    script = "import os, sys; print(os.environ['SECRET'], 'PATH' in os.environ, sys.stdin.read())"

    assert run(python(script), step="x", environment={"SECRET": "s"}, stdin="from here") == "s True from here\n"


def test_input_that_is_kept_open_ends_with_the_program():
    script = "import select, sys; print(sys.stdin.readline(), select.select([sys.stdin], [], [], 0.2)[0])"

    assert run(python(script), step="x", stdin="from here\n", keep_open=True) == "from here\n []\n"


def test_a_program_that_reads_none_of_its_open_input_is_heard():
    with pytest.raises(CommandError, match="ended with 4: no"):
        run(python("import sys; print('no'); sys.exit(4)"), step="x", stdin="x" * 10, keep_open=True)


def test_a_program_that_reads_gets_nothing_unless_it_is_given_something():
    assert run(python("import sys; print(len(sys.stdin.read()))"), step="read", timeout=20) == "0\n"


def test_output_in_another_encoding_is_no_failure():
    assert run(python(r"import sys; sys.stdout.buffer.write(b'\xff\n')"), step="read") == "\ufffd\n"


def test_a_failure_names_step_program_code_and_last_lines():
    script = "import sys; [print(f'line {n}\\n', file=sys.stderr) for n in range(30)]; sys.exit(3)"

    with pytest.raises(CommandError) as caught:
        run(python(script), step="bring it up", hint="Look at the log.")

    assert str(caught.value).startswith(f"Cannot bring it up: {sys.executable} ended with 3: line 25\nline 26\n")
    assert str(caught.value).endswith("line 29. Look at the log.")
    assert caught.value.details["returncode"] == 3
    assert len(caught.value.details["stderr"].splitlines()) == 20


def test_a_program_that_complains_on_standard_output_is_heard():
    with pytest.raises(CommandError, match="ended with 1: it is said here"):
        run(python("import sys; print('it is said here'); sys.exit(1)"), step="x")


def test_a_missing_program_says_where_it_comes_from():
    with pytest.raises(
        CommandError, match=r"Cannot dump: the program no-such-program is not installed\. Run the playbook setup"
    ):
        run(["no-such-program"], step="dump")


def test_a_program_that_may_not_be_run(tmp_path: Path):
    (tmp_path / "program").write_text("#!/bin/sh\n")

    with pytest.raises(CommandError, match="cannot be run: Permission denied"):
        run([str(tmp_path / "program")], step="x")


def test_a_program_that_hangs_is_ended():
    with pytest.raises(CommandError, match=r"did not end within 0\.2 s"):
        run(python("import time; time.sleep(60)"), step="wait", timeout=0.2)


def test_what_a_hanging_program_started_is_ended_with_it(tmp_path: Path):
    # Docker starts its Compose plugin like this: the plugin must not go on starting what is being rolled back.
    script = (
        "import os, subprocess, sys, time; "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
        "open(sys.argv[1], 'w').write(str(child.pid)); time.sleep(60)"
    )

    with pytest.raises(CommandError, match="did not end"):
        run(python(script, str(tmp_path / "pid")), step="wait", timeout=2)

    pid = (tmp_path / "pid").read_text()
    # Nobody may be there to reap an orphan.
    wait_until(lambda: state_of(pid) in (None, "Z"), "the program's own program has ended")


def state_of(pid: str) -> str | None:
    """Return the letter of a process's state; None if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def test_a_lock_is_held_for_as_long_as_a_program_works(tmp_path: Path):
    # A killed module leaves Compose behind: until that ends, no other run may start.
    lock = tmp_path / "lock"
    worker = "import sys, time; open(sys.argv[1], 'w').close(); time.sleep(30)"
    holder = (
        "import sys; from pathlib import Path\n"
        "from ansible_collections.convosphere.platform.plugins.module_utils._core import command, locks\n"
        "with locks.locked(Path(sys.argv[1]), 'x'):\n"
        "    command.run([sys.executable, '-c', sys.argv[2], sys.argv[3]], step='work')"
    )
    started = tmp_path / "started"
    module = subprocess.Popen([sys.executable, "-c", holder, str(lock), worker, str(started)])
    wait_until(started.exists, "the program works")
    module.kill()
    module.wait()

    with pytest.raises(ConvosphereError, match="Another run is changing x"), locked(lock, "x"):
        pass

    subprocess.run(["pkill", "--full", str(started)], check=True)
    wait_until(lambda: is_free(lock), "the lock is free")


def is_free(lock: Path) -> bool:
    try:
        with locked(lock, "x"):
            return True
    except ConvosphereError:
        return False


def test_last_lines_are_those_with_text():
    assert last_lines("a\n\n  b  \n\n", 5) == "a\n  b"
    assert last_lines("a\nb\nc\n", 2) == "b\nc"
    assert last_lines("") == ""
