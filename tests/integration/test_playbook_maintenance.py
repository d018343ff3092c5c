# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the nightly maintenance: its steps, the steps that a failure skips, and one run at a time."""

from __future__ import annotations

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.awx import merged_inventory, run_job
from support.environment import Environment, wait_until
from support.hooks import Hooks
from support.playbook import ROOT, PlaybookRun
from support.webhook import Receiver

STEPS = [
    *("backup", "verify", "retention", "vacuum", "reindex", "records", "overrides", "prune"),
    *("secrets", "certificates", "disk", "drift", "health"),
]
#: The steps that report and change nothing, or have nothing to do here.
REPORTS = dict.fromkeys(("reindex", "records", "overrides", "secrets", "certificates", "disk", "drift", "health"), "ok")


def lock_of(environment: Environment) -> Path:
    """Return the lock that refuses a second run."""
    variables = yaml.safe_load((environment.inventory.parent / f"group_vars/{environment.name}.yml").read_text())
    return Path(variables["maintenance_lock"])


def notifying(folder: Path) -> dict[str, Any]:
    """Return the variables of the hook of docs/hooks that posts the verdict of a night."""
    hooks, example = Hooks(folder), "post_maintenance/50-webhook.yml"
    hooks.write(example, yaml.safe_load((ROOT / "docs/hooks" / example).read_text()))
    return dict(hooks.variables)


def results(run: PlaybookRun) -> dict[str, dict[str, Any]]:
    """Return the result of each step, by its name, as set_stats stores it for AWX."""
    stats = run.task("Store the results as an artifact in AWX").result["ansible_stats"]["data"]["maintenance"]
    ((_host, found),) = stats.items()
    return {result["step"]: result for result in found["steps"]}


def test_what_cannot_be_run_is_refused_before_anything_is_done_and_all_at_once(dbtest):
    before = dbtest.traces()
    settings = {"maintenance_steps": ["backup", "verfy"], "maintenance_timeouts": {"bakup": 1, "backup": 0}}

    run = dbtest.run("maintenance.yml", extra_vars=settings)

    assert run.rc == 2
    for problem in (
        "There is no maintenance step 'verfy'. Allowed: backup, verify, retention",
        "maintenance_timeouts names the step 'bakup', which does not exist",
        "maintenance_timeouts.backup is '0'. Allowed: a number of seconds",
    ):
        assert problem in run.failures[0].message
    assert dbtest.traces() == before
    assert not lock_of(dbtest).exists()


def test_a_second_run_is_refused_and_told_who_is_at_it(dbtest):
    lock = lock_of(dbtest)
    with ThreadPoolExecutor() as pool, dbtest.without("backend"):
        first = pool.submit(dbtest.run, "maintenance.yml", extra_vars={"steps": "health"})
        wait_until(lock.exists, "the first run has the lock")
        held = json.loads(lock.read_text())
        assert held["ends"] - time.clock_gettime(time.CLOCK_BOOTTIME) <= 120
        second = dbtest.run("maintenance.yml", extra_vars={"steps": "health"})
        assert not first.done()

    assert second.rc == 2
    (failure,) = second.failures
    assert failure.message.startswith(
        f"The maintenance of dbtest is in progress: {held['holder']} (run {held['run_id']}) has held the lock since "
        f"{held['since']}, until "
    )
    assert results(first.result().succeeded())["health"]["status"] == "ok"
    assert not lock.exists()


@pytest.mark.campaign
def test_a_run_that_was_killed_does_not_block_the_next_night(dbtest):
    lock = lock_of(dbtest)
    lock.parent.mkdir(exist_ok=True)
    left = {"run_id": "killed", "holder": "nobody", "purpose": "A run", "since": "x", "until": "x"}
    lock.write_text(json.dumps({"lease_version": 1, **left, "boot": "another one", "ends": 1e9}))

    run = dbtest.run("maintenance.yml", extra_vars={"steps": "health"}).succeeded()

    killed, record = map(json.loads, dbtest.runs_file.read_text().splitlines()[-2:])
    assert (killed["run"], killed["result"]) == ("killed", "interrupted")
    assert (record["what"], record["result"], record["details"]) == (
        f"The maintenance of {dbtest.name}",
        "ok",
        {"health": "ok"},
    )

    assert run.task("Take the lock of the maintenance").result["abandoned"] == left
    assert json.loads(lock.read_text())["boot"] == "", "the lock is free, and tells the killed run that it lost it"
    lock.unlink()


