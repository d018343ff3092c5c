# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tar archive that goes through is counted and filtered as tarfile itself would, however it is cut into chunks."""

from __future__ import annotations

import io
import tarfile

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import EngineError
from ansible_collections.convosphere.platform.plugins.module_utils._core.tar_stream import Totals, passing
from hypothesis import given
from hypothesis import strategies as st

FORMATS = [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]
NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=130).filter(
    lambda name: name not in (".", "..")
)


def archive(files: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        folder = tarfile.TarInfo("uploads")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, content in files.items():
            member = tarfile.TarInfo(f"uploads/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def cut(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


def read(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return {member.name: (tar.extractfile(member) or io.BytesIO()).read() for member in tar if member.isfile()}


@given(
    files=st.dictionaries(NAMES, st.binary(max_size=3000), max_size=5),
    form=st.sampled_from(FORMATS),
    size=st.integers(1, 4000),
)
def test_nothing_left_out_is_the_same_archive(files, form, size):
    whole, totals = archive(files, form), Totals()

    assert b"".join(passing(cut(whole, size), totals, lambda _path: False)) == whole
    assert totals == Totals(len(files), sum(map(len, files.values())))


@given(files=st.dictionaries(NAMES, st.binary(max_size=3000), max_size=5), form=st.sampled_from(FORMATS))
def test_what_is_left_out_is_neither_there_nor_counted(files, form):
    hidden = {f".own_{name}": content for name, content in files.items()}
    totals = Totals()

    found = b"".join(
        passing([archive({**hidden, **files}, form)], totals, lambda path: path.startswith("uploads/.own_"))
    )

    kept = {name: content for name, content in files.items() if not name.startswith(".own_")}
    assert read(found) == {f"uploads/{name}": content for name, content in kept.items()}
    assert totals == Totals(len(kept), sum(map(len, kept.values())))


def test_what_is_not_counted_is_there_all_the_same():
    files = {"sys/format": b"123", "one": b"1"}
    whole, totals = archive(files, tarfile.GNU_FORMAT), Totals()

    found = passing([whole], totals, lambda _path: False, lambda path: path.startswith("uploads/sys/"))

    assert b"".join(found) == whole
    assert totals == Totals(1, 1)


def test_a_size_that_has_no_room_in_the_header_is_read_from_the_extension():
    # As an archiver writes a file of more than 8 GiB: the header's own size is 0, and the record has it.
    record = b"13 size=1536\n"
    extension = tarfile.TarInfo("pax")
    extension.type, extension.size = tarfile.XHDTYPE, len(record)
    member = tarfile.TarInfo("uploads/large")
    whole = extension.tobuf() + record.ljust(512, b"\0") + member.tobuf() + b"x" * 1536 + b"\0" * 1024
    totals = Totals()

    assert b"".join(passing(cut(whole, 700), totals, lambda _path: False)) == whole
    assert totals == Totals(1, 1536)


@pytest.mark.parametrize("length", [0, 100, 512, 1024, 1500, 2048])
def test_an_archive_that_is_cut_short_is_refused(length):
    whole = archive({"a": b"x" * 600})[:length]

    with pytest.raises(EngineError, match="sent a truncated archive"):
        list(passing(cut(whole, 512), Totals(), lambda _path: False))


def test_what_is_no_archive_is_refused():
    with pytest.raises(EngineError, match="did not send an archive"):
        list(passing([b"<html>" * 200], Totals(), lambda _path: False))
