# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs to filter 10 MB of logs, beside Compose, which writes them to a file."""

from __future__ import annotations

from pathlib import Path

import yaml

from support.bench import Contender, Row, command
from support.compose_project import docker
from support.environment import Environment, wait_until
from support.module_process import run_module

SERVICE = "bench-writer"
BYTES = 10_000_000
#: Both streams, as the platform does, one error in a hundred, each with a traceback.
WRITER = """
import sys
for number in range(46000):
    level = "ERROR   " if number % 100 == 0 else "INFO    "
    text = f" | {level} | app.main:serve:12 - request {number} was answered in 12 ms for a user of the platform"
    if number % 100 == 0:
        text += '\\nTraceback (most recent call last):\\n  File "/app/main.py", line 12, in serve\\nValueError: no'
    print("2026-11-29 10:00:00.123" + text, file=sys.stderr, flush=True)
    print("2026-11-29 10:00:00" + text, flush=True)
"""


def rows(environment: Environment) -> list[Row]:
    """Compare the errors of a log of 10 MB with the whole log."""
    folder = environment.folder / "bench-logs"
    files = ["docker", "compose", f"--project-name={environment.project}", f"--file={folder / 'compose.yaml'}"]

    def read_errors() -> None:
        options = {
            "project_name": environment.project,
            "service": SERVICE,
            "level": "error",
            "pattern": "request 41[0-9]00 ",
        }
        found = run_module("convosphere_log_info", options, folder)
        if len(found.get("records", ())) != 10:
            raise RuntimeError(f"convosphere_log_info returned {found.get('msg') or len(found['records'])}")

    def prepare() -> None:
        if not folder.exists():
            write_logs(environment, folder)

    whole = command(
        ["sh", "-c", f"{' '.join(files)} logs --no-color {SERVICE} > {folder / 'logs.txt'}"], environment.folder
    )
    return [
        Row(
            Contender("convosphere_log_info filters 10 MB of logs", read_errors, prepare),
            Contender("docker compose logs to a file", whole, prepare),
            limit=2,
        )
    ]


def write_logs(environment: Environment, folder: Path) -> None:
    """Run a container of the environment's project that writes a log of 10 MB and ends."""
    folder.mkdir()
    writer = {
        "image": environment.inspect("backend")["Image"],
        "pull_policy": "never",
        "entrypoint": ["python3", "-c", WRITER.replace("$", "$$")],
        "network_mode": "none",
        "healthcheck": {"disable": True},
    }
    (folder / "compose.yaml").write_text(yaml.safe_dump({"services": {SERVICE: writer}}))
    options = (f"--project-name={environment.project}", f"--file={folder / 'compose.yaml'}")
    docker("compose", *options, "up", "--detach", "--no-build", SERVICE)
    name = f"{environment.project}-{SERVICE}-1"
    wait_until(lambda: docker("inspect", "--format={{.State.Status}}", name).strip() == "exited", "logs written", 120)
    size = len(docker("logs", name))
    if size < BYTES / 2:  # standard output alone
        raise RuntimeError(f"the log has {size} bytes only")