def test_a_step_that_would_hinder_a_deploy_is_not_run_during_one(dbtest):
    lock = Path("/run/convosphere/dbtest.lock")
    lock.parent.mkdir(exist_ok=True)
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    held = {"run_id": "4711", "holder": "alice", "purpose": "deploy.yml of dbtest", "since": "x", "until": "x"}
    lock.write_text(json.dumps({"lease_version": 1, **held, "boot": boot, "ends": 1e9}))
    only = {"steps": "vacuum,backup", "maintenance_lock_wait": 1}

    found = results(dbtest.run("maintenance.yml", extra_vars=only))
    lock.unlink()

    assert found["vacuum"]["status"] != "failed"
    assert found["backup"]["status"] == "failed"
    assert "deploy.yml of dbtest is in progress: alice (run 4711)" in found["backup"]["message"]
    assert results(dbtest.run("maintenance.yml", extra_vars=only).succeeded())["backup"]["status"] != "failed"
    assert not lock.exists()


def test_a_night_that_check_mode_predicts(dbtest):
    dbtest.run("backup.yml", extra_vars={"label": "yesterday"}).succeeded()
    dbtest.run("backup.yml", extra_vars={"label": "kept", "pinned": True}).succeeded()

    # The database is a part of every backup, named or not.
    settings = {"database_retention": {"keep_last": 1}, "database_include": []}

    before = dbtest.traces()
    retention = {"database_retention": settings["database_retention"]}
    check = dbtest.run("maintenance.yml", extra_vars=retention, check=True).succeeded()

    assert list(results(check)) == STEPS
    assert {step: found["status"] for step, found in results(check).items() if step not in ("vacuum", "prune")} == {
        **dict.fromkeys(("backup", "verify"), "changed"),
        "retention": results(check)["retention"]["status"],
        **REPORTS,
    }
    assert "would be" in results(check)["backup"]["message"]
    assert dbtest.traces() == before
    assert not lock_of(dbtest).exists()

    run = dbtest.run("maintenance.yml", extra_vars=settings, verbosity=3).succeeded()

    assert results(check)["retention"]["message"].replace("would be ", "") == results(run)["retention"]["message"]
    assert list(results(run)) == STEPS
    assert {found["status"] for found in results(run).values()} <= {"ok", "changed"}
    left = {found["label"]: found for found in dbtest.manifests().values()}
    assert left.keys() >= {"nightly", "kept"}
    assert "yesterday" not in left
    assert left["nightly"]["verified"]["level"] == "restore"
    assert [line.split()[0] for line in run.task("Report the results of the steps").result["msg"]] == ["STEP", *STEPS]


def test_a_night_is_reported_and_the_report_can_be_fetched(dbtest, tmp_path):
    variables = notifying(tmp_path)
    metrics = tmp_path / "node/night.prom"
    settings = {"steps": "backup,verify,health", "maintenance_metrics_file": str(metrics), "maintenance_rto_target": 1}
    check = dbtest.run("maintenance.yml", extra_vars=settings, check=True).succeeded()
    listed = dbtest.reports()
    with Receiver() as webhook:
        told = {**settings, **variables, "webhook_url": webhook.url}
        run = dbtest.run("maintenance.yml", extra_vars=told, verbosity=3).succeeded()
    assert webhook.bodies == [], "it is silent when all is well"

    predicted, written = (night.task("Write the report and the metrics of the run").result for night in (check, run))
    assert (predicted["changed"], written["changed"]) == (True, True)
    assert written["verdict"]["status"] == "well"
    report = json.loads(Path(written["json"]).read_text())
    assert [path for path in dbtest.reports() if path not in listed] == [written["json"]]
    assert [(each["step"], each["status"]) for each in report["steps"]] == [
        *(("backup", "changed"), ("verify", "changed"), ("health", "ok"))
    ]
    assert {each["name"]: each["health"] for each in report["services"]}["postgres"] == "healthy"
    assert report["verification"]["latest"]["backup"] == results(run)["backup"]["backup"]
    assert {each["what"] for each in report["not_done"]} >= {"retention", "vacuum"}
    assert (report["full_run"] or {}).get("run") != report["run"], "single steps are no full night"
    assert [each["email"] for each in report["admins"]["current"]] == ["admin@example.com"]
    assert f'convosphere_maintenance_verdict{{environment="{dbtest.name}"}} 0\n' in metrics.read_text()
    assert run.task("Report the verdict").result["msg"] == [written["verdict"]["line"], written["html"]]

    fetched = tmp_path / "fetched"
    fetched.mkdir()
    reports = dbtest.run("report.yml").succeeded()
    assert written["verdict"]["line"] in reports.task("Report the reports").result["msg"][0]
    dbtest.run("report.yml", extra_vars={"fetch_to": str(fetched), "run": report["run"]}).succeeded()
    assert {(path.suffix, oct(path.stat().st_mode & 0o777)) for path in fetched.iterdir()} == {
        *((".html", "0o600"), (".json", "0o600"))
    }
    assert json.loads((fetched / f"{dbtest.name}-{report['run']}.json").read_text()) == report
    again = dbtest.run("report.yml", extra_vars={"fetch_to": str(fetched), "run": report["run"]}).succeeded()
    assert again.changed == 0
    refused = dbtest.run("report.yml", extra_vars={"fetch_to": str(fetched / "no")})
    assert refused.failures[0].message.startswith(f"fetch_to is '{fetched}/no': give an existing directory")


