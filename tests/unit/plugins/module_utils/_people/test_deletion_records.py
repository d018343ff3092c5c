# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of records; the integration test of convosphere_records reads the table and signs."""

from __future__ import annotations

import json
import subprocess
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._people import deletion_records, signatures
from ansible_collections.convosphere.platform.plugins.module_utils._people.deletion_records import DeletionRecords
from ansible_collections.convosphere.platform.plugins.module_utils._people.signatures import Keys

HALF = {"id": "1", "tables": {"conversations": 500}}
WHOLE = {"id": "1", "tables": {"conversations": 900}}
OTHER = {"id": "2", "tables": {"search_queries": 1}}


def records(directory: Any, *deletions: dict[str, Any]) -> DeletionRecords:
    database = SimpleNamespace(execute=lambda *_, **__: 1, commit=lambda: None)
    found = DeletionRecords(database, "prod", "run", str(directory))  # type: ignore[arg-type]
    found.document = lambda run: {"run": run, "deletions": list(deletions)}  # type: ignore[method-assign]
    return found


@pytest.mark.parametrize(
    ("later", "kept"), [([WHOLE], False), ([WHOLE, OTHER], False), ([HALF], True), ([OTHER], True), ([], True)]
)
def test_a_record_is_never_replaced_by_one_that_lacks_some_of_it(tmp_path, later, kept):
    path = records(tmp_path, WHOLE).write("vm/1/2")
    assert path
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


def test_a_record_waits_for_the_signature_of_a_key_that_is_not_on_the_host(tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True)
    first, again = records(tmp_path, HALF), records(tmp_path, WHOLE)
    first.keys = again.keys = Keys("", (tmp_path / "key.pub").read_text())
    assert first.write("vm/1/2") is None

    signature = signatures.sign(first.unsigned["vm/1/2"], str(tmp_path / "key"), deletion_records.NAMESPACE)
    first.given = again.given = {"vm/1/2": signature}

    assert again.write("vm/1/2") is None  # another batch was recorded since
    assert list(again.unsigned) == ["vm/1/2"]
    assert first.write("vm/1/2") == tmp_path / "vm-1-2.json"
    assert (tmp_path / "vm-1-2.json.sig").read_text() == signature
