# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""person.yml: an export, a hold, an erasure and what they report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.person_rows import ADA, PersonRows
from support.platform_database import PlatformDatabase
from support.playbook import ROOT
from support.sandbox import DATABASE_KEY, Sandbox

INVENTORY = """\
all:
  children:
    persontest:
      vars: {convosphere_environment: persontest, ansible_python_interpreter: /usr/bin/python3}
      hosts: {persontest-local: {ansible_connection: local}}
    edge: {hosts: {persontest-local: }}
    app: {hosts: {persontest-local: }}
    database: {hosts: {persontest-local: }}
"""
REPORT = "Report what was done with the person"


@pytest.fixture
def rows(tables: Sandbox) -> PersonRows:
    rows = PersonRows(PlatformDatabase(tables))
    rows.fill()
    return rows


@pytest.fixture
def person(tmp_path: Path, run_playbook: Any, rows: PersonRows) -> Any:
    """Run person.yml for Ada in an environment of its own, whose database is the test's and which has no project."""
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(INVENTORY)
    (tmp_path / ".env").write_text(f'POSTGRES_PASSWORD="{DATABASE_KEY}"\n')
    settings = {
        "env": "persontest",
        "who": ADA.lower(),
        "database_env_file": str(tmp_path / ".env"),
        "database_login_port": rows.database.login["login_port"],
        "database_login_db": rows.database.name,
        "database_project_name": "",
        "database_backup_dir": str(tmp_path / "backups"),
        "environment_lock": str(tmp_path / "lock"),
    }

    def run(action: str, *, check: bool = False, **variables: Any) -> Any:
        run = run_playbook(
            ROOT / "playbooks/person.yml",
            inventory=inventory,
            extra_vars={**settings, "do": action, **variables},
            check=check,
            verbosity=3,
        )
        assert DATABASE_KEY not in run.output
        assert "planted-hash-of-ada" not in run.output
        return run

    return run


def test_a_person_is_exported_held_and_erased(person, rows, tmp_path):
    exported = person("export", fetch_to=str(tmp_path / "ada.tar")).succeeded()
    held = person("hold", check=True, reason="Case 4711").succeeded()
    erased = person("erase", confirm=ADA.lower()).succeeded()

    assert (tmp_path / "ada.tar").stat().st_mode & 0o777 == 0o600
    assert exported.task(REPORT).result["msg"][0].startswith(f"{ADA.lower()} exported to {tmp_path}/ada.tar, ")
    assert held.task(REPORT).result["msg"][0] == f"{ADA.lower()} would be placed on hold"
    lines = erased.task(REPORT).result["msg"]
    assert lines[0] == f"{ADA.lower()} erased (delete) from persontest"
    assert [line for line in lines if line.startswith("1 rows of 1 tables of others still name the person")]
    assert "No backup has the person" in lines
    assert rows.database.query("SELECT count(*) FROM users WHERE lower(email) = lower(%s)", ADA) == [(0,)]
