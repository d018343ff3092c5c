# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core import lease as core_lease
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ConvosphereError, InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.lease import Clock, HeldError, decide, make

NIGHT = datetime(2026, 11, 23, 1, 0, 0, tzinfo=UTC)
START = Clock(NIGHT, "boot-1", 1000.0)


def later(seconds, **changes):
    """Return the clock some seconds later."""
    clock = Clock(NIGHT + timedelta(seconds=seconds), START.boot, START.uptime + seconds)
    return replace(clock, **changes)


def lease(run, seconds=600, clock=START):
    return make(run, f"{run}@host", "The maintenance of prod", seconds, clock)


def test_nobody_has_it():
    assert decide(None, lease("a"), 600, START) == lease("a")


def test_another_run_has_it_and_is_named():
    clock = later(599)

    with pytest.raises(HeldError) as error:
        decide(lease("a"), lease("b", clock=clock), 600, clock)

    assert str(error.value) == (
        "The maintenance of prod is in progress: a@host (run a) has held the lock since 2026-11-23T01:00:00Z, "
        "until 2026-11-23T01:10:00Z at the latest. Wait for it to end. "
        "The lock of an interrupted run is not renewed, and ends by itself."
    )


@pytest.mark.parametrize(
    "clock",
    [
        pytest.param(later(600), id="its time is over"),
        pytest.param(later(5, boot="boot-2", uptime=3.0), id="the host was restarted"),
        pytest.param(later(601, now=NIGHT - timedelta(days=400)), id="its time is over, and the clock was set back"),
    ],
)
def test_a_run_that_was_killed_does_not_block_the_next_one_for_ever(clock):
    taken = decide(lease("a"), lease("b", clock=clock), 600, clock)
    assert taken == replace(lease("b", clock=clock), fences="a")


def test_a_clock_that_was_set_forward_takes_nothing_away():
    clock = later(5, now=NIGHT + timedelta(days=400))

    with pytest.raises(HeldError):
        decide(lease("a"), lease("b", clock=clock), 600, clock)


@pytest.mark.parametrize(
    ("after", "seconds", "kept"),
    [(0, 600, True), (59, 600, True), (61, 600, False), (5, 900, False), (5, 300, False), (700, 600, False)],
)
def test_the_run_that_has_it_keeps_or_renews_it(after, seconds, kept):
    clock = later(after)
    decided = decide(lease("a"), lease("a", seconds, clock), seconds, clock)

    assert decided.since == "2026-11-23T01:00:00Z"
    assert (decided == lease("a")) is kept
    assert decided.left(clock) == (600 - after if kept else seconds)


def test_a_run_goes_on_after_a_restart_of_the_host():
    clock = later(60, boot="boot-2", uptime=3.0)

    assert decide(lease("a"), lease("a", clock=clock), 600, clock).left(clock) == 600


def test_an_old_lock_counts_as_held_for_the_grace_of_a_run_on_some_hosts_but_not_after_a_restart():
    clock = later(900)
    with pytest.raises(HeldError, match=r"ends by itself 600 s later, or with the next run on all hosts"):
        decide(lease("a"), lease("b", clock=clock), 600, clock, grace=600)

    for free in (later(1200), later(5, boot="boot-2", uptime=3.0)):
        assert decide(lease("a"), lease("b", clock=free), 600, free, grace=600).run_id == "b"


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "new/lock"
    with core_lease.exclusive(path.parent):
        core_lease.write(path, lease("a"))

    assert core_lease.read(path) == lease("a")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [found.name for found in path.parent.iterdir()] == ["lock"]


def test_no_file_is_no_lease(tmp_path):
    assert core_lease.read(tmp_path / "lock") is None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda _good: "", id="empty"),
        pytest.param(lambda _good: "[]", id="a list"),
        pytest.param(lambda good: json.dumps({**good, "lease_version": 2}), id="of a later version"),
        pytest.param(lambda good: json.dumps({**good, "ends": "soon"}), id="a field of another type"),
        pytest.param(
            lambda good: json.dumps({key: good[key] for key in good if key != "holder"}), id="a field too few"
        ),
    ],
)
def test_a_file_that_is_something_else_is_never_taken_for_a_lock(tmp_path, change):
    path = tmp_path / "lock"
    core_lease.write(path, lease("a"))
    path.write_text(change(json.loads(path.read_text())))

    with pytest.raises(InputError, match="is not a lock of this collection"):
        core_lease.read(path)


