# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metrics, the alert rules and the dashboard, by the real promtool.

Each rule fires once and stays silent once beside what a night without findings really emits. promtool's clock begins at
the epoch, so that a timestamp of 0 has the age of the evaluation.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.convosphere.platform.plugins.module_utils._operations.report import metrics

from support import reports
from support.collection import ROOT

MONITORING = ROOT / "extensions/monitoring"
RULES = MONITORING / "alert_rules.yml"
NAME = re.compile(r"\bconvosphere_(\w+)")
#: In minutes.
INTERVAL, HOUR, DAY = 10, 60, 1440
ABSENT = "absent"
FOREVER = "4e9"

#: For each alert the metric, the value with which it fires and stays silent, and the minutes after which that is asked.
CASES: dict[str, tuple[str, tuple[str, int], tuple[str, int]]] = {
    "ConvosphereMetricsAbsent": ("maintenance_run_timestamp_seconds", (ABSENT, 2 * HOUR), (FOREVER, 2 * HOUR)),
    "ConvosphereMaintenanceOverdue": ("maintenance_run_timestamp_seconds", ("0", 37 * HOUR), ("0", 35 * HOUR)),
    "ConvosphereMaintenanceStepFailed": ("maintenance_step_failed", ("1", HOUR), ("0", HOUR)),
    "ConvosphereHostSilent": ("maintenance_silent_hosts", ("1", HOUR), ("0", HOUR)),
    "ConvosphereReportIncomplete": ("maintenance_unread_parts", ("1", HOUR), ("0", HOUR)),
    "ConvosphereServiceUnhealthy": ("service_healthy", ("0", HOUR), ("1", HOUR)),
    "ConvosphereBackupTooOld": ("backup_last_timestamp_seconds", ("0", 37 * HOUR), ("0", 35 * HOUR)),
    "ConvosphereBackupMissing": ("backups", ("0", HOUR), ("1", HOUR)),
    "ConvosphereBackupShrank": ("backup_last_size_bytes", ("1000+0x162 400+0x40", 30 * HOUR), ("600", 30 * HOUR)),
    "ConvosphereBackupCorrupt": ("backup_corrupt", ("1", HOUR), ("0", HOUR)),
    "ConvosphereVerificationTooOld": ("backup_verified_timestamp_seconds", ("0", 9 * DAY), ("0", 7 * DAY)),
    "ConvosphereVerificationMissing": ("backup_verified_timestamp_seconds", (ABSENT, HOUR), (FOREVER, HOUR)),
    "ConvosphereVerificationFailed": ("backup_verification_failed", ("1", HOUR), ("0", HOUR)),
    "ConvosphereRecoveryTimeAboveTarget": ("recovery_time_seconds", ("181", HOUR), ("180", HOUR)),
    "ConvosphereRecoveryPointAboveTarget": ("recovery_point_timestamp_seconds", ("0", 26 * HOUR), ("0", 24 * HOUR)),
    "ConvosphereCertificateExpires": (
        "certificate_expiry_timestamp_seconds",
        (str(14 * 86400), HOUR),
        (str(15 * 86400), HOUR),
    ),
    "ConvosphereSecretDue": ("secret_due", ("1", HOUR), ("0", HOUR)),
    "ConvosphereOverrideExpired": ("override_expiry_timestamp_seconds", ("0", 25 * HOUR), ("0", 23 * HOUR)),
    "ConvosphereDiskFull": ("filesystem_free_bytes", ("1e9", HOUR), ("4e11", HOUR)),
    "ConvosphereAdministratorAdded": ("admins_added", ("1", HOUR), ("0", HOUR)),
    "ConvosphereDrift": ("drift_differences", ("1", HOUR), ("0", HOUR)),
}


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def promtool(*arguments: str, text: str | None = None) -> None:
    done = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def emitted() -> dict[str, list[str]]:
    """Return the series of a night, by the name of the metric; all timestamps are far in promtool's future."""
    night = reports.night(0, None)
    hosts = [{"name": "prod-1", "steps": [{**each} for each in night["steps"]], "services": night["services"]}]
    drift = reports.step("drift", data={"differences": 0, "lines": []})
    document = reports.document(
        hosts=[{**hosts[0], "steps": [*hosts[0]["steps"], drift], "problem": ""}],
        read=reports.facts(backups=night["backups"], overrides=night["overrides"]),
        rto_target=180,
        rpo_target=25 * 3600,
    )
    found: dict[str, list[str]] = {}
    for line in metrics.render(document).splitlines():
        if not line.startswith("#"):
            found.setdefault(NAME.findall(line)[0], []).append(line)
    return found


