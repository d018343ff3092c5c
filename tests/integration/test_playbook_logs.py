# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logs of a running environment: its own secrets are in them, and in no output."""

from __future__ import annotations

import json
from urllib.parse import quote

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.cGxhbnRlZC1zaWduYXR1cmU"


def test_logs_are_shown_by_time_filtered_and_without_secrets(live):
    secret = quote(live.secrets()["DEFAULT_ADMIN_PASSWORD"], safe="")
    live.request(f"/api/v1/health/?token={TOKEN}&planted={secret}")

    shown = live.run("logs.yml").succeeded()
    assert shown.changed == 0
    lines = shown.task("Report the logs").result["msg"]
    assert lines[0].startswith("The newest 100 records; there are older ones: -e tail=1000")
    assert TOKEN not in shown.output

    found = live.run(
        "logs.yml", extra_vars={"service": "backend", "pattern": "planted=", "since": "10m", "output": "json"}
    )
    logs = json.loads(found.succeeded().task("Report the logs").result["msg"])
    (record,) = logs["records"]
    assert "/api/v1/health/?token=********&planted=********" in record["message"]
    assert (record["host"], record["container"]) == (live.host, live.container("backend"))
    assert secret not in found.output


def test_a_service_that_there_is_not_is_refused(live):
    (failure,) = live.run("logs.yml", extra_vars={"service": "backnd"}).failures

    assert "itest has no service backnd. status.yml -e env=itest lists its services." in failure.message