def test_where_the_backup_fails_the_others_still_run_and_nothing_is_removed(dbtest, tmp_path):
    known = dbtest.manifests()

    with Receiver() as webhook:
        settings = {"database_container": "no-such-container", "database_retention": {"keep_last": 1}}
        run = dbtest.run("maintenance.yml", extra_vars={**settings, **notifying(tmp_path), "webhook_url": webhook.url})

    assert run.rc == 2
    assert {step: found["status"] for step, found in results(run).items() if step not in ("vacuum", "prune")} == {
        "backup": "failed",
        "verify": "skipped",
        "retention": "skipped",
        **REPORTS,
        "records": "skipped",
    }
    assert results(run)["vacuum"]["status"] in ("ok", "changed")
    assert "no-such-container" in results(run)["backup"]["message"]
    assert run.failures[-1].message == f"The maintenance of {dbtest.name} on {dbtest.host} failed at backup."
    assert dbtest.manifests() == known
    assert not lock_of(dbtest).exists()
    report = run.task("Write the report and the metrics of the run").result
    assert report["verdict"]["line"].startswith(f"{dbtest.name} failed: backup on {dbtest.host}: ")
    assert webhook.bodies == [{"text": report["verdict"]["line"]}]
    written = json.loads(Path(report["json"]).read_text())
    assert written["full_run"]["run"] == written["run"]
    skipped = [each for each in written["not_done"] if each["what"] == "verify"]
    assert [each["reason"] for each in skipped] == ["not without backup"]


@pytest.mark.campaign
def test_a_place_for_copies_that_is_out_of_reach_keeps_no_backup_from_being_proven(dbtest, tmp_path):
    dbtest.run("backup.yml", extra_vars={"label": "yesterday"}).succeeded()
    (tmp_path / "share").write_text("no directory, as where a share is not mounted")
    settings = {
        "steps": "backup,verify,retention",
        "database_retention": {"keep_last": 1},
        "database_copy_to": [{"directory": str(tmp_path / "share/copies")}],
    }

    check = dbtest.run("maintenance.yml", extra_vars=settings, check=True)
    run = dbtest.run("maintenance.yml", extra_vars=settings)

    assert (check.rc, run.rc) == (2, 2)
    for night in (check, run):
        assert [(name, found["status"]) for name, found in results(night).items()] == [
            ("backup", "changed"),
            ("copy", "failed"),
            ("verify", "changed"),
            ("retention", "changed"),
        ]
        assert str(tmp_path / "share/copies") in results(night)["copy"]["message"]
        assert night.failures[-1].message == "The maintenance of dbtest on dbtest-local failed at copy."
    left = {found["id"]: found for found in dbtest.manifests().values()}
    assert left[results(run)["backup"]["backup"]]["verified"]["level"] == "restore"
    assert "yesterday" not in [found["label"] for found in left.values()]


