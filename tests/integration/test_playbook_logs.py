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
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

from support.compose_project import compose_project, docker, service
from support.environment import wait_until
from support.playbook import ROOT

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


@pytest.fixture
def several(tmp_path: Path) -> Iterator[Path]:
    """Yield the inventory of three hosts: two stacks on this machine, and an edge that cannot be reached."""
    begin = "2026-11-29 10:00:00 | INFO | app:serve:1 -"
    services = {
        "db-1": {"postgres": service(f"echo '{begin} first'; sleep 1000")},
        "app-1": {"backend": service(f"echo '{begin} later {TOKEN}'; sleep 1000")},
    }
    with (
        compose_project(tmp_path / "db-1", services["db-1"]) as database,
        compose_project(tmp_path / "app-1", services["app-1"]) as app,
    ):
        local = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}
        lost = {"ansible_host": "127.0.0.1", "ansible_port": 9, "stack_directory": str(tmp_path)}
        hosts = {"edge-1": {**lost, "stack_project_name": "lost"}}
        for host, project in (("db-1", database), ("app-1", app)):
            hosts[host] = {**local, "stack_directory": str(project.folder), "stack_project_name": project.name}
        for number, host in enumerate(("db-1", "app-1", "edge-1"), start=1):
            hosts[host]["stack_private_address"] = f"10.0.0.{number}"
        placed = {"database": "db-1", "app": "app-1", "edge": "edge-1"}
        environment = {"hosts": hosts, "vars": {"convosphere_environment": "itlogs", "stack_domain": "a.example"}}
        inventory = tmp_path / "hosts.yml"
        groups = {placement: {"hosts": {host: {}}} for placement, host in placed.items()}
        inventory.write_text(yaml.safe_dump({"itlogs": environment, **groups}))
        yield inventory


def test_several_hosts_are_merged_by_time_and_a_lost_one_is_named(several, run_playbook, tmp_path):
    def run(playbook: str, task: str, **given: str) -> list[str]:
        playbook_file = ROOT / f"playbooks/{playbook}.yml"
        done = run_playbook(playbook_file, inventory=several, extra_vars={"env": "itlogs", **given})
        assert TOKEN not in done.output
        assert done.rc == 4  # Ansible's own, for the lost host
        return list(done.task(task).result["msg"])

    wait_until(lambda: "first" in logs_of("db-1", several) and TOKEN in logs_of("app-1", several), "logs written", 30)
    lines = run("logs", "Report the logs")
    assert lines[0] == "Without edge-1, which did not take part in this run"
    assert lines[1:] == sorted(lines[1:])
    assert {line.split()[1]: line.split(" - ")[1] for line in lines[1:]} == {"db-1": "first", "app-1": "later ********"}

    archive = tmp_path / "several.tar.gz"
    lines = run("support_bundle", "Report the archive", fetch_to=str(archive))
    assert lines[1:] == [
        "MISSING    edge-1: all of it, because the host could not be reached or did not take part in the run"
    ]
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert {"README.txt", "logs.txt", "db-1/status.json", "app-1/logs.jsonl"} <= names


def logs_of(host: str, inventory: Path) -> str:
    """Return what the container of a host wrote."""
    project = yaml.safe_load(inventory.read_text())["itlogs"]["hosts"][host]["stack_project_name"]
    return docker("logs", docker("ps", "--quiet", f"--filter=label=com.docker.compose.project={project}").strip())
