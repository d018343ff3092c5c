# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold a lock over several tasks: a file with its holder and its end.

A lock of the kernel ends with its process, and each task is a process of its own. The lease is short, and each module
of the run renews it while it works: after an interrupted run, the next one waits for 20 seconds at most.

A run that pauses for longer between two modules may lose its lease to another run. Its next module then refuses to
work, also after that other run has released the lock: see ``Lease.fences``.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
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
#: The seconds of a lease, and the seconds between two renewals by a module.
SECONDS = 20
EVERY = 5
#: The environment variables with the files of a run's leases, separated by colons, and the run's id.
PATH_VARIABLE, RUN_VARIABLE = "CONVOSPHERE_LEASE", "CONVOSPHERE_LEASE_RUN"
#: The seconds to wait for another process that reads or writes leases, which takes milliseconds.
_PATIENCE = 30
#: The part of a lease that may pass before a task renews it, so that two tasks in a row do not write it twice.
_SLACK = 0.1
#: The fields of a lease that are not shown.
_HIDDEN = ("boot", "ends", "fences")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Clock:
    """The host's time. ``uptime`` is monotonic: seconds since the start of the host, which ``boot`` identifies."""

    now: datetime
    boot: str
    uptime: float

    @classmethod
    def read(cls) -> Clock:
        """Read the host's clocks."""
        uptime = time.clock_gettime(time.CLOCK_BOOTTIME)
        return cls(datetime.now(timezone.utc), _BOOT_ID.read_text().strip(), uptime)


@dataclass(frozen=True)
class Lease:
    """The holder of the lock. ``since`` and ``until``, UTC, are shown; ``ends``, in seconds of uptime, is compared.

    ``fences`` is the run whose expired lease this one took over; "" if it took over none. Such a lease stays in its
    file after its release, so that a module of the run which lost it finds out. ``boot`` is "" then.
    """

    run_id: str
    holder: str
    purpose: str
    since: str
    until: str
    boot: str
    ends: float
    fences: str = ""

    @property
    def is_released(self) -> bool:
        """Whether the lock is free, and the lease is kept only for the run that had lost it before."""
        return not self.boot

    def left(self, clock: Clock) -> float:
        """Return the remaining seconds; 0 after a restart of the host, which ended the holder's work."""
        return self.ends - clock.uptime if self.boot == clock.boot else 0.0

    def shown(self) -> dict[str, Any]:
        """Return the fields for a diff and the return values."""
        return {name: value for name, value in asdict(self).items() if name not in _HIDDEN}


class HeldError(ConvosphereError):
    """Another run holds the lock."""


class LostError(ConvosphereError):
    """Another run took over the lock of this one."""


def decide(current: Lease | None, desired: Lease, seconds: float, clock: Clock, grace: float = 0) -> Lease:
    """Return the lease after the run: the current one if it lasts long enough, a renewed one, or ``desired``.

    Raises HeldError if another run holds it, or held it ``grace`` seconds ago.
    """
    if current is None or current.is_released:
        return desired
    is_over = current.boot != clock.boot or current.left(clock) + grace <= 0
    if current.run_id != desired.run_id and is_over:
        return replace(desired, fences=current.run_id)
    if current.run_id != desired.run_id:
        raise HeldError(
            f"{current.purpose} is in progress: {current.holder} (run {current.run_id}) has held the lock since "
            f"{current.since}, until {current.until} at the latest",
            hint="Wait for it to end. The lock of an interrupted run is not renewed, and ends by itself"
            + (f" {grace:g} s later, or with the next run on all hosts, such as deploy.yml." if grace else "."),
            lease=current.shown(),
        )
    return lasting(replace(current, holder=desired.holder, purpose=desired.purpose), seconds, clock)


def lasting(current: Lease, seconds: float, clock: Clock) -> Lease:
    """Return the lease with ``seconds`` left, or itself if it has about as many left."""
    if seconds * (1 - _SLACK) <= current.left(clock) <= seconds:
        return current
    desired = make(current.run_id, current.holder, current.purpose, seconds, clock)
    return replace(desired, since=current.since, fences=current.fences)


def make(run_id: str, holder: str, purpose: str, seconds: float, clock: Clock) -> Lease:
    """Return a lease from now on for ``seconds``."""
    until = clock.now + timestamps.span("lease", seconds, "seconds")
    return Lease(
        run_id, holder, purpose, format_time(clock.now), format_time(until), clock.boot, clock.uptime + seconds
    )