def test_a_boot_is_measured_and_a_missed_target_fails_the_run_alone(dbtest):
    boot = {"database_boot_settings": {"SANDBOX_START_SECONDS": "0"}, "database_boot_memory": 400}
    settings = {
        **boot,
        "steps": "backup,verify,retention",
        "database_include": ["uploads", "vectors"],
        "database_retention": {"keep_last": 1},
        "maintenance_verify_level": "boot",
        "maintenance_rto_target": 1,
    }

    check = dbtest.run("maintenance.yml", extra_vars=settings, check=True).succeeded()
    run = dbtest.run("maintenance.yml", extra_vars=settings)
    again = dbtest.run("backup_verify.yml", extra_vars={**boot, "level": "boot"}).succeeded()

    assert results(check)["verify"]["message"] == "the backup of this run would be verified (boot)"
    assert run.rc == 2
    verify = results(run)["verify"]
    assert (verify["status"], verify["data"]["boot"]) == ("failed", "passed")
    missed = "s after the restore began, and maintenance_rto_target is 1 s. The backup stays verified."
    assert missed in verify["message"]
    assert results(run)["retention"]["status"] in ("ok", "changed")
    manifest = dbtest.manifests()[verify["backup"]]
    assert manifest["verified"]["level"] == "boot"
    assert [proof["result"] for proof in manifest["proofs"]] == ["passed"]
    [line] = again.task("Report the verification").result["msg"]
    assert line.startswith(f"{verify['backup']} was verified before (boot): ")
    assert "after the restore began (RTO), RPO" in line


@pytest.mark.campaign
def test_a_backup_that_is_damaged_keeps_all_others(dbtest):
    dbtest.run("backup.yml", extra_vars={"label": "damaged"}).succeeded()
    (damaged,) = [found for found in dbtest.manifests().values() if found["label"] == "damaged"]
    path = dbtest.backups / damaged["files"][0]["name"]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    settings = {"steps": "verify,retention", "database_retention": {"keep_last": 1}}
    run = dbtest.run("maintenance.yml", extra_vars=settings)

    assert run.rc == 2
    assert {step: found["status"] for step, found in results(run).items()} == {
        "verify": "failed",
        "retention": "skipped",
    }
    assert results(run)["retention"]["message"] == "not without verify"
    for file in dbtest.backups.glob(f"{damaged['id']}.*"):
        file.unlink()


@pytest.mark.campaign
def test_a_step_that_takes_too_long_is_ended_and_the_others_run(dbtest):
    lock = "BEGIN; LOCK TABLE users; SELECT pg_sleep(600)"
    psql = ["docker", "exec", dbtest.container("postgres"), "psql", "--username=convosphere", f"--command={lock}"]
    with subprocess.Popen(psql, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        held = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'users'::regclass"
        try:
            wait_until(lambda: dbtest.sql(held) == "1", "the table is locked")
            run = dbtest.run(
                "maintenance.yml", extra_vars={"steps": "backup,prune", "maintenance_timeouts": {"backup": 3}}
            )
        finally:
            dbtest.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)'")

    assert run.rc == 2
    assert {step: found["status"] for step, found in results(run).items()} == {"backup": "failed", "prune": "ok"}
    assert "a table was locked for more than lock_timeout=3 s: users" in results(run)["backup"]["message"]


def test_as_awx_runs_it(dbtest, tmp_path):
    inventory = merged_inventory(dbtest.inventory)
    good = run_job(
        "playbooks/maintenance.yml", tmp_path, inventory, {"env": "dbtest", "steps": ["backup", "verify"]}, number=41
    )
    bad = run_job(
        "playbooks/maintenance.yml",
        tmp_path,
        inventory,
        {"env": "dbtest", "steps": "backup,health", "database_container": "no-such-container"},
        number=42,
    )

    assert (good.rc, good.status) == (0, "successful")
    assert {"Create a backup", "Verify the backup"} <= set(good.changed)
    assert good.tasks("runner_on_failed") == []
    found = good.stats["maintenance"]["dbtest-local"]
    assert (found["run"], found["environment"], found["failed"]) == ("41", "dbtest", [])
    assert [(step["step"], step["status"]) for step in found["steps"]] == [("backup", "changed"), ("verify", "changed")]

    assert (bad.rc, bad.status) == (2, "failed")
    assert bad.tasks("runner_on_failed") == ["Create a backup", "Fail if a step failed"]
    assert bad.stats["maintenance"]["dbtest-local"]["failed"] == ["backup"]
    for secret in {*dbtest.given_secrets.values(), *dbtest.secrets().values()}:
        assert (secret in good.text + bad.text) is False, f"{secret[:3]}... is in the artifacts"
