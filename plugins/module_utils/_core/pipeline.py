# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run programs joined by pipes: argument lists, secrets by environment only, every exit code checked.

The data passes in pieces of bounded size.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from . import program_output
from .command import last_lines
from .errors import CommandError
from .fifo import FifoWriters

#: The number of bytes that pass at a time, and the size of a pipe, if the kernel allows it.
PIECE = 1024 * 1024
#: The number of seconds between SIGTERM and SIGKILL.
GRACE = 5
#: The number of seconds in which the end of one program and the failure of its neighbour count as related.
SETTLE = 1
#: Linux' F_SETPIPE_SZ, which the fcntl module has from Python 3.10 on.
_SET_PIPE_SIZE = 1031
_KEPT_STDERR = 64 * 1024


@dataclass(frozen=True)
class Program:
    """One member of a pipeline. ``environment`` is added to this process's own, and is the place for secrets.

    ``fifo`` is the named pipe that a program in a container writes to instead of its standard output: ``docker exec``
    would copy the data four times, which costs more than everything else.
    """

    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    fifo: Path | None = None

    @property
    def title(self) -> str:
        """The name for messages: the program that does the work, not ``docker exec`` or ``nice``."""
        if tuple(self.arguments[:2]) == ("docker", "exec"):
            inner = [argument for argument in self.arguments[2:] if not argument.startswith("-")]
            return inner[1] if len(inner) > 1 else "docker"
        if tuple(self.arguments[:2]) == ("nice", "-n"):
            return self.arguments[3]
        return Path(self.arguments[0]).name


