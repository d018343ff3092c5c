# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock that spans several tasks, and that ends by itself: a file that says who holds it and until when.

A lock of the kernel's cannot do that: it ends with the process, and each task is one of its own. The lease is short,
and each module of the run renews it for as long as it works: after a kill, the next run waits for two minutes at most.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from . import files, timestamps
from .errors import ConvosphereError, InputError
from .timestamps import format_time

VERSION = 1
#: For how many seconds a lease is held, and how often a module that works renews it.
SECONDS = 120
EVERY = 30
#: The environment variables by which a run tells its modules the file of its lease, and its own id.
PATH_VARIABLE, RUN_VARIABLE = "CONVOSPHERE_LEASE", "CONVOSPHERE_LEASE_RUN"
#: For how many seconds to wait for another process that reads and writes leases, which takes it milliseconds.
_PATIENCE = 30
#: The part of a lease that may pass before it is renewed, so that two tasks in a row need not write it twice.
_SLACK = 0.1
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Clock:
    """The host's time. ``uptime`` is seconds since the start ``boot`` of the host, which nobody can set back."""

    now: datetime
    boot: str
    uptime: float

    @classmethod
    def read(cls) -> Clock:
        """What the host's clocks say."""
        uptime = time.clock_gettime(time.CLOCK_BOOTTIME)
        return cls(datetime.now(timezone.utc), _BOOT_ID.read_text().strip(), uptime)


@dataclass(frozen=True)
class Lease:
    """Who holds the lock. ``since`` and ``until``, UTC, are for people; ``ends``, in seconds of uptime, counts."""

    run_id: str
    holder: str
    purpose: str
    since: str
    until: str
    boot: str
    ends: float

    def left(self, clock: Clock) -> float:
        """The seconds it still holds; none after a restart of the host, which ended what the holder did there."""
        return self.ends - clock.uptime if self.boot == clock.boot else 0.0

    def shown(self) -> dict[str, Any]:
        """What a diff and the module's return values have of it."""
        return {name: value for name, value in asdict(self).items() if name not in ("boot", "ends")}


class HeldError(ConvosphereError):
    """Somebody else holds the lock."""


def decide(present: Lease | None, wanted: Lease, seconds: float, clock: Clock) -> Lease:
    """The lease as it shall be: the present one where it will do, ``wanted`` or a renewed one where not.

    Raises HeldError where another run holds it.
    """
    if present is None or (present.run_id != wanted.run_id and present.left(clock) <= 0):
        return wanted
    if present.run_id != wanted.run_id:
        raise HeldError(
            f"{present.purpose} is going on: {present.holder} (run {present.run_id}) has held the lock since "
            f"{present.since}, until {present.until} at the latest",
            hint="Wait for it to end. If it was killed, nobody renews the lock, and it ends by then.",
            lease=present.shown(),
        )
    enough = seconds * (1 - _SLACK) <= present.left(clock) <= seconds
    same = replace(present, holder=wanted.holder, purpose=wanted.purpose)
    return same if enough else replace(same, until=wanted.until, boot=wanted.boot, ends=wanted.ends)


def make(run_id: str, holder: str, purpose: str, seconds: float, clock: Clock) -> Lease:
    """A lease from now on for ``seconds``."""
    until = clock.now + timestamps.span("lease", seconds, "seconds")
    return Lease(
        run_id, holder, purpose, format_time(clock.now), format_time(until), clock.boot, clock.uptime + seconds
    )


def read(path: Path) -> Lease | None:
    """The lease in a file, None where there is none. Raises InputError where the file is something else."""
    text = files.read_text(path)
    if text is None:
        return None
    try:
        found = json.loads(text)
        if found.pop("lease_version") == VERSION:
            return Lease(**{field.name: _typed(field.type, found.pop(field.name)) for field in fields(Lease)})
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise InputError(f"{path} is not a lock of this collection", hint="Look at what it is, and move it away.")


def write(path: Path, lease: Lease) -> None:
    """Have the lease in the file, in one step."""
    files.write_text(path, json.dumps({"lease_version": VERSION, **asdict(lease)}, indent=2) + "\n", "0600")


def renew(path: Path, run_id: str) -> bool:
    """Have a lease hold for SECONDS from now on. Return False if the run has it no longer. Raises ConvosphereError."""
    if not path.exists():
        return False
    with exclusive(path.parent):
        present, clock = read(path), Clock.read()
        if present is None or present.run_id != run_id:
            return False
        if present.left(clock) < SECONDS:
            wanted = make(run_id, present.holder, present.purpose, SECONDS, clock)
            write(path, replace(wanted, since=present.since))
    return True


@contextmanager
def kept(environment: Mapping[str, str], every: float = EVERY) -> Iterator[None]:
    """Renew the lease that ``environment`` names, if any, while the block runs, every so many seconds."""
    path, run_id = environment.get(PATH_VARIABLE), environment.get(RUN_VARIABLE)
    if not path or not run_id:
        yield
        return
    over = threading.Event()

    def keep() -> None:
        while True:
            with suppress(ConvosphereError, OSError):  # a full disk is no reason to stop the work; the next time may do
                if not renew(Path(path), run_id):
                    return
            if over.wait(every):
                return

    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(1)


@contextmanager
def exclusive(directory: Path) -> Iterator[None]:
    """Let one process at a time read and write leases in a directory, which is made; the others wait a moment."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise ConvosphereError(f"Cannot lock {directory}: {error.strerror}", hint="Use become: true.") from error
    try:
        _wait_for(descriptor, directory)
        yield
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int, directory: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise ConvosphereError(
                    f"Cannot lock {directory}: another process has held it for {_PATIENCE} s",
                    hint=f"Find it with fuser -v {directory}; it may be stopped.",
                ) from error
            time.sleep(0.02)
        else:
            return


def _typed(kind: Any, value: Any) -> Any:
    """A field's value, of the type that it is declared with."""
    if kind == "float" and isinstance(value, (int, float)):
        return float(value)
    if kind == "str" and isinstance(value, str):
        return value
    raise TypeError