def scenario(changed: str, value: str, minutes: int, fires: str | None) -> dict[str, Any]:
    """Return a test of promtool: one metric has another value, and one alert fires, or none."""
    count = minutes // INTERVAL + 10
    series = []
    for name, lines in emitted().items():
        for line in lines:
            own, _space, number = line.rpartition(" ")
            values = value if name == changed else number
            if values != ABSENT:
                series.append({"series": own, "values": values if "x" in values else f"{values}+0x{count}"})
    expected = [{"labels": f'{{alertname="{fires}"}}', "value": 1}] if fires else []
    asked = {"expr": 'count by (alertname) (count by (alertname, environment) (ALERTS{alertstate="firing"}))'}
    test = {**asked, "eval_time": f"{minutes}m", "exp_samples": expected}
    return {"interval": f"{INTERVAL}m", "input_series": series, "promql_expr_test": [test]}


def test_every_rule_fires_once_and_stays_silent_once(tmp_path):
    assert set(CASES) == {rule["alert"] for rule in rules()}
    tests = []
    for alert, (metric, fires, silent) in CASES.items():
        assert metric in emitted(), metric
        tests += [scenario(metric, *fires, alert), scenario(metric, *silent, None)]
    document = {"rule_files": [str(RULES)], "evaluation_interval": f"{INTERVAL}m", "tests": tests}
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(document))

    promtool("test", "rules", str(tmp_path / "tests.yml"))


def test_a_certificate_that_is_renewed_in_time_is_no_alarm_though_it_lives_for_hours(tmp_path):
    expires, left = "convosphere_certificate_expiry_timestamp_seconds", "convosphere_certificate_share_left"
    tests = []
    for share, fires in ((0.25, None), (0.24, "ConvosphereCertificateExpires")):
        test = scenario("certificate_expiry_timestamp_seconds", "0", HOUR, fires)
        for each in test["input_series"]:
            each["values"] = f"{share}+0x99" if each["series"].startswith(left) else each["values"]
        assert {expires, left} <= {each["series"].partition("{")[0] for each in test["input_series"]}
        tests.append(test)
    document = {"rule_files": [str(RULES)], "evaluation_interval": f"{INTERVAL}m", "tests": tests}
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(document))

    promtool("test", "rules", str(tmp_path / "tests.yml"))


def test_an_environment_whose_metrics_are_lost_is_named_beside_one_that_has_some(tmp_path):
    name = "convosphere_maintenance_run_timestamp_seconds"
    series = [
        {"series": f'{name}{{environment="prod",instance="a"}}', "values": f"{FOREVER}+0x12"},
        {"series": f'{name}{{environment="dev",instance="b"}}', "values": f"{FOREVER}+0x999"},
    ]
    asked = {"expr": 'count by (alertname, environment) (ALERTS{alertstate="firing"})'}
    fired = {"labels": '{alertname="ConvosphereMetricsAbsent", environment="prod"}', "value": 1}
    tests = [
        {**asked, "eval_time": "1h", "exp_samples": []},
        {**asked, "eval_time": "1d", "exp_samples": [fired]},
        {**asked, "eval_time": "6d", "exp_samples": []},
    ]
    document = {"interval": f"{INTERVAL}m", "input_series": series, "promql_expr_test": tests}
    text = {"rule_files": [str(RULES)], "evaluation_interval": f"{INTERVAL}m", "tests": [document]}
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(text))

    promtool("test", "rules", str(tmp_path / "tests.yml"))


def test_a_test_that_expects_too_much_fails(tmp_path):
    tests = [scenario("backups", "1", HOUR, "ConvosphereBackupMissing")]
    (tmp_path / "tests.yml").write_text(yaml.safe_dump({"rule_files": [str(RULES)], "tests": tests}))

    with pytest.raises(AssertionError, match="FAILED"):
        promtool("test", "rules", str(tmp_path / "tests.yml"))


def test_promtool_accepts_the_metrics_also_with_hostile_names():
    tables = [{"name": 'x"y\\z\nand more', "bytes": 1, "index_bytes": 0, "rows": None, "dead_ratio": 0.0}]
    hostile = metrics.render(reports.document(read=reports.facts(tables=tables)))

    for text in (metrics.render(reports.nights(2)), hostile):
        promtool("check", "metrics", text=text)


def test_the_expressions_of_the_dashboard_are_valid(tmp_path):
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    found = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    recorded = [{"record": f"panel_{number}", "expr": expr} for number, expr in enumerate(found)]
    path: Path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": recorded}]}))

    assert len(found) > 15
    promtool("check", "rules", str(path))
