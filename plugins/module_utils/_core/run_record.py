# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep a record of each run that changed an environment: a line of JSON each, in a file to which lines are only added.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from . import files, timestamps
from .errors import ConvosphereError
from .lease import Lease

VERSION = 1
OK, FAILED, INTERRUPTED = "ok", "failed", "interrupted"
#: The size at which a file is rotated, and the number of older files that are kept: some 30,000 runs.
MOST_BYTES, KEPT = 1 << 20, 9
_MODE = 0o600
#: The bytes of a line. A longer one leaves out its details.
_LONGEST = 65536


def describe(run: Lease, result: str, until: str, **more: Any) -> dict[str, Any]:
    """Return the record of a run that held a lock. ``more`` are the release that serves after it, and details."""
    return {
        "version": VERSION,
        "run": run.run_id,
        "who": run.holder,
        "what": run.purpose,
        "since": run.since,
        "until": until,
        "seconds": _seconds(run.since, until),
        "result": result,
        **more,
    }


def _seconds(since: str, until: str) -> int | None:
    """Return the seconds between two timestamps; None if the file of a lock had another text."""
    try:
        return int((timestamps.parse_time(until) - timestamps.parse_time(since)).total_seconds())
    except ValueError:
        return None


def append(path: Path, record: Mapping[str, Any]) -> None:
    """Add a record, and sync it to the disk. Rotate the file before that if it is large. Raises ConvosphereError."""
    line = _line(record)
    files.make_private(path.parent)
    with files.changing("records of runs", path.parent), ExitStack() as opened:
        descriptor = opened.enter_context(_locked(path))
        size = os.fstat(descriptor).st_size
        if size and size + len(line) > MOST_BYTES:
            _rotate(path)
            descriptor = opened.enter_context(_locked(path))
        elif not _ends_a_line(path):  # a full disk, or a power failure, cut the last one
            line = b"\n" + line
        if os.write(descriptor, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        os.fsync(descriptor)
        files.sync_directory(path.parent)


def read(path: Path, since: datetime | None = None) -> Iterator[dict[str, Any]]:
    """Yield the records that ended since a timestamp, oldest first. A line that is cut is left out."""
    for number in range(KEPT, -1, -1):
        text = files.read_bytes(_older(path, number))
        for line in (text or b"").splitlines():
            record = _parsed(line)
            if record is not None and (since is None or record["until"] >= timestamps.format_time(since)):
                yield record


def _line(record: Mapping[str, Any]) -> bytes:
    line = json.dumps(record, sort_keys=True).encode() + b"\n"
    if len(line) <= _LONGEST:
        return line
    return json.dumps({**record, "details": "left out: too long"}, sort_keys=True).encode() + b"\n"


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        found = dict(json.loads(line))
        return found if {"run", "who", "what", "until", "result"} <= set(found) else None
    except (ValueError, TypeError):
        return None


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """Yield the file, to which no other process adds a record meanwhile. It has the mode 0600."""
    while True:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not path.exists() or os.fstat(descriptor).st_ino != path.stat().st_ino:
                continue  # it was rotated meanwhile
            os.fchmod(descriptor, _MODE)
            yield descriptor
            return
        finally:
            os.close(descriptor)


def _rotate(path: Path) -> None:
    for number in range(KEPT - 1, -1, -1):
        current = _older(path, number)
        if current.exists():
            current.replace(_older(path, number + 1))


def _older(path: Path, number: int) -> Path:
    return path if number == 0 else path.with_name(f"{path.name}.{number}")


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def serving_release(directory: Path | None) -> str | None:
    """Return the id of the release that serves, by the link in the directory of the releases; None without one."""
    if directory is None:
        return None
    try:
        return (directory / "current").readlink().name
    except OSError:
        return None


def attempt(path: Path, record: Mapping[str, Any]) -> str | None:
    """Add a record. Return why that failed: a run does not fail for lack of its record."""
    try:
        append(path, record)
    except ConvosphereError as error:
        return f"The record of the run {record['run']} was not written: {error}"
    return None
