# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from support.environment import SERVICES


def test_status_names_every_service_with_health_and_version(live, tmp_path):
    # Root under another name needs no sudo, which this machine need not have.
    run = live.run(
        "status.yml", env={"USER": "somebody", "LOGNAME": "somebody", "ANSIBLE_REMOTE_TMP": str(tmp_path)}
    ).succeeded()

    lines = run.task("Report the services").result["msg"]
    assert run.changed == 0
    for service in SERVICES:
        (words,) = [line.split() for line in lines if line.startswith(f"{service} ")]
        assert words[1] == "healthy"
        assert words[2][0].isdigit()
    (backend,) = [line for line in lines if line.startswith("backend ")]
    assert f" {live.request('/api/v1/health/detailed')[1]['version']} " in backend
    assert f"URL        {live.url}" in lines
    assert "of a processor" not in run.output


def test_status_with_what_each_service_uses(live):
    run = live.run("status.yml", extra_vars={"stats": "true"}).succeeded()

    measured = [line for line in run.task("Report the services").result["msg"] if "of a processor" in line]
    assert len(measured) == len(SERVICES)
    for service in run.task("Read the state of the services").result["services"]:
        assert service["memory_bytes"] > 0, service
        assert service["cpu_percent"] >= 0, service


def test_status_of_what_was_stopped(live):
    live.run("services.yml", extra_vars={"state": "stopped", "service": "edge"}).succeeded()

    lines = live.run("status.yml").succeeded().task("Report the services").result["msg"]

    assert [line.split()[1] for line in lines if line.startswith("edge ")] == ["exited"]
