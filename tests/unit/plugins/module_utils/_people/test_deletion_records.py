# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of records; the integration test of convosphere_records reads the table and signs."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._people.deletion_records import DeletionRecords

HALF = {"id": "1", "tables": {"conversations": 500}}
WHOLE = {"id": "1", "tables": {"conversations": 900}}
OTHER = {"id": "2", "tables": {"search_queries": 1}}


def records(directory: Any, *deletions: dict[str, Any]) -> DeletionRecords:
    database = SimpleNamespace(execute=lambda *_, **__: 1, commit=lambda: None)
    found = DeletionRecords(database, "prod", "run", str(directory), "")  # type: ignore[arg-type]
    found.document = lambda run: {"run": run, "deletions": list(deletions)}  # type: ignore[method-assign]
    return found


@pytest.mark.parametrize(
    ("later", "kept"), [([WHOLE], False), ([WHOLE, OTHER], False), ([HALF], True), ([OTHER], True), ([], True)]
)
def test_a_record_is_never_replaced_by_one_that_lacks_some_of_it(tmp_path, later, kept):
    path = records(tmp_path, WHOLE).write("vm/1/2")
    path.with_name(path.name + ".sig").write_text("signature")

    records(tmp_path, *later).write("vm/1/2")

    assert json.loads(path.read_text())["deletions"] == later
    aside = sorted(tmp_path.glob("*.kept-*"))
    assert [each.name.partition(".kept-")[0] for each in aside] == (["vm-1-2.json", "vm-1-2.json.sig"] if kept else [])
    assert all(json.loads(each.read_text())["deletions"] == [WHOLE] for each in aside[:1])


def test_a_file_that_is_no_record_is_kept(tmp_path):
    (tmp_path / "run.json").write_text("not JSON")

    records(tmp_path, HALF).write("run")

    assert [each.read_text() for each in tmp_path.glob("run.json.kept-*")] == ["not JSON"]
