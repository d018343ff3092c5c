# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A night and a bad day of prod's database: backed up, proven and maintained, a table lost, and brought back."""

from __future__ import annotations

import json

import pytest

from support.law import assert_no_secret
from support.rehearsal import ENV, HOST, controller_traces
from support.remote_host import watched_processes

BACKUPS = f"/var/backups/convosphere/{ENV}"

pytestmark = pytest.mark.usefixtures("deployed_again")


def manifests(prod) -> list[dict[str, object]]:
    """Read the manifests of the host's backups."""
    paths = prod.host.as_root("find", BACKUPS, "-name", "*.manifest.json").split()
    return [json.loads(prod.host.as_root("cat", path)) for path in paths]


def test_a_night_leaves_a_proven_backup_and_no_secret_anywhere(prod):
    known = len(manifests(prod))
    with watched_processes(prod.host) as processes:
        run = prod.run("maintenance.yml", verbosity=3).succeeded()

    stats = run.task("Store the results as an artifact in AWX").result["ansible_stats"]["data"]["maintenance"][HOST]
    assert [step["step"] for step in stats["steps"]] == [
        "backup",
        "verify",
        "retention",
        "vacuum",
        "reindex",
        "records",
        "overrides",
        "prune",
        "secrets",
        "certificates",
        "disk",
        "drift",
        "health",
    ]
    assert stats["failed"] == []
    found = manifests(prod)
    assert len(found) == known + 1
    (nightly,) = [manifest for manifest in found if manifest["label"] == "nightly"]
    assert nightly["verified"]["level"] == "restore"
    modes = prod.host.as_root("find", BACKUPS, "-type", "f", "-printf", r"%m %u\n")
    assert set(modes.splitlines()) == {"600 root"}
    assert_no_secret(run, set(prod.given.values()))
    command_lines = "\n".join(processes())
    assert "pg_dump" in command_lines, "the watcher saw nothing"
    assert [secret[:3] for secret in prod.given.values() if secret in command_lines] == []


def test_a_lost_table_comes_back_over_ssh(prod):
    prod.run("backup.yml", {"label": "before-the-loss"}).succeeded()
    users = prod.sql("SELECT count(*) FROM users")
    prod.sql("DROP TABLE users CASCADE")

    refused = prod.run("restore.yml", {"backup": "before-the-loss", "confirm": "dev"})
    run = prod.run("restore.yml", {"backup": "before-the-loss", "confirm": ENV}).succeeded()

    assert refused.rc == 2
    assert "-e confirm=prod" in refused.failures[0].message
    assert prod.sql("SELECT count(*) FROM users") == users
    assert prod.https("GET", "/api/v1/health/detailed").status == 200
    assert_no_secret(run, set(prod.given.values()))
    assert controller_traces() == prod.controller_before
    (kept,) = run.task("Restore the backup").result["kept"]
    prod.sql(f'DROP DATABASE "{kept}"')
