# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.timestamps import parse_time
from ansible_collections.convosphere.platform.plugins.module_utils._operations.report import metrics

from support import reports

LASTS = {"name": "edge", "path": "/edge", "days_left": 40, "expires": reports.at(40), "share_left": 0.5}


def values(text: str) -> dict[str, str]:
    return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))


@pytest.fixture(scope="module")
def text() -> str:
    return metrics.render(reports.nights(3))


def test_every_metric_is_emitted_by_a_night_that_has_everything_and_has_a_help():
    hosts = reports.night(0, None)
    full = reports.document(
        hosts,
        read=reports.facts(
            backups=[reports.backup(proofs=[reports.proof(0.005)])],
            overrides=hosts["overrides"],
            tables=hosts["database"]["tables"],
        ),
        hosts=[
            {
                "name": "db-1",
                "services": [reports.service("edge")],
                "problem": "",
                "steps": [
                    reports.step("drift", data={"differences": 2, "lines": ["a"]}),
                    reports.step("certificates", data={"certificates": [LASTS]}),
                ],
            }
        ],
        rto_target=60,
        rpo_target=60,
    )

    found = set(re.findall(r"^convosphere_(\w+)", metrics.render(full), re.MULTILINE))
    assert found == set(metrics.METRICS)


def test_a_partial_run_neither_hides_the_failures_of_the_night_nor_counts_as_one():
    night = reports.document(hosts=[_host(reports.step("backup", "failed"), reports.step("health", seconds=3.0))])
    run = {"id": "4712", "started": reports.at(0.5), "ended": reports.at(0.6), "operator": "eve", "left_out": []}
    more = {"run": {**run, "partial": True}, "hosts": [_host(reports.step("health", "failed", seconds=4.0))]}
    before, after = (values(metrics.render(each)) for each in (night, reports.document(night, **more)))
    failed, took, at = (
        "maintenance_step_failed",
        "maintenance_run_duration_seconds",
        "maintenance_run_timestamp_seconds",
    )

    def of(found: dict[str, str], name: str, labels: str = "") -> str | None:
        return found.get(f'convosphere_{name}{{environment="prod"{labels}}}')

    assert [of(after, failed, f',host="db-1",step="{step}"') for step in ("backup", "health")] == ["1", "1"]
    assert (
        [of(after, name) for name in (took, at)] == [of(before, name) for name in (took, at)] == ["480", of(before, at)]
    )
    alone = values(metrics.render(reports.document(**more)))
    assert of(alone, at) is None


def _host(*steps: dict[str, object]) -> dict[str, object]:
    return {"name": "db-1", "services": [], "problem": "", "steps": list(steps)}


def test_the_values_are_those_of_the_document(text):
    found = values(text)

    assert found['convosphere_maintenance_verdict{environment="prod"}'] == "1"
    assert found['convosphere_maintenance_findings{environment="prod",severity="attention"}'] == "2"
    assert found['convosphere_maintenance_step_failed{environment="prod",host="prod-1",step="verify"}'] == "0"
    assert found['convosphere_maintenance_step_skipped{environment="prod",host="prod-1",step="overrides"}'] == "1"
    assert (
        found['convosphere_maintenance_step_duration_seconds{environment="prod",host="prod-1",step="verify"}'] == "131"
    )
    assert found['convosphere_service_healthy{environment="prod",host="prod-1",service="edge"}'] == "1"
    assert found['convosphere_backup_last_timestamp_seconds{environment="prod"}'] == "1796002200"
    assert found['convosphere_secret_age_seconds{environment="prod",name="SECRET_KEY"}'] == str(171 * 86400)
    assert found['convosphere_admins_added{environment="prod"}'] == "1"


def test_what_is_unknown_has_no_sample():
    parts = [{"what": what, "reason": "x"} for what in ("the backups", "the database")]
    unread = reports.facts(backups=[], database_bytes=None, admins=None, unread=parts)
    found = values(metrics.render(reports.document(reports.document(), read=unread)))

    assert not [name for name in found if re.match(r"convosphere_(backup|recovery|database|admins|drift)", name)]
    assert found['convosphere_maintenance_unread_parts{environment="prod"}'] == "2"


def test_it_has_no_person_and_no_message(text):
    assert "example.com" not in text
    assert "ada" not in text
    assert "inventory has other changes" not in text


def test_of_several_certificates_in_a_file_the_first_one_to_expire_counts():
    rows = [
        {"name": "ca", "host": "a", "path": "/ca", "days_left": days, "expires": reports.at(days)} for days in (5, 900)
    ]
    for given in (rows, rows[::-1]):
        step = reports.step("certificates", data={"certificates": given})
        hosts = [{"name": "a", "services": [], "problem": "", "steps": [step]}]
        found = values(metrics.render(reports.document(hosts=hosts)))

        expiry = found['convosphere_certificate_expiry_timestamp_seconds{environment="prod",host="a",name="ca"}']
        assert expiry == str(int(parse_time(reports.at(5)).timestamp()))


def test_hostile_names_are_escaped():
    tables = [{"name": 'x"y\\z\nand more', "bytes": 1, "index_bytes": 0, "rows": None, "dead_ratio": 0.0}]
    text = metrics.render(reports.document(read=reports.facts(tables=tables)))

    assert 'table="x\\"y\\\\z\\nand more"} 1\n' in text


def test_metrics_know_their_environment(text):
    assert metrics.is_of(text, "prod")
    assert metrics.is_of("", "prod")
    assert not metrics.is_of(text, "pro")
    assert not metrics.is_of(text, "prod-eu")
    assert not metrics.is_of(f"{text}node_boot_time_seconds 1\n", "prod")
