# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core import pipeline
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import CommandError
from ansible_collections.convosphere.platform.plugins.module_utils._core.pipeline import Program

from support.environment import wait_until

CAT = Program(["cat"])
FOREVER = Program(["sleep", "1000"])


def python(text, **environment):
    return Program([sys.executable, "-c", text], environment)


def run(*programs, **options):
    taken = []
    pipeline.run(programs, step="copy", sink=taken.append, **options)
    return b"".join(taken)


def children():
    """Return the ids of this process's children that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            _pid, _name, rest = path.read_text().partition(")")[0], "", path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(rest[1]) == os.getpid() and rest[0] != "Z":
            found.append(path.parent.name)
    return found


@pytest.fixture(autouse=True)
def _nothing_is_left_running():
    yield
    assert children() == []


def test_what_the_first_one_writes_goes_through_all():
    assert run(python("print('a', end='')"), CAT, Program(["tr", "a", "b"])) == b"b"


def test_a_source_is_fed_to_the_first_one_piece_by_piece():
    pieces = (bytes([number]) * 300_000 for number in range(50))
    counted = []

    result = run(CAT, CAT, source=pieces, progress=counted.append)

    assert result == b"".join(bytes([number]) * 300_000 for number in range(50))
    assert counted == sorted(counted)
    assert counted[-1] == len(result)


def test_progress_is_that_of_the_source_where_nothing_is_taken():
    counted = []
    pipeline.run([CAT], step="copy", source=[b"ab", b"c"], progress=counted.append)

    assert counted == [2, 3]


def test_nothing_is_read_without_a_source():
    assert run(CAT) == b""


def test_the_environment_is_that_of_one_program_alone():
    show = "import os; print(os.environ.get('KEY'), os.environ['LC_ALL'], end=' ')"
    relay = "import os, sys; print(sys.stdin.read() + str(os.environ.get('KEY')), end='')"

    assert run(python(show, KEY="planted"), python(relay)) == b"planted C.UTF-8 None"


@pytest.mark.parametrize("position", range(3))
def test_the_one_that_failed_first_is_named_with_its_words(position):
    programs = [CAT, CAT, CAT]
    programs[position] = python("import sys; sys.stderr.write('early\\nno more paper\\n'); sys.exit(3)")

    with pytest.raises(CommandError) as caught:
        run(*programs, source=(b"x" * 100_000 for _each in range(1000)))

    assert str(caught.value) == f"Cannot copy: {Path(sys.executable).name} ended with 3: early\nno more paper"
    assert caught.value.details["returncode"] == 3


def test_one_that_fails_of_an_input_cut_short_is_not_the_one_to_blame(monkeypatch):
    # The end of the first is held back until the second, which fails because of it, has ended too.
    cut_short = python("import sys; sys.stdin.read(); sys.stderr.write('unexpected end'); sys.exit(2)")
    both_have_ended = threading.Event()
    wait = subprocess.Popen.wait

    def late(process, timeout=None):
        if "no key" in process.args[-1] and threading.current_thread() is not threading.main_thread():
            both_have_ended.wait(5)
        code = wait(process, timeout)
        both_have_ended.set()
        return code

    monkeypatch.setattr(subprocess.Popen, "wait", late)

    with pytest.raises(CommandError, match="no key"):
        run(python("import sys; sys.exit('no key')"), cut_short)


def test_the_query_that_failed_does_not_hide_why():
    words = "pg_dump: error: query failed: FATAL: gone\npg_dump: detail: Query was: SELECT 1\n" + "FROM a\n" * 30

    with pytest.raises(CommandError) as caught:
        run(python(f"import sys; sys.stderr.write({words!r}); sys.exit(1)"))

    assert caught.value.details["stderr"] == "pg_dump: error: query failed: FATAL: gone"


def test_one_that_is_killed_is_named_and_not_the_one_that_wrote_to_it():
    endless = Program(["yes"])
    suicide = python("import os, sys; sys.stdin.buffer.read(100000); os.kill(os.getpid(), 9)")

    with pytest.raises(CommandError, match="was ended by signal 9"):
        run(endless, suicide, CAT)


def test_what_the_last_one_says_of_a_broken_pipe_is_its_own_matter():
    last = python("import sys; sys.stdin.buffer.read(10); sys.exit('write: broken pipe')")

    with pytest.raises(CommandError, match="ended with 1: write: broken pipe"):
        run(CAT, last, source=(b"x" * 100_000 for _each in range(1000)))


def test_others_do_not_wait_for_one_that_failed():
    started = time.monotonic()
    with pytest.raises(CommandError, match="ended with 1"):
        run(FOREVER, Program(["false"]))

    assert time.monotonic() - started < 3


def test_a_program_that_is_not_there_is_named_before_anything_ran(tmp_path):
    with pytest.raises(CommandError, match=r"the program /no/such is not installed\. Run the playbook setup.yml"):
        run(Program(["touch", str(tmp_path / "x")]), Program(["/no/such"]))
    with pytest.raises(CommandError, match="cannot be run: Permission denied"):
        run(FOREVER, Program([str(tmp_path)]))


def test_it_ends_in_time():
    started = time.monotonic()
    with pytest.raises(CommandError, match="it did not end within"):
        run(FOREVER, CAT, timeout=0.2)
    with pytest.raises(CommandError, match="it did not end within"):
        pipeline.run([FOREVER], step="wait", timeout=0.2)

    assert time.monotonic() - started < 3


def test_one_that_does_not_listen_is_made_to_end(monkeypatch):
    monkeypatch.setattr(pipeline, "GRACE", 0.2)
    deaf = python(
        f"import signal, time; signal.signal({int(signal.SIGTERM)}, 1); print(1, flush=True); time.sleep(1000)"
    )

    with pytest.raises(ZeroDivisionError):
        pipeline.run([deaf], step="copy", sink=lambda _piece: 1 / 0)


def test_a_source_that_breaks_is_not_taken_for_one_that_ended(tmp_path):
    def broken():
        yield b"half"
        raise ZeroDivisionError

    done = tmp_path / "done"
    finish = python(f"import sys, pathlib; sys.stdin.read(); pathlib.Path({str(done)!r}).touch()")
    with pytest.raises(ZeroDivisionError):
        pipeline.run([CAT, finish], step="copy", source=broken())

    assert not done.exists()


def test_what_it_starts_ends_with_it(tmp_path):
    # A process group of its own: a program that works through another one ends together with it.
    number = tmp_path / "number"
    parent = python(
        "import subprocess, pathlib, time\n"
        "child = subprocess.Popen(['sleep', '1000'])\n"
        f"pathlib.Path({str(number)!r}).write_text(str(child.pid))\n"
        "print(flush=True); time.sleep(1000)"
    )
    with pytest.raises(ZeroDivisionError):
        pipeline.run([parent], step="copy", sink=lambda _piece: 1 / 0)

    # It got the signal with its parent, and may still be on its way out.
    state = Path(f"/proc/{number.read_text()}/stat")
    wait_until(lambda: not state.exists() or state.read_text().split()[2] == "Z", "the end of what it started")


def test_titles_name_the_program_that_does_the_work():
    inside = Program(["docker", "exec", "--interactive", "--env=PGUSER", "database", "pg_dump", "--format=custom"])

    assert inside.title == "pg_dump"
    assert Program(["/usr/lib/postgresql/15/bin/pg_dump"]).title == "pg_dump"


@pytest.fixture
def fifo(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


def test_a_program_may_write_to_a_named_pipe(fifo):
    late = f"import time, pathlib; time.sleep(0.3); pathlib.Path({str(fifo)!r}).write_bytes(b'x' * 3_000_000)"

    assert run(Program(python(late).arguments, fifo=fifo), CAT) == b"x" * 3_000_000
    assert run(Program(python(late).arguments, fifo=fifo)) == b"x" * 3_000_000


def test_a_program_that_never_opens_its_named_pipe_is_not_waited_for(fifo):
    with pytest.raises(CommandError, match="ended with 7"):
        run(Program(python("raise SystemExit(7)").arguments, fifo=fifo), CAT)


def test_a_program_that_writes_to_a_named_pipe_learns_that_nobody_reads_any_more(fifo):
    endless = Program(["tee", str(fifo)], fifo=fifo)

    with pytest.raises(CommandError, match="false ended with 1"):
        pipeline.run([endless, Program(["false"])], step="copy", source=(b"x" * 100_000 for _each in range(1000)))
