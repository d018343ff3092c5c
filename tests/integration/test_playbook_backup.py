# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""backup.yml and backup_verify.yml, as an operator runs them."""

from __future__ import annotations

import json


def test_check_mode_reports_what_would_be_created_and_creates_nothing(dbtest):
    before = dbtest.traces()

    wishes = {"database_include": ["uploads"]}  # the database always is
    run = dbtest.run("backup.yml", check=True, diff=True, extra_vars=wishes).succeeded()

    assert run.task("Create a backup").diff["after"]["new backup"]["include"] == ["database", "uploads"]
    assert run.task("Report the backup").result["msg"] == [f"A backup would be created in {dbtest.backups}"]
    assert run.changed == 1
    assert dbtest.traces() == before


def test_a_backup_is_created_and_verified_and_its_copy_gets_the_manifest(dbtest, tmp_path):
    known = dbtest.manifests()
    elsewhere = {"database_copy_to": [{"directory": str(tmp_path)}]}
    wishes = {"label": "before-upgrade", "pinned": True, **elsewhere}
    made = dbtest.run("backup.yml", extra_vars=wishes).succeeded()
    (name,) = dbtest.manifests().keys() - known
    manifest = dbtest.manifests()[name]
    proven = dbtest.run(
        "backup_verify.yml", extra_vars={"backup": "before-upgrade", **elsewhere}, verbosity=3
    ).succeeded()
    again = dbtest.run("backup_verify.yml", extra_vars={"backup": name, **elsewhere}).succeeded()

    told = "\n".join(made.task("Report the backup").result["msg"])
    assert f"{name} created in" in told
    assert f"ansible-playbook backup_verify.yml -e env=dbtest -e backup={name}" in told
    assert (manifest["label"], manifest["pinned"], manifest["environment"]) == ("before-upgrade", True, "dbtest")
    assert manifest["database"]["tables"]["public.users"] == int(dbtest.sql("SELECT count(*) FROM users"))
    assert {path.stat().st_mode & 0o777 for path in dbtest.backups.glob(f"{name}*")} == {0o600}
    assert dbtest.manifests()[name]["verified"]["level"] == "restore"
    assert proven.task("Report the verification").result["msg"][0].startswith(f"{name} verified (restore): ")
    assert [run.changed for run in (made, proven, again)] == [1, 2, 0]
    recorded = [json.loads(line)["what"] for line in dbtest.runs_file.read_text().splitlines()]
    assert recorded[-3:] == ["backup.yml of dbtest", *["backup_verify.yml of dbtest"] * 2]
    assert json.loads((tmp_path / f"{name}.manifest.json").read_text()) == dbtest.manifests()[name]
    assert dbtest.sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'convosphere_verify%'") == "0"
