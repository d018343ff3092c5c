# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What support gets of a host: all parts, none of the secrets, and the rest of them if a part fails."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import ANY
from urllib.parse import quote

import pytest

from support.compose_project import ComposeProject, compose_project, service
from support.law import Refused, Step

MODULE = "convosphere_support_info"

SECRET, FOREIGN, WRITTEN = "planted/secret+with?signs", "planted-by-another", "planted-in-the-compose-file"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.cGxhbnRlZC1zaWduYXR1cmU"
IN_BASE64 = base64.b64encode(f"admin:{SECRET}".encode()).decode()
SPELLINGS = [SECRET, quote(SECRET, safe=""), IN_BASE64[10:-4], FOREIGN, WRITTEN, TOKEN]
LOGGED = f"""2026-11-29 10:00:00 | ERROR    | app.api:get:42 - postgresql://convosphere:{FOREIGN}@db/x
Traceback (most recent call last):
  File "/app/main.py", line 42, in get
    connect({SECRET!r}, token={TOKEN!r})
RuntimeError: {quote(SECRET, safe="")} {IN_BASE64}"""
SERVICES = {
    "backend": service(
        f"cat <<'EOF'\n{LOGGED}\nEOF\nsleep 1000",
        environment={
            "SECRET_KEY": SECRET,
            "REDIS_URL": f"redis://:{FOREIGN}@redis",
            "SMTP_PASSWORD": WRITTEN,
            "DEBUG": "false",
        },
    )
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeProject]:
    folder: Path = tmp_path_factory.mktemp("support") / "project"
    with compose_project(folder, SERVICES) as found:
        with (folder / ".env").open("a") as file:
            file.write(f'SECRET_KEY="{SECRET}"\nEMPTY=\n')
        (folder / "edge").mkdir()
        (folder / "edge/Caddyfile").write_text(f"# {SECRET}\n:80\n")
        hook = f"The hook pre_deploy/10-a.yml failed: {SECRET} {quote(SECRET, safe='')} {IN_BASE64} {TOKEN}"
        (folder / "runs.jsonl").write_text(json.dumps({"run": "1", "failures": [hook]}) + "\n")
        # As someone wrote it by hand: config.yml refuses a secret.
        written = {"value": SECRET, "reason": f"https://u:{FOREIGN}@host {TOKEN}", "by": "ada"}
        override = {**written, "at": "2026-11-29T10:00:00Z", "until": "2999-01-01T00:00:00Z"}
        (folder / "overrides.json").write_text(json.dumps({"overrides": {"APP_NAME": override}}))
        yield found


@pytest.mark.law
def test_law(run_info_law, project):
    options = {"project_name": project.name, "project_src": str(project.folder)}
    run = run_info_law(
        MODULE,
        {**options, "runs_file": str(project.folder / "runs.jsonl")},
        returns={"parts": ANY, "missing": {}},
        refused=[Refused("no directory", {"project_name": project.name}, "project_src")],
        secrets=SPELLINGS,
    )

    parts = run.task("read").result["parts"]
    expected = ["configuration.json", "files/compose.yaml", "files/edge/Caddyfile", "releases.json", "runs.jsonl"]
    assert sorted(parts) == [*expected, "status.json", "versions.json"]
    assert json.loads(parts["runs.jsonl"])["failures"][0].startswith("The hook pre_deploy/10-a.yml failed: ********")
    configuration = json.loads(parts["configuration.json"])
    assert configuration[".env"] == {"set": ["IMAGE", "SECRET_KEY"], "empty": ["EMPTY"]}
    variables = configuration["containers"][project.container("backend")]
    assert (variables["DEBUG"], variables["SECRET_KEY"], variables["REDIS_URL"]) == (
        "false",
        "********",
        "redis://:********@redis",
    )
    assert parts["files/edge/Caddyfile"] == "# ********\n:80\n"
    (record,) = run.task("read").result["logs"]["records"]
    assert record["message"].startswith("postgresql://convosphere:********@db/x\nTraceback")


def test_a_part_that_fails_is_named_and_the_others_are_returned(run_steps, project, tmp_path):
    here = {"project_name": project.name, "project_src": str(project.folder)}
    run = run_steps(
        MODULE,
        [
            Step("no engine", {**here, "docker_host": "unix:///nowhere.sock"}, returns={"logs": None}),
            Step("no platform", {**here, "api_url": "http://127.0.0.1:9"}),
            Step("no stack", {"project_name": "nowhere", "project_src": str(tmp_path / "nowhere")}),
            Step("no period", {**here, "since": "1x"}),
        ],
        secrets=SPELLINGS,
    )

    missing = {name: run.task(name).result["missing"] for name in ("no engine", "no stack", "no period")}
    assert sorted(missing["no engine"]) == ["configuration.json", "logs", "status.json"]
    assert "is not running" in missing["no engine"]["logs"]
    assert "files/compose.yaml" in run.task("no engine").result["parts"]
    assert list(missing["no stack"]) == ["logs"]
    assert "since is '1x'" in missing["no period"]["logs"]
    health = json.loads(run.task("no platform").result["parts"]["health.json"])
    assert health["status"] == "unreachable"
