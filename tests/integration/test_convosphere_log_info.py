# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs that a container really wrote: twice, in tracebacks, with secrets in every spelling."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import ANY
from urllib.parse import quote

import pytest

from support.compose_project import ComposeProject, compose_project, service
from support.law import Refused, Step

MODULE = "convosphere_log_info"

OLD, NEW, FOREIGN = "planted/old+secret?one", "planted/new+secret?two", "planted-by-another-program"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.cGxhbnRlZC1zaWduYXR1cmU"
SPELLINGS = [
    spelling
    for secret in (OLD, NEW)
    for spelling in (secret, quote(secret, safe=""), base64.b64encode(f"x{secret}".encode()).decode()[2:-4])
] + [FOREIGN, TOKEN]

ERROR = "app.api:get:42 - It failed"
TRACEBACK = """Traceback (most recent call last):
  File "/app/main.py", line 42, in get
    connect(SECRET)

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/main.py", line 45, in get
RuntimeError: no database"""


def written(precision: str) -> list[str]:
    """Return what the platform writes to one stream."""
    head = f"2026-11-29 10:00:00{precision}"
    basic = base64.b64encode(f"admin:{NEW}".encode()).decode()
    return [
        f"{head} | INFO     | app.main:<module>:1 - Begin",
        f"{head} | ERROR    | {ERROR}",
        *TRACEBACK.replace("SECRET", repr(NEW)).splitlines(),
        f"{head} | WARNING  | app.db:connect:7 - postgresql://convosphere:{FOREIGN}@db:5432/x",
        f"{head} | INFO     | app.web:log:9 - GET /x?token={TOKEN}&pw={quote(NEW, safe='')} Basic {basic} old {OLD}",
        f"{head} | INFO     | app.main:<module>:2 - End",
    ]


def script(lines: list[str], stream: int) -> str:
    return f"cat >&{stream} <<'EOF'\n" + "\n".join(lines) + "\nEOF\n"


SERVICES: dict[str, Any] = {
    "backend": service(
        script(written(".123"), 2) + script(written(""), 1) + "sleep 1000",
        environment={"OPENAI_API_KEY": OLD.replace("$", "$$")},
        logging={"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
    ),
    "edge": service('echo \'{"level":"error","ts":1.5,"logger":"http","msg":"dial","status":502}\'; sleep 1000'),
    "silent": service("echo never; sleep 1000", logging={"driver": "none"}),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeProject]:
    folder: Path = tmp_path_factory.mktemp("logs") / "project"
    with compose_project(folder, SERVICES) as found:
        with (folder / ".env").open("a") as file:
            file.write(f'SECRET_KEY="{NEW}"\n')
        yield found


@pytest.mark.law
def test_law(run_info_law, project):
    options = {"project_name": project.name, "services": ["backend", "edge"]}
    error = {
        "time": ANY,
        "service": "backend",
        "container": project.container("backend"),
        "stream": ANY,
        "level": "error",
        "source": "app.api:get:42",
        "message": "It failed\n" + TRACEBACK.replace("SECRET", "'********'"),
    }
    refusals = [
        ("no expression", {"pattern": "("}, "pattern is '(', which is not a regular expression"),
        ("endless", {"pattern": r"(\w+\s?)+$!"}, "one search took more than 2 s"),
        ("no period", {"since": "1x"}, "since is '1x'. Allowed: a period such as"),
        ("too many", {"tail": 10**6}, "tail is 1000000: give a number from 1 to 100000"),
        ("unknown service", {"services": ["backnd"]}, "no service 'backnd'"),
        ("no engine", {"docker_host": "unix:///nowhere.sock"}, "is not running"),
    ]
    run_info_law(
        MODULE,
        {**options, "services": ["backend"], "level": "error", "since": "1h"},
        returns={
            "exists": True,
            "records": [error],
            "truncated": False,
            "containers": [project.container("backend")],
            "unknown": [],
            "unreadable": {},
        },
        refused=[Refused(name, {**options, **wrong}, message) for name, wrong, message in refusals],
        secrets=SPELLINGS,
    )


def test_what_is_written_twice_is_returned_once_and_without_secrets(run_steps, project):
    read = {"project_name": project.name, "service": "backend"}
    run = run_steps(MODULE, [Step("read", read, changed=False)], secrets=SPELLINGS)

    records = run.task("read").result["records"]
    assert [record["level"] for record in records] == ["info", "error", "warning", "info", "info"]
    assert records[2]["message"] == "postgresql://convosphere:********@db:5432/x"
    assert records[3]["message"].startswith("GET /x?token=********&pw=********")


def test_services_that_cannot_be_read_or_found_do_not_hide_the_others(run_steps, project):
    read = {"project_name": project.name, "strict": False}
    steps = [
        Step("all", {**read, "tail": 1}, returns={"truncated": True}),
        Step("some", {**read, "services": ["edge", "nowhere"]}, returns={"unknown": ["nowhere"]}),
        Step("none", {**read, "services": ["nowhere"]}, returns={"unknown": ["nowhere"], "records": []}),
    ]
    run = run_steps(MODULE, steps)

    (record,) = run.task("some").result["records"]
    assert (record["source"], record["message"], record["fields"]) == ("http", "dial", {"status": 502})
    assert list(run.task("all").result["unreadable"]) == [project.container("silent")]


def test_a_large_log_is_read_in_constant_memory(run_steps, tmp_path):
    lines = "seq -f '2026-11-29 10:00:00 | ERROR | app.main:serve:12 - request number %.0f was not answered in time'"
    with compose_project(tmp_path / "large", {"backend": service(f"{lines} 1 60000")}) as project:
        project.wait_for("backend", lambda state: state["Status"] == "exited")
        read = {"project_name": project.name, "level": "error", "max_bytes": 100_000, "tail": 100_000}
        run = run_steps(MODULE, [Step("read", read), Step("found", {**read, "pattern": "number 1234 "})])

    records = run.task("read").result["records"]
    assert 300 < len(records) < 1000
    assert records[-1]["message"].startswith("request number 60000 ")
    assert [each["message"] for each in run.task("found").result["records"]] == [
        "request number 1234 was not answered in time"
    ]
