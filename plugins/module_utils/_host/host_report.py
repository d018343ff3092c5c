# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Report in one pass what a host has, what it lacks, and which obstacles a person has to remove.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import engine_probe, readiness, requirements


def report(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of convosphere_host_info, whose options are ``params``."""
    probe = engine_probe.EngineProbe(params["docker_host"], params["timeout"])
    engine = probe.state()
    compose = engine_probe.find_compose_plugin()
    missing = _missing(params)
    running = engine["state"] == engine_probe.RUNNING
    taken = _taken(params, probe.published() if running and params["ports"] else [])
    name = params["environment_name"]
    foreign = requirements.foreign_directories(params["directories"], name) if name else []
    disk = [requirements.space(entry["path"], entry["required_bytes"]) for entry in params["disk"]]
    disk.append(requirements.space(engine["root"], params["required_bytes"]))
    taken_numbers = {entry["port"] for entry in taken}
    images = probe.image_ids(params["images"]) if running and params["images"] else {}
    exposed = readiness.exposed_secrets(params["secret_files"])
    project = params["project_name"]
    return {
        "ready": not any(missing.values()) and running and compose is not None,
        "missing": missing,
        "present_images": list(images),
        "image_ids": images,
        "memory": readiness.memory(),
        "clock": {"host": time.time(), "controller": params["controller_time"]},
        "running": readiness.running(probe, project, params["services"]) if running and project else {},
        "engine": engine,
        "compose": compose,
        "service_manager": "systemd" if Path("/run/systemd/system").is_dir() else "none",
        "ports_taken": taken,
        "ports_free": [entry["port"] for entry in params["ports"] if entry["port"] not in taken_numbers],
        "disk": disk,
        "foreign_directories": foreign,
        "problems": [
            *_engine_problems(engine, probe),
            *foreign,
            *exposed,
            *(requirements.port_problem(entry) for entry in taken),
            *(_disk_problem(entry) for entry in disk if not entry["enough"]),
        ],
    }


def _missing(params: Mapping[str, Any]) -> dict[str, Any]:
    user = params["user"]
    return {
        "commands": requirements.missing_commands(params["commands"]),
        "python_modules": requirements.missing_python_modules(params["python_modules"]),
        "user": user is not None and not requirements.user_exists(user),
        "directories": requirements.wrong_directories(params["directories"]),
    }


def _taken(params: Mapping[str, Any], published: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not params["ports"]:
        return []
    return requirements.taken_ports(params["ports"], published, params["project_name"])


def _engine_problems(engine: Mapping[str, Any], probe: engine_probe.EngineProbe) -> list[str]:
    if engine["state"] == engine_probe.NO_PERMISSION:
        return [f"No permission to connect to Docker Engine at {probe.docker_host}. Use become: true"]
    if engine["state"] == engine_probe.NOT_ANSWERING:
        return [
            f"Docker Engine at {probe.docker_host} runs and does not answer within {probe.timeout} s"
            f" ({engine['detail']}). Look at its log (journalctl -u docker, or /var/log/dockerd.log) and restart it"
        ]
    return []


def _disk_problem(entry: Mapping[str, Any]) -> str:
    return (
        f"{entry['path']} needs {requirements.readable(entry['required_bytes'])} and the file system "
        f"{entry['file_system']} has {requirements.readable(entry['free_bytes'])} free. "
        "Free some space, or use a larger disk"
    )
