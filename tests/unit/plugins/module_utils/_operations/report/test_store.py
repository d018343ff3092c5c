# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._operations.report import store

from support import reports


def write(folder, run: str, day: float, **more):
    document = {**reports.document(run={**reports.options()["run"], "id": run, "ended": reports.at(day)}), **more}
    (folder / f"{document['run']}.json").write_text(store.render(document))


def test_only_reports_of_the_environment_are_listed_by_their_end(tmp_path):
    write(tmp_path, "9.1", 2)
    write(tmp_path, "10", 3)
    write(tmp_path, "11", 1, environment="dev")
    write(tmp_path, "12", 1, report_version=99)
    (tmp_path / "13.json").write_text((tmp_path / "10.json").read_text())  # a copy
    (tmp_path / "14.json").write_text("[" * 100_000)
    (tmp_path / "15.json").write_bytes(b"\xff")
    (tmp_path / "16.json").write_text(json.dumps({"report_version": 1}))
    write(tmp_path, "17", 1, verdict="well")
    write(tmp_path, "18", 1, started=5)

    found = store.read(tmp_path, "prod")
    assert [each.document["run"] for each in found] == ["9.1", "10"]
    assert found[0].page == tmp_path / "9.1.html"
    assert store.read(tmp_path / "nowhere", "prod") == []


def test_the_surplus_leaves_room_for_the_new_report(tmp_path):
    for day in range(4):
        write(tmp_path, str(day), day)
    found = store.read(tmp_path, "prod")

    def surplus(run: str, kept: int) -> list[str]:
        return [each.document["run"] for each in store.surplus(found, run, kept)]

    assert surplus("new", 5) == []
    assert surplus("new", 4) == ["0"]
    assert surplus("3", 4) == []
    assert surplus("new", 1) == ["0", "1", "2", "3"]


@pytest.mark.parametrize("run", ["", ".", "../x", "a/b", "a b", "x" * 101, "-x"])
def test_an_id_that_cannot_be_a_name_is_refused(run):
    with pytest.raises(InputError, match=r"run\.id is"):
        store.refuse_unusable(run)


def test_bytes_that_are_no_text_are_kept_as_escapes():
    text = store.render({"message": "caf\u00e9 \udcff"})

    assert text.encode() == b'{\n "message": "caf\xc3\xa9 \\udcff"\n}\n'
    assert json.loads(text) == {"message": "caf\u00e9 \udcff"}
