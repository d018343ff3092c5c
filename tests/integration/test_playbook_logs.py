# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logs, the support bundle and the record of runs of a running environment.

Its own secrets are in its logs, and in no output and no archive.
"""

from __future__ import annotations

import base64
import json
import tarfile
from urllib.parse import quote

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.cGxhbnRlZC1zaWduYXR1cmU"
SECRET = "DEFAULT_ADMIN_PASSWORD"


def spellings(secret: str) -> list[str]:
    """Return a secret as text, in a URL and in base64, as a client sends it."""
    return [secret, quote(secret, safe=""), base64.b64encode(f"admin:{secret}".encode()).decode().rstrip("=")[9:-2]]


def plant(live) -> list[str]:
    """Write a secret of the environment into its logs, in each spelling, and a token; return all of them."""
    secret = live.secrets()[SECRET]
    basic = base64.b64encode(f"admin:{secret}".encode()).decode()
    live.request(f"/api/v1/health/?planted={quote(secret, safe='')}&basic={quote(basic)}&token={TOKEN}")
    return [*spellings(secret), TOKEN]


def test_logs_are_shown_by_time_filtered_and_without_secrets(live):
    planted = plant(live)

    shown = live.run("logs.yml").succeeded()
    assert shown.changed == 0
    assert shown.task("Report the logs").result["msg"][0].startswith("The newest 100 records; there are older ones:")

    filters = {"service": "backend", "pattern": "planted=", "since": "10m", "output": "json"}
    found = live.run("logs.yml", extra_vars=filters)
    logs = json.loads(found.succeeded().task("Report the logs").result["msg"])
    record = logs["records"][-1]
    assert "/api/v1/health/?planted=********&basic=" in record["message"]
    assert (record["host"], record["container"]) == (live.host, live.container("backend"))
    assert [text for text in planted if text in shown.output + found.output] == []


def test_a_support_bundle_has_all_parts_and_no_secret(live, tmp_path):
    planted = [*plant(live), *(value for value in live.secrets().values() if len(value) >= 8)]
    archive = tmp_path / "itest.tar.gz"

    run = live.run("support_bundle.yml", extra_vars={"fetch_to": str(archive), "since": "2h"}).succeeded()

    assert run.task("Report the archive").result["msg"][0].startswith(f"{archive} written, for its owner only: ")
    assert archive.stat().st_mode & 0o777 == 0o600
    with tarfile.open(archive) as opened:
        members = [(member.name.partition("/")[2], opened.extractfile(member)) for member in opened.getmembers()]
        documents = {name: content.read().decode() for name, content in members if content is not None}
    names = {f"{live.host}/{name}" for name in ("status.json", "health.json", "versions.json", "releases.json")}
    names |= {
        f"{live.host}/{name}" for name in ("configuration.json", "runs.jsonl", "logs.jsonl", "files/compose.yaml")
    }
    assert {*names, "README.txt", "logs.txt", f"{live.host}/files/compose.yaml"} <= set(documents)
    assert "Nothing is missing." in documents["README.txt"]
    assert "planted=********" in documents["logs.txt"]
    assert json.loads(documents[f"{live.host}/health.json"])["status"] == "healthy"
    everything = "\n".join(documents.values())
    assert [text[:4] for text in planted if text in everything] == []


def test_each_run_leaves_a_record_also_one_that_failed(live):
    user = {"users_list": [{"email": "audit@example.com", "username": "audited"}]}
    live.run("users.yml", extra_vars=user).succeeded()
    assert live.run("services.yml", extra_vars={"service": "backnd"}).rc == 2
    live.run("services.yml", check=True).succeeded()

    report = live.run("audit.yml", extra_vars={"since": "1h"}).succeeded().task("Report the runs").result["msg"]

    heads = [line for line in report if not line.startswith("  ")]
    assert f" failed      services.yml of {live.name} by ada, " in heads[-1]
    assert f" ok          users.yml of {live.name} by ada, " in heads[-2]
    deploys = [line for line in heads if f" ok          deploy.yml of {live.name} by ada, " in line]
    assert all(", release 20" in line for line in deploys)
    assert deploys
    (change,) = report[report.index(heads[-2]) + 1 : report.index(heads[-1])]
    assert "Created user audit@example.com by ada@" in change
    records = [json.loads(line) for line in live.runs_file.read_text().splitlines()]
    assert [(each["what"].split()[0], each["result"]) for each in records[-2:]] == [
        ("users.yml", "ok"),
        ("services.yml", "failed"),
    ]
    assert live.runs_file.stat().st_mode & 0o777 == 0o600
