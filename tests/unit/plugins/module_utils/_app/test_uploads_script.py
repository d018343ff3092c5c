# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exchange of uploaded files: whole, or undone, wherever it stops."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._app import uploads_script as program

OWN, NEW, KEPT, ASIDE = ".own_", ".own_new_1", ".own_before_1", ".own_rejected_1"
#: The renames of a whole exchange of the files below.
RENAMES = 6


class Killed(BaseException):
    """Ends what runs without anything being undone, as a kill does."""


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    for name in ("a/one", "b", "both", ".own_other/x", f"{NEW}/both", f"{NEW}/c/two"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    handlers = [signal.getsignal(number) for number in (signal.SIGALRM, signal.SIGTERM)]
    yield tmp_path
    for number, handler in zip((signal.SIGALRM, signal.SIGTERM), handlers, strict=True):
        signal.signal(number, handler)


def files(root: Path, own: bool = False) -> dict[str, str]:
    found = {str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()}
    return {name: text for name, text in found.items() if own or not name.startswith(OWN)}


def stop_at(monkeypatch: pytest.MonkeyPatch, number: int, error: BaseException) -> None:
    """Have the rename with that number, from 0 on, fail, and those after it work."""
    calls = iter(range(1000))
    rename = Path.rename

    def failing(source: Path, target: Path) -> None:
        if next(calls) == number:
            raise error
        rename(source, target)

    monkeypatch.setattr(Path, "rename", failing)


def test_the_new_files_are_there_and_those_of_before_are_kept(root):
    before = files(root)

    program.swap(root, OWN, NEW, KEPT)

    assert files(root) == {"both": f"{NEW}/both", "c/two": f"{NEW}/c/two"}
    assert files(root / KEPT) == before
    assert (root / ".own_other/x").exists()
    program.undo(root, OWN, NEW, KEPT, ASIDE)
    assert files(root) == before
    assert files(root / ASIDE) == {"both": f"{NEW}/both", "c/two": f"{NEW}/c/two"}
    assert not (root / KEPT).exists()


@pytest.mark.parametrize("number", range(RENAMES))
def test_what_stops_halfway_is_undone(root, monkeypatch, number):
    before = files(root)
    stop_at(monkeypatch, number, OSError(errno.EBUSY, "Device or resource busy"))

    with pytest.raises(OSError, match="busy"):
        program.swap(root, OWN, NEW, KEPT)

    assert files(root) == before
    assert not (root / KEPT).exists()


@pytest.mark.parametrize("number", range(RENAMES))
@pytest.mark.parametrize("again", [None, 0, 1, 2, 3, 4])
def test_what_was_killed_halfway_can_be_undone_even_if_that_is_killed_too(root, monkeypatch, number, again):
    before = files(root)
    stop_at(monkeypatch, number, Killed())
    with pytest.raises(Killed):
        program.swap(root, OWN, NEW, KEPT)
    monkeypatch.undo()
    if again is not None:
        stop_at(monkeypatch, again, Killed())
        with suppress(Killed):
            program.undo(root, OWN, NEW, KEPT, ASIDE)

    program.undo(root, OWN, NEW, KEPT, ASIDE)

    assert files(root) == before
    (came,) = {path.name for path in root.iterdir() if path.name.startswith(OWN)} - {".own_other"}
    assert came in (NEW, ASIDE)
    assert files(root / came) == {"both": f"{NEW}/both", "c/two": f"{NEW}/c/two"}


def test_no_file_takes_the_place_of_another_one_when_it_is_undone(root, monkeypatch):
    stop_at(monkeypatch, 1, Killed())
    with pytest.raises(Killed):
        program.swap(root, OWN, NEW, KEPT)
    monkeypatch.undo()
    (root / "a").write_text("written since")

    with pytest.raises(FileExistsError, match="exists already; neither it nor"):
        program.undo(root, OWN, NEW, KEPT, ASIDE)

    assert (root / "a").read_text() == "written since"
    assert (root / KEPT / "a/one").exists()


def test_what_a_killed_run_has_begun_is_waited_for(root):
    command = [sys.executable, "-c", Path(program.__file__).read_text(), str(root)]
    holder = os.open(root, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)

    late = subprocess.run([*command, "swap", OWN, "1", NEW, KEPT], check=False, capture_output=True)
    os.close(holder)

    assert b"took too long" in late.stderr
    assert not (root / KEPT).exists()
    subprocess.run([*command, "swap", OWN, "60", NEW, KEPT], check=True)


def test_what_another_run_keeps_is_left_alone(root):
    (root / KEPT).mkdir()
    (root / KEPT / "theirs").write_text("theirs")
    before = files(root, own=True)

    with pytest.raises(FileExistsError):
        program.swap(root, OWN, NEW, KEPT)

    assert files(root, own=True) == before


def test_where_it_cannot_be_undone_it_says_where_the_files_are(root, monkeypatch):
    def broken(_path: Path, *_target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "rename", broken)
    monkeypatch.setattr(Path, "rmdir", broken)

    with pytest.raises(OSError, match=f"moving the previous files back out of {root / KEPT} failed too"):
        program.swap(root, OWN, NEW, KEPT)


def test_files_are_counted_as_an_archive_has_them(root):
    os.link(root / "b", root / "second_name_of_b")
    (root / "link").symlink_to("b")

    assert program.count(root, OWN) == (4, len("a/one") + len("b") + len("both"))


def test_its_text_alone_is_the_program(root):
    source = Path(program.__file__).read_text()
    command = [sys.executable, "-c", source]

    swapped = subprocess.run([*command, str(root), "swap", OWN, "60", NEW, KEPT], check=False, capture_output=True)
    refused = subprocess.run([*command, str(root), "swap", OWN, "60", NEW, KEPT], check=False, capture_output=True)
    counted = subprocess.run([*command, str(root), "count", OWN], check=True, capture_output=True, text=True)

    assert (swapped.returncode, refused.returncode) == (0, 1)
    assert b"File exists" in refused.stderr
    assert counted.stdout.split() == ["2", str(len(f"{NEW}/both") + len(f"{NEW}/c/two"))]


def test_records_of_the_service_are_not_counted(root):
    (root / ".minio.sys").mkdir()
    (root / ".minio.sys" / "format.json").write_text("{}")

    assert program.count(root, OWN, ".minio.sys") == (3, len("a/one") + len("b") + len("both"))
