# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks records_retention.yml and deletions.yml: the rules of an inventory, and what they deleted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.conversations import Volume, fill
from support.platform_database import PlatformDatabase
from support.playbook import ROOT
from support.sandbox import DATABASE_KEY, Sandbox

NAME = "retentiontest"
RULES = [
    {"name": "reset tokens", "records": "reset_tokens", "action": "delete"},
    {"name": "research", "records": "conversations", "action": "archive", "older_than": "60d", "groups": ["Forschung"]},
    {"name": "conversations", "records": "conversations", "action": "delete", "older_than": "50d"},
]


@pytest.fixture
def database(tables: Sandbox) -> PlatformDatabase:
    database = PlatformDatabase(tables)
    host, port = tables.address("postgres").split(":")
    login = {"host": host, "port": port, "user": "convosphere", "password": DATABASE_KEY, "dbname": database.name}
    fill(Volume(until=datetime.now(UTC)), **login)
    return database


@pytest.fixture
def verb(tmp_path: Path, run_playbook: Any, database: PlatformDatabase) -> Any:
    """Run a playbook in an environment of its own whose database is the test's."""
    variables = {
        "convosphere_environment": NAME,
        "ansible_python_interpreter": "/usr/bin/python3",
        "retention_rules": RULES,
        "retention_env_file": str(tmp_path / ".env"),
        "retention_login_port": database.login["login_port"],
        "retention_login_db": database.name,
        "retention_backup_dir": str(tmp_path / "backups"),
        "retention_directory": str(tmp_path / "records"),
        "environment_runs_file": str(tmp_path / "runs.jsonl"),
    }
    (tmp_path / ".env").write_text(f'POSTGRES_PASSWORD="{DATABASE_KEY}"\n')
    inventory = tmp_path / "inventory.yml"

    def run(name: str = "records_retention.yml", *, check: bool = False, **given: Any) -> Any:
        host = {f"{NAME}-local": {"ansible_connection": "local"}}
        group = {"hosts": host, "vars": variables}
        placements = {name: {"hosts": dict.fromkeys(host)} for name in ("edge", "app", "database")}
        inventory.write_text(yaml.safe_dump({"all": {"children": {NAME: group, **placements}}}))
        done = run_playbook(
            ROOT / f"playbooks/{name}", inventory=inventory, extra_vars={"env": NAME, **given}, check=check, verbosity=3
        )
        assert DATABASE_KEY not in done.output
        return done

    return run


def test_check_mode_foresees_the_run_which_is_refused_without_a_backup(verb, database, tmp_path):
    predicted = verb(check=True).succeeded()
    refused = verb()
    done = verb(retention_skip_backup_gate=True).succeeded()

    assert "without a backup that has them. There is no backup of database" in refused.failures[0].message
    foreseen, reported = lines(predicted), lines(done)
    assert foreseen[:4] == reported[:4]
    assert reported[1:4] == [
        "reset tokens reset_tokens delete 0 0 0",
        "research conversations archive 15 0 0 15 conversations",
        "conversations conversations delete 28 0 0 28 conversations, 560 messages",
    ]
    assert foreseen[4].startswith("REFUSED without --check: There is no backup of database")
    (record,) = (tmp_path / "records").glob("*.json")
    assert reported[4:] == [f"Recorded in {record}"]
    assert database.query("SELECT count(*) FROM conversations") == [(72,)]
    listed = verb("deletions.yml", write_to=str(tmp_path / "deletions.csv")).succeeded()
    (line,) = listed.task("Report the deletions").result["msg"]
    assert "conversations: deleted 28 conversations, 560 messages" in line
    header, row = (tmp_path / "deletions.csv").read_text().splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=False))["rule"] == "conversations"


def lines(run: Any) -> list[str]:
    """Return the report of a run, without the padding of its columns."""
    report = run.task("Report what was archived, deleted and anonymised").result["msg"]
    return [" ".join(line.split()) for line in report]