def released(lease: Lease) -> Lease | None:
    """Return what stays of a lease after its release: nothing, unless a run has lost its lock to it."""
    return replace(lease, boot="", ends=0.0) if lease.fences else None


def read(path: Path) -> Lease | None:
    """Return the lease in a file, None without a file. Raises InputError if the file is not a lease."""
    text = files.read_text(path)
    if text is None:
        return None
    try:
        found = json.loads(text)
        if found.pop("lease_version") == VERSION:
            given = {field.name: found.pop(field.name, field.default) for field in fields(Lease)}
            return Lease(**{field.name: _typed(field.type, given[field.name]) for field in fields(Lease)})
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise InputError(f"{path} is not a lock of this collection", hint="Check what it is, and move it away.")


def write(path: Path, lease: Lease) -> None:
    """Write the lease to the file, in one step."""
    files.write_text(path, json.dumps({"lease_version": VERSION, **asdict(lease)}, indent=2) + "\n", "0600")


def renew(path: Path, run_id: str) -> Lease | None:
    """Extend the lease of a run to SECONDS from now. Return the lease in the file, which may be another run's, or None.

    Raises ConvosphereError.
    """
    if not path.exists():
        return None
    with exclusive(path.parent):
        current, clock = read(path), Clock.read()
        if current is not None and current.run_id == run_id and current.left(clock) < SECONDS:
            desired = make(run_id, current.holder, current.purpose, SECONDS, clock)
            current = replace(desired, since=current.since, fences=current.fences)
            write(path, current)
    return current


def end(path: Path, run_id: str) -> None:
    """End the lease of a run now, without releasing it, so that the run would find out. Raises ConvosphereError."""
    with exclusive(path.parent):
        current, clock = read(path), Clock.read()
        if current is not None and current.run_id == run_id:
            write(path, replace(current, until=format_time(clock.now), ends=min(current.ends, clock.uptime)))


def _is_unread(descriptor: int = 1) -> bool:
    """Return whether the other end of a pipe or socket, by default of the standard output, is closed."""
    poller = select.poll()
    poller.register(descriptor, 0)  # these events are reported in any case
    return any(event & (select.POLLERR | select.POLLHUP) for _descriptor, event in poller.poll(0))


@contextmanager
def kept(environment: Mapping[str, str], *, fenced: bool = False, every: float = EVERY) -> Iterator[None]:
    """Renew the leases that ``environment`` names, if any, while the block runs, every so many seconds.

    If ``fenced``, raises LostError before the block if one of them is another run's. After the block they end at once
    if the output of this process is not read: then the run was killed, or has lost its connection.
    """
    paths = [Path(name) for name in environment.get(PATH_VARIABLE, "").split(":") if name]
    run_id = environment.get(RUN_VARIABLE)
    if not paths or not run_id:
        yield
        return
    for path in paths:
        found = _attempt(path, run_id)
        if fenced and found is not None and found.run_id != run_id:
            raise _lost(path, run_id, found)
    over = threading.Event()

    def keep() -> None:
        while not over.wait(every):
            for path in paths:
                _attempt(path, run_id)

    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(1)
        for path in paths if _is_unread() else ():
            with suppress(ConvosphereError, OSError):
                end(path, run_id)


def _lost(path: Path, run_id: str, found: Lease) -> LostError:
    return LostError(
        f"This run ({run_id}) no longer holds the lock {path}: it had not renewed it for more than {SECONDS} s, and "
        f"{found.purpose} by {found.holder} (run {found.run_id}) took it over at {found.since}",
        hint="This task changed nothing. Wait until that run has ended, and run this playbook again.",
        lease=found.shown(),
    )


def _attempt(path: Path, run_id: str) -> Lease | None:
    with suppress(ConvosphereError, OSError):  # for example a full disk: the next renewal may succeed
        return renew(path, run_id)
    return None


@contextmanager
def exclusive(directory: Path) -> Iterator[None]:
    """Let one process at a time read and write leases in a directory, which is created if missing."""
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
                    hint=f"Find the process with fuser -v {directory}; it may be suspended.",
                ) from error
            time.sleep(0.02)
        else:
            return


def _typed(kind: Any, value: Any) -> Any:
    """Return a field's value in its declared type. Raises TypeError."""
    if kind == "float" and isinstance(value, (int, float)):
        return float(value)
    if kind == "str" and isinstance(value, str):
        return value
    raise TypeError
