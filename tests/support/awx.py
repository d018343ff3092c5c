# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a playbook of the checkout as AWX does: ansible-runner, a private data directory, extra variables, no terminal.

AWX copies the project without ``.git``, runs in its top folder, hands the inventory over as a script that prints all
hosts with their variables, and the extra variables as a file in which no value is a template. The collection is
installed nowhere. What AWX keeps and shows of a job are the artifacts.
"""

from __future__ import annotations

import json
import os
import shutil
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
        """Return the names of the tasks with an event: runner_on_ok, runner_on_failed, runner_on_unreachable, ..."""
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
    environment: Mapping[str, str] | None = None,
    project: Path | None = None,
    check: bool = False,
) -> Job:
    """Run `playbook`, a path in the checkout, as job `number` with a new private data directory in `folder`.

    `environment` is that of the job, as a credential or AWX's settings give it. `project` is another one than a copy of
    the checkout.
    """
    private = folder / f"job-{number}"
    for name, content in {
        "inventory/hosts": f"#!/bin/sh\ncat <<'END'\n{json.dumps(_dynamic(inventory))}\nEND\n",
        "env/extravars": _unsafe({"awx_job_id": number, "awx_user_name": "operator", **extra_vars}),
        "env/envvars": json.dumps(dict(environment or {})),
        "env/settings": json.dumps({"job_timeout": int(timeout), "suppress_env_files": False}),
    }.items():
        (private / name).parent.mkdir(parents=True, exist_ok=True)
        (private / name).write_text(content)
    (private / "inventory/hosts").chmod(0o700)
    if project is None:
        copy_checkout(private / "project")
    place = ["--project-dir", str(project or private / "project"), *(["--cmdline=--check"] if check else [])]
    subprocess.run(
        ["ansible-runner", "run", str(private), "--playbook", playbook, "--ident", str(number), "--quiet", *place],
        cwd=folder,
        # AWX has neither a user's settings nor a terminal, and no link to this checkout beside its Ansible.
        env={
            **{name: os.environ[name] for name in ("HOME", "PATH", "LANG") if name in os.environ},
            "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "False",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        timeout=timeout + 60,
        check=False,
    )
    return _read(private / f"artifacts/{number}")


def copy_checkout(folder: Path) -> None:
    """Copy what git knows of the checkout, or would add, to a new folder; links stay links."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if os.path.lexists(ROOT / name):  # a file may be deleted and git not know it yet
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)


def merged_inventory(path: Path) -> dict[str, Any]:
    """Return an inventory of `support.environment` with its variables beside the groups, as one file."""
    groups: dict[str, Any] = yaml.safe_load(path.read_text())
    for name in groups:
        variables = path.parent / f"group_vars/{name}.yml"
        if variables.exists():
            groups[name]["vars"] = yaml.safe_load(variables.read_text())
    return groups


def _dynamic(inventory: Mapping[str, Any]) -> dict[str, Any]:
    """Return groups as an inventory script prints them: the hosts of each as a list, their variables apart."""
    variables = [found for group in inventory.values() for found in group.get("hosts", {}).items()]
    hostvars: dict[str, Any] = {}
    for host, found in variables:
        hostvars.setdefault(host, {}).update(found or {})
    groups = {name: {**group, "hosts": sorted(group.get("hosts", {}))} for name, group in inventory.items()}
    return {**groups, "_meta": {"hostvars": hostvars}}


def _unsafe(variables: Mapping[str, Any]) -> str:
    """Return variables as AWX writes those of a survey or a launch: YAML whose texts are marked as no templates."""

    def written(value: Any) -> str:
        if isinstance(value, Mapping):
            return "{" + ", ".join(f"{json.dumps(name)}: {written(item)}" for name, item in value.items()) + "}"
        if isinstance(value, (list, tuple)):
            return f"[{', '.join(map(written, value))}]"
        return f"!unsafe {json.dumps(value)}" if isinstance(value, str) else json.dumps(value)

    return written(variables)


def _read(artifacts: Path) -> Job:
    events = [json.loads(path.read_text()) for path in (artifacts / "job_events").glob("*-*.json")]
    files = [path for path in artifacts.rglob("*") if path.is_file()]
    return Job(
        int((artifacts / "rc").read_text()),
        (artifacts / "status").read_text(),
        sorted(events, key=lambda event: event["counter"]),
        "\n".join(path.read_text(errors="replace") for path in files),
    )
