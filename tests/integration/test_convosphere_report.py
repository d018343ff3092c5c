# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run, its metrics, and the directory in which reports are kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from support import reports
from support.law import Case, Refused, Step
from support.platform_database import PlatformDatabase

MODULE = "convosphere_report"
HOST = {"name": "db-1", "steps": [reports.step("backup", "changed", backup="b-1")]}


def options(folder: Path, login: dict[str, Any], run: str = "4711", day: float = 0.0, **more: Any) -> dict[str, Any]:
    """Return the options of a run that ended so many days after the first one."""
    return {
        **login,
        "environment_name": "prod",
        "project_src": str(folder / "stack"),
        "backup_dir": str(folder / "backups"),
        "reports_dir": str(folder / "reports"),
        "metrics_file": str(folder / "node/convosphere-prod.prom"),
        "run": {"id": run, "started": reports.at(day), "ended": reports.at(day + 0.01)},
        "hosts": [HOST],
        **more,
    }


def changed(*paths: Path, mode: str = "0640") -> dict[str, Any]:
    """Return what a diff shows of files."""
    return {str(path): {"sha256": ANY, "mode": "0644" if path.suffix == ".prom" else mode} for path in paths}


@pytest.mark.law
def test_law(run_law, tables, tmp_path):
    database = PlatformDatabase(tables)
    database.add_user("ada@example.com", role="SUPER_ADMIN")
    given = options(tmp_path, database.login, reports_kept=2)
    folder, metrics = tmp_path / "reports", tmp_path / "node/convosphere-prod.prom"
    first, second, third = ([folder / f"{run}.{kind}" for kind in ("json", "html")] for run in ("4711", "4712", "4713"))
    updated = {"before": {str(metrics): {"sha256": ANY}}, "after": {str(metrics): {"sha256": ANY}}}
    removed = {"before": changed(*first), "after": {}}
    (tmp_path / "other").mkdir()
    (tmp_path / "other/4711.json").write_text("{}")
    run_law(
        MODULE,
        cases=[
            Case(
                "first night",
                given,
                diff={"before": {}, "after": changed(*first, metrics)},
                returns={
                    "verdict": {"status": "attention", "line": "prod needs attention: there is no backup"},
                    "findings": [{"severity": "attention", "subject": "backups", "text": "there is no backup"}],
                    "json": str(first[0]),
                    "html": str(first[1]),
                    "metrics_file": str(metrics),
                    "removed": [],
                },
            ),
            Case(
                "second night",
                options(tmp_path, database.login, "4712", 1, reports_kept=2),
                diff={"before": updated["before"], "after": {**changed(*second), **updated["after"]}},
            ),
            Case(
                "third night, which removes the first one",
                options(tmp_path, database.login, "4713", 2, reports_kept=2),
                diff={
                    "before": {**updated["before"], **removed["before"]},
                    "after": {**changed(*third), **updated["after"]},
                },
                returns={"removed": ["4711"]},
            ),
        ],
        refused=[
            Refused("path as an id", {**given, "run": {**given["run"], "id": "../x"}}, "run.id is '../x'"),
            Refused("no time", {**given, "run": {**given["run"], "ended": "soon"}}, "run.ended is 'soon'"),
            Refused("none kept", {**given, "reports_kept": 0}, "reports_kept is 0"),
            Refused("negative target", {**given, "rto_target": -1}, "rto_target is -1"),
            Refused("no metrics", {**given, "metrics_file": "/srv/x.txt"}, "only files that end with .prom"),
            Refused("shared directory", {**given, "reports_dir": "/var/log"}, "shared by the whole system"),
            Refused("foreign file", {**given, "reports_dir": str(tmp_path / "other")}, "is not a report of prod"),
            Refused("no host", {name: given[name] for name in given if name != "hosts"}, "hosts"),
        ],
    )

    assert {path.name for path in folder.iterdir()} == {path.name for path in [*second, *third]}
    assert {oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == {"0o640"}
    assert (folder.stat().st_mode & 0o777, metrics.stat().st_mode & 0o777) == (0o700, 0o644)
    assert [path.name for path in metrics.parent.iterdir()] == [metrics.name]
    assert "ada@example.com" in third[0].read_text()
    assert "ada@" not in metrics.read_text()


def test_a_night_with_everything_broken_is_reported(run_steps, tmp_path):
    """No server answers, the record of the overrides is broken, and a host is lost."""
    given = options(tmp_path, {"login_port": 9, "login_password": "planted-password"}, hosts=[HOST, {"name": "app-1"}])
    (tmp_path / "stack").mkdir()
    (tmp_path / "stack/overrides.json").write_text("broken")
    (tmp_path / "stack/.convosphere.json").write_text('{"environment": "prod"}')
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/.convosphere-killed00").write_text("what a killed run left")
    (tmp_path / "reports/notes.txt").write_text("mine")
    (tmp_path / "reports/broken.json").write_text("{")

    run = run_steps(MODULE, [Step("report", given, changed=True)]).task("report").result

    assert run["verdict"]["line"].startswith("prod failed: app-1 has no result, and ")
    assert {each["subject"] for each in run["findings"]} == {"hosts", "backups", "report"}
    document = json.loads(Path(run["json"]).read_text())
    assert [each["what"] for each in document["unread"]] == ["the overrides", "the database"]
    assert {path.name for path in (tmp_path / "reports").iterdir()} == {
        *("4711.json", "4711.html", "notes.txt", "broken.json")
    }
    assert "planted-password" not in Path(run["html"]).read_text() + Path(run["json"]).read_text()


def test_who_became_an_administrator_is_named_with_the_actor(run_steps, tables, tmp_path):
    database = PlatformDatabase(tables)
    database.add_user("ada@example.com", role="SUPER_ADMIN")
    database.add_user("old@example.com", role="ADMIN")
    user = {"email": "eve@example.com", "username": "eve", "role": "admin"}
    written = Step("write", {**database.login, "users": [user], "audit_actor": "ada@ctl"}, module="convosphere_user")
    run_steps(MODULE, [Step("before", options(tmp_path, database.login)), written])
    database.add_user("sql@example.com", role="ADMIN")
    database.query("UPDATE users SET role = 'USER' WHERE email = 'old@example.com'")
    # The audit trail has the time of the server, and the report asks for what came after the last report.
    database.query("UPDATE audit_logs SET created_at = %s", reports.at(0.5))
    run = run_steps(MODULE, [Step("after", options(tmp_path, database.login, "4712", 1))]).task("after").result

    admins = json.loads(Path(run["json"]).read_text())["admins"]
    assert [(each["email"], each["role"], each["actor"]) for each in admins["added"]] == [
        ("eve@example.com", "admin", "ada@ctl"),
        ("sql@example.com", "admin", None),
    ]
    assert [each["email"] for each in admins["removed"]] == ["old@example.com"]
