# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import json
import stat
import tarfile
from pathlib import Path
from unittest.mock import ANY

import pytest

from support.law import Case, Refused
from support.person_rows import ADA, PersonRows
from support.platform_database import PlatformDatabase
from support.sandbox import Sandbox

MODULE = "convosphere_person_export"


@pytest.mark.law
def test_law_with_a_row_in_every_table(run_law, tables: Sandbox, tmp_path: Path):
    rows = PersonRows(PlatformDatabase(tables))
    ada = rows.fill()
    rows.database.query("UPDATE users SET password_reset_token = 'planted-reset-token' WHERE id = %s", ada)
    rows.database.query("UPDATE domain_invitations SET token = 'planted-invitation'")
    path = tmp_path / "ada.tar"
    options = {**rows.database.login, "environment_name": "dev", "user": ADA.lower(), "fetch_to": str(path)}
    diff = {
        "before": {},
        "after": {str(path): {"rows": ANY, "mentions": {"messages": 1}, "files": 0, "objects": 0}},
    }

    run = run_law(
        MODULE,
        cases=[
            Case(
                "export",
                options,
                diff=diff,
                returns={"path": str(path), "mentions": {"messages": 1}, "bytes": ANY, "missing_files": [ANY]},
                repeats=True,
            )
        ],
        refused=[
            Refused("unknown", {**options, "user": "eve@example.com"}, "There is no user with the e-mail address"),
            Refused("no place", {**options, "fetch_to": f"{tmp_path}/none/"}, "give an existing directory"),
            Refused("empty", {**options, "fetch_to": ""}, "give an existing directory"),
            Refused("neither", {k: v for k, v in options.items() if k != "fetch_to"}, "following is required: path"),
        ],
        secrets=["planted-hash-of-ada", "planted-reset-token", "planted-invitation"],
    )

    result = run.task("export again").result
    assert hashlib.sha256(path.read_bytes()).hexdigest() == result["sha256"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with tarfile.open(path) as archive:
        content = {member.name: archive.extractfile(member).read().decode() for member in archive}  # type: ignore[union-attr]
    manifest = json.loads(content["manifest.json"])
    sums = dict(reversed(line.split("  ")) for line in content.pop("SHA256SUMS").splitlines())
    assert {name: hashlib.sha256(text.encode()).hexdigest() for name, text in content.items()} == sums
    assert {name: text.count("\n") for name, text in content.items() if name.startswith("rows/")} == {
        f"rows/{table}.jsonl": count for table, count in result["rows"].items()
    }
    assert manifest["user"]["id"] == ada
    assert result["rows"]["audit_logs"] == 3
    assert json.loads(content["rows/users.jsonl"])["email"] == ADA
    assert not [name for name, text in content.items() if "planted-" in text]
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".convosphere")] == []