def test_two_that_come_at_the_same_moment_go_one_after_the_other(tmp_path):
    inside, most = [], []

    def enter():
        with core_lease.exclusive(tmp_path):
            inside.append(1)
            most.append(len(inside))
            inside.pop()

    threads = [threading.Thread(target=enter) for _each in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == [1] * 20


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(ConvosphereError, match="Cannot lock"), core_lease.exclusive(tmp_path / "file/sub"):
        pass


def test_the_real_clock_goes_on():
    first, second = Clock.read(), Clock.read()

    assert first.boot == second.boot
    assert 0 < first.uptime <= second.uptime
    assert first.now.tzinfo is UTC


def variables(path, run="a"):
    return {core_lease.PATH_VARIABLE: str(path), core_lease.RUN_VARIABLE: run}


def left_in(path):
    found = core_lease.read(path)
    assert found
    return found.left(Clock.read())


def until(condition, what):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def test_a_module_that_works_renews_the_lease_of_its_run_again_and_again(tmp_path):
    path = tmp_path / "lock"
    short = make("a", "me", "The maintenance of prod", 1, Clock.read())
    core_lease.write(path, short)

    with core_lease.kept(variables(path), every=0.05):
        until(lambda: left_in(path) > 10, "the first renewal")
        core_lease.write(path, short)
        until(lambda: left_in(path) > 10, "the second renewal")
    core_lease.write(path, short)

    assert core_lease.read(path) == short, "whoever has ended does not renew it any more"
    assert short.since == core_lease.read(path).since


def test_a_lease_that_is_another_runs_or_nobodys_is_not_touched(tmp_path):
    path = tmp_path / "lock"
    with core_lease.kept(variables(path), fenced=True, every=0.01):
        assert core_lease.renew(path, "a") is None
    assert list(tmp_path.iterdir()) == []

    other = make("b", "next", "The maintenance of prod", 1, Clock.read())
    core_lease.write(path, other)
    with core_lease.kept(variables(path), every=0.01):
        assert core_lease.renew(path, "a") == other
    assert core_lease.read(path) == other


@pytest.mark.parametrize("is_over", [False, True])
def test_a_run_that_lost_its_lock_works_no_longer_even_after_its_release(tmp_path, is_over):
    path, clock = tmp_path / "lock", Clock.read()
    taken = decide(make("a", "me", "A run", 0, clock), make("b", "bob", "The deploy of prod", 30, clock), 30, clock)
    kept_one = core_lease.released(taken) if is_over else taken
    assert kept_one is not None
    assert kept_one.is_released is is_over
    core_lease.write(path, kept_one)

    with (
        pytest.raises(core_lease.LostError, match=r"The deploy of prod by bob \(run b\) took it over"),
        core_lease.kept(variables(path), fenced=True),
    ):
        pytest.fail("it works")


def test_the_lease_of_a_module_ends_with_it_if_its_output_is_not_read(tmp_path):
    path, program = (
        tmp_path / "lock",
        (
            "import os, sys; from ansible_collections.convosphere.platform.plugins.module_utils._core import lease\n"
            "with lease.kept(os.environ): sys.stdin.read()"
        ),
    )
    for is_read in (True, False):
        core_lease.write(path, make("a", "me", "A run", 30, Clock.read()))
        environment = {**os.environ, **variables(path)}
        command = [sys.executable, "-c", program]
        with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as module:
            assert module.stdin is not None
            assert module.stdout is not None
            if not is_read:
                module.stdout.close()
            module.stdin.close()
            module.wait()
        assert (left_in(path) > 0) is is_read


def test_after_a_release_nothing_is_kept_unless_a_run_had_lost_the_lock():
    assert core_lease.released(lease("b")) is None

    kept_one = core_lease.released(replace(lease("b"), fences="a"))

    assert decide(kept_one, lease("c"), 600, START) == lease("c"), "the next run takes it at once"


def test_a_run_may_have_two_leases_and_work_only_if_it_holds_both(tmp_path):
    paths = [tmp_path / "one", tmp_path / "two"]
    both = {core_lease.PATH_VARIABLE: ":".join(map(str, paths)), core_lease.RUN_VARIABLE: "a"}
    for path in paths:
        core_lease.write(path, make("a", "me", "A run", 1, Clock.read()))

    with core_lease.kept(both, fenced=True, every=60):
        assert [left_in(path) > 10 for path in paths] == [True, True]

    core_lease.write(paths[1], make("b", "bob", "A run", 1, Clock.read()))
    with pytest.raises(core_lease.LostError, match="two"), core_lease.kept(both, fenced=True):
        pytest.fail("it works")


def test_a_longer_lease_is_not_shortened_and_one_that_ran_out_is_still_this_runs(tmp_path):
    path = tmp_path / "lock"
    for seconds, wanted in ((3600, 3600), (0, core_lease.SECONDS)):
        core_lease.write(path, make("a", "me", "A run", seconds, Clock.read()))
        assert core_lease.renew(path, "a")
        assert left_in(path) == pytest.approx(wanted, abs=5)


def test_without_a_lease_nothing_is_renewed(tmp_path):
    with core_lease.kept({core_lease.PATH_VARIABLE: str(tmp_path / "lock")}):
        assert list(tmp_path.iterdir()) == []


def test_a_process_that_stands_still_with_the_lock_is_not_waited_for_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(core_lease, "_PATIENCE", 0.1)
    holder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)

    with pytest.raises(ConvosphereError, match="another process has held it"), core_lease.exclusive(tmp_path):
        pass
    os.close(holder)
