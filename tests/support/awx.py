# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a playbook of the checkout as AWX does: ansible-runner, a private data directory, extra variables, no terminal.

AWX hands the inventory over as one file with all variables in it, and the extra variables as another. What it keeps
and shows of a job are the artifacts.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from support.playbook import ROOT


@dataclass(frozen=True)
class Job:
    """The artifacts of a job. `events` are all of them in their order, `text` is everything that was written."""

    rc: int
    status: str
    events: list[dict[str, Any]]
    text: str

    def tasks(self, event: str) -> list[str]:
        """The names of the tasks with such an event: runner_on_ok, runner_on_failed, runner_on_unreachable, ..."""
        return [item["event_data"]["task"] for item in self.events if item["event"] == event]

    @property
    def changed(self) -> list[str]:
        """The names of the tasks that changed something."""
        done = [item["event_data"] for item in self.events if item["event"] == "runner_on_ok"]
        return [data["task"] for data in done if data["res"].get("changed")]

    @property
    def stats(self) -> dict[str, Any]:
        """What AWX takes from set_stats, to keep beside the job and to hand on in a workflow."""
        (last,) = [item["event_data"] for item in self.events if item["event"] == "playbook_on_stats"]
        found: dict[str, Any] = last["artifact_data"]
        return found


def run_job(
    playbook: str,
    folder: Path,
    inventory: Mapping[str, Any],
    extra_vars: Mapping[str, Any],
    *,
    number: int,
    timeout: float = 900,
) -> Job:
    """Run `playbook`, a path in the checkout, as job `number` with a new private data directory in `folder`."""
    private = folder / f"job-{number}"
    for name, content in {
        "inventory/hosts.json": inventory,
        "env/extravars": {"awx_job_id": number, "awx_user_name": "operator", **extra_vars},
        "env/settings": {"job_timeout": int(timeout), "suppress_env_files": False},
    }.items():
        (private / name).parent.mkdir(parents=True, exist_ok=True)
        (private / name).write_text(json.dumps(content))
    (private / "project").symlink_to(ROOT)
    subprocess.run(
        ["ansible-runner", "run", str(private), "--playbook", playbook, "--ident", str(number), "--quiet"],
        cwd=folder,
        # AWX has neither a user's settings nor a terminal.
        env={name: os.environ[name] for name in ("HOME", "PATH", "LANG") if name in os.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        timeout=timeout + 60,
        check=False,
    )
    return _read(private / f"artifacts/{number}")


def merged_inventory(path: Path) -> dict[str, Any]:
    """An inventory of `support.environment` with its variables beside the groups, as one file."""
    groups: dict[str, Any] = yaml.safe_load(path.read_text())
    for name in groups:
        variables = path.parent / f"group_vars/{name}.yml"
        if variables.exists():
            groups[name]["vars"] = yaml.safe_load(variables.read_text())
    return groups


def _read(artifacts: Path) -> Job:
    events = [json.loads(path.read_text()) for path in (artifacts / "job_events").glob("*-*.json")]
    files = [path for path in artifacts.rglob("*") if path.is_file()]
    return Job(
        int((artifacts / "rc").read_text()),
        (artifacts / "status").read_text(),
        sorted(events, key=lambda event: event["counter"]),
        "\n".join(path.read_text(errors="replace") for path in files),
    )