def run(
    programs: Sequence[Program],
    *,
    step: str,
    source: Iterable[bytes] | None = None,
    sink: Callable[[bytes], Any] | None = None,
    progress: Callable[[int], Any] | None = None,
    timeout: float | None = None,
    hint: str | None = None,
) -> None:
    """Run all programs at once, each reading the output of its predecessor, until all have succeeded.

    ``source`` is the input of the first program, which is empty without it; ``sink`` gets the output of the last one,
    which is discarded without it. ``progress`` gets the number of bytes so far: those of the sink, or else of the
    source. ``timeout`` is in seconds, for the whole pipeline.

    Raises CommandError with the exit code and last lines of the program that failed first; exceptions of ``source``,
    ``sink`` and ``progress`` are raised again. No program is left running.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    count = progress or (lambda _bytes: None)
    pipeline = _Pipeline(programs, step, hint)
    try:
        pipeline.start(reads=source is not None, writes=sink is not None)
        if source is not None:
            pipeline.feed(source, count if sink is None else lambda _bytes: None)
        if sink is not None:
            pipeline.drain(sink, count, deadline)
        pipeline.wait(deadline)
    except _Late as late:
        raise CommandError(f"Cannot {step}: it did not end within {timeout} s", hint=hint) from late
    finally:
        pipeline.end()


class _Late(Exception):
    """The timeout has passed."""


class _Pipeline:
    """The running programs. A thread waits for each, so that the one that failed first is known."""

    def __init__(self, programs: Sequence[Program], step: str, hint: str | None) -> None:
        self.programs = programs
        self.step = step
        self.hint = hint
        self.processes: list[subprocess.Popen[bytes]] = []
        self.output: IO[bytes] | None = None
        self.writers = FifoWriters()
        self.errors: list[IO[bytes]] = []
        self.waiters: list[threading.Thread] = []
        self.ended: dict[int, int] = {}  # the exit codes
        self.failed: dict[int, int] = {}  # of those that failed by themselves, in the order of the pipeline
        self.ending = threading.Condition()
        self.feeder: threading.Thread | None = None
        self.broken: BaseException | None = None

    def start(self, *, reads: bool, writes: bool) -> None:
        """Start all of them, joined. The first one reads nothing unless ``reads``."""
        previous: Any = subprocess.PIPE if reads else subprocess.DEVNULL
        for index, program in enumerate(self.programs):
            thrown_away = program.fifo or (index == len(self.programs) - 1 and not writes)
            process = self._start(program, previous, subprocess.DEVNULL if thrown_away else subprocess.PIPE)
            if self.output:
                self.output.close()  # otherwise the predecessor would not notice the end of this one
            self.output = self.writers.open(index, program.fifo) if program.fifo else process.stdout
            previous = self.output
            _enlarge(process.stdin)
            _enlarge(self.output)
        self._watch()

    def _watch(self) -> None:
        """Wait for the end of each program that was started, in a thread of its own."""
        for index, process in enumerate(self.processes[len(self.waiters) :], len(self.waiters)):
            self.waiters.append(threading.Thread(target=self._await, args=(index, process), daemon=True))
            self.waiters[-1].start()

    def feed(self, source: Iterable[bytes], count: Callable[[int], Any]) -> None:
        """Write ``source`` to the first program, in a thread."""
        stdin = self.processes[0].stdin
        if stdin is None:
            raise RuntimeError("the first program was started to read nothing")
        self.feeder = threading.Thread(target=self._feed, args=(source, stdin, count), daemon=True)
        self.feeder.start()

    def drain(self, sink: Callable[[bytes], Any], count: Callable[[int], Any], deadline: float | None) -> None:
        """Give ``sink`` what the last program writes, until it has closed its end."""
        if self.output is None:
            raise RuntimeError("the last program was started to write nothing")
        total = 0
        while True:
            if not select.select([self.output], [], [], _remaining(deadline))[0]:
                raise _Late
            piece = os.read(self.output.fileno(), PIECE)
            if not piece:
                return
            sink(piece)
            total += len(piece)
            count(total)

    def wait(self, deadline: float | None) -> None:
        """Wait for the end of all, and raise for the one that failed first."""
        for thread in [*self.waiters, *([self.feeder] if self.feeder else [])]:
            thread.join(_remaining(deadline))
            if thread.is_alive():
                raise _Late
        if self.broken:
            raise self.broken
        failed = self.failed or {index: code for index, code in sorted(self.ended.items()) if code}
        if failed:
            # A program that writes to one that has ended fails too: a consequence.
            guilty = [found for found in failed.items() if not self._broke_off(*found)] or [max(failed.items())]
            raise self._failure(*guilty[0])

    def end(self) -> None:
        """Terminate programs that still run, and close all files."""
        self._watch()  # those that were started before one could not be
        failed = len(self.ended) < len(self.processes) or any(self.ended.values())
        for how in (signal.SIGTERM, signal.SIGKILL) if failed or self.broken else ():
            self._signal(how)
            limit = time.monotonic() + GRACE
            for thread in self.waiters:
                thread.join(max(0.0, limit - time.monotonic()))
        if self.feeder:
            self.feeder.join(GRACE)
        for pipe in [*(process.stdin for process in self.processes), self.output, *self.errors]:
            if pipe:
                with suppress(OSError):  # data that was not written is discarded
                    pipe.close()
        self.writers.close_all()

    def _start(self, program: Program, stdin: Any, stdout: int) -> subprocess.Popen[bytes]:
        self.errors.append(tempfile.TemporaryFile())  # noqa: SIM115 - read after the program has ended, closed by end()
        try:
            process = subprocess.Popen(
                list(program.arguments),
                env={**os.environ, "LC_ALL": "C.UTF-8", **program.environment},
                stdin=stdin,
                stdout=stdout,
                stderr=self.errors[-1],
                start_new_session=True,  # a group of its own, so that what it starts ends with it
            )
        except FileNotFoundError as error:
            raise CommandError(
                f"Cannot {self.step}: the program {program.arguments[0]} is not installed",
                hint="Run the playbook setup.yml for this environment, which installs it.",
            ) from error
        except OSError as error:
            raise CommandError(
                f"Cannot {self.step}: {program.arguments[0]} cannot be run: {error.strerror}", hint=self.hint
            ) from error
        self.processes.append(process)
        return process

    def _await(self, index: int, process: subprocess.Popen[bytes]) -> None:
        code = process.wait()
        self.writers.close(index)
        with self.ending:
            self.ended[index] = code
            self.ending.notify_all()
            if not code:
                return
            # The cause may be the end of a neighbour, which closes its pipes before its end is seen.
            others = range(index + 1, len(self.processes)) if self._broke_off(index, code) else range(index)
            self.ending.wait_for(lambda: self.ended.keys() >= set(others), timeout=SETTLE)
            self.failed = self.failed or {index: code for index, code in sorted(self.ended.items()) if code}
        # The other programs may not notice by themselves.
        self._signal(signal.SIGTERM, besides=index)

    def _feed(self, source: Iterable[bytes], stdin: IO[bytes], count: Callable[[int], Any]) -> None:
        total = 0
        try:
            for piece in source:
                stdin.write(piece)
                total += len(piece)
                count(total)
            stdin.close()
        except BrokenPipeError:
            pass  # the program has ended, and its exit code is checked
        except BaseException as error:  # noqa: BLE001 - raised again by wait(), in the caller's thread
            self.broken = error
            # Killed rather than closed: the programs must not take partial input for all of it.
            self._signal(signal.SIGKILL)

    def _signal(self, how: signal.Signals, besides: int | None = None) -> None:
        for index, process in enumerate(self.processes):
            if index != besides:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, how)

    def _broke_off(self, index: int, code: int) -> bool:
        """Whether a program failed because the one that reads from it had ended."""
        if index == len(self.programs) - 1:  # its output is read here, to the end
            return False
        return code == -signal.SIGPIPE or "broken pipe" in self._said(index).lower()

    def _said(self, index: int) -> str:
        error = self.errors[index]
        size = error.seek(0, os.SEEK_END)
        error.seek(max(0, size - _KEPT_STDERR))
        return error.read().decode("utf-8", errors="replace")

    def _failure(self, index: int, code: int) -> CommandError:
        said = self._said(index)
        title = self.programs[index].title
        how = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
        by_postgres = program_output.shown(said)
        error = CommandError(
            f"Cannot {self.step}: {title} {how}: {by_postgres or last_lines(said)}".rstrip(": "),
            hint=self.hint,
            program=title,
            returncode=code,
            stderr=by_postgres or last_lines(said, 20),
        )
        error.output = said
        return error


def _remaining(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def _enlarge(pipe: IO[bytes] | None) -> None:
    """Enlarge a pipe: with the usual 64 KiB, switching between the programs takes half the time of a fast stream."""
    if pipe:
        with suppress(OSError):  # over the limit of an unprivileged user: the size stays
            fcntl.fcntl(pipe.fileno(), _SET_PIPE_SIZE, PIECE)
