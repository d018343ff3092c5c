# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collect what support needs of one host, without secrets: a part that fails is named, and the others are returned.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._app import health
from .._app.api_client import Api
from .._core import command, dotenv, timestamps
from .._core import files as core_files
from .._core.errors import ConvosphereError, EngineError
from .._core.redaction import HIDDEN
from .._core.version import VERSION
from .._engine import client as engine_client
from .._host import served_release
from . import kept_releases, known_secrets, log_report, service_report
from . import secrets as stack_secrets

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

#: The characters of a part, and the lines of the record of runs, that are returned.
LONGEST_PART, LAST_RUNS = 1_048_576, 200
#: The seconds for the platform to report its health.
_HEALTH_SECONDS = 75
#: The files of a stack, beside those that its release records.
_FILES = ("compose.yaml", "compose.override.yaml", "edge/Caddyfile")
_PROGRAMS = {"docker": ["docker", "--version"], "compose": ["docker", "compose", "version", "--short"]}


class SupportReport:
    """The parts of one host. ``params`` are the options of convosphere_support_info."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = params
        self.directory = Path(params["project_src"])
        self.parts: dict[str, str] = {}
        self.missing: dict[str, str] = {}
        self.logs: dict[str, Any] | None = None

    def report(self, hide: Callable[..., None]) -> dict[str, Any]:
        """Return the return values of the module. ``hide`` gets the secrets, to mask them in errors as well."""
        values = self._secrets()
        hide(*values)
        masker = log_report.text_masker(values)
        collectors: dict[str, Callable[[], Any]] = {
            "versions.json": self._versions,
            "status.json": self._status,
            "health.json": self._health,
            "releases.json": self._releases,
            "configuration.json": self._configuration,
            "runs.jsonl": self._runs,
            "logs": self._read_logs,
        }
        for name, collect in collectors.items():
            self._add(name, collect)
        for name in self._file_names():
            self._add(f"files/{name}", partial(core_files.read_text, self.directory / name))
        # Cut afterwards: half a secret would not be found.
        parts = {name: log_report.masked(text, masker)[:LONGEST_PART] for name, text in self.parts.items()}
        return {"parts": parts, "missing": log_report.masked(self.missing, masker), "logs": self.logs}

    def _add(self, name: str, collect: Callable[[], Any]) -> None:
        """Add a part, or why it is missing. What it returns is text, or written as JSON; None adds nothing."""
        try:
            found = collect()
        except ConvosphereError as error:
            self.missing[name] = str(error)
        except Exception as error:  # noqa: BLE001 - the other parts are of use without this one
            self.missing[name] = f"{type(error).__name__}: {error}"
        else:
            if isinstance(found, str):
                self.parts[name] = found
            elif found is not None:
                self.parts[name] = json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False, default=str) + "\n"

    def _secrets(self) -> list[str]:
        try:
            containers = self._containers
        except ConvosphereError:
            containers = []
        values = set(known_secrets.of_stack(self.directory, containers))
        # An engine that does not answer cannot tell the variables of the containers: the files have them too.
        for name in self._file_names():
            with suppress(ConvosphereError):
                values |= known_secrets.in_compose_file(core_files.read_text(self.directory / name) or "")
        return sorted(values)

    @cached_property
    def _client(self) -> DockerClient:
        return engine_client.connect(self.params["docker_host"], self.params["timeout"])

    @cached_property
    def _containers(self) -> list[Container]:
        found = engine_client.project_containers(self._client, self.params["project_name"])
        return [container for containers in found.values() for container in containers]

    def _versions(self) -> dict[str, Any]:
        disk = shutil.disk_usage(self.directory if self.directory.exists() else "/")
        found: dict[str, Any] = {
            "time": timestamps.format_time(datetime.now(timezone.utc)),
            "collection": VERSION,
            "python": platform.python_version(),
            "system": _system(),
            "kernel": platform.release(),
            "machine": platform.machine(),
            "processors": os.cpu_count(),
            "load": os.getloadavg(),
            "disk": {"path": str(self.directory), "total_bytes": disk.total, "free_bytes": disk.free},
        }
        for name, program in _PROGRAMS.items():
            try:
                found[name] = command.run(program, step=f"read the version of {name}", timeout=30).strip()
            except ConvosphereError as error:
                found[name] = str(error)
        try:
            found["engine"] = self._client.version()["Version"]
        except EngineError as error:
            found["engine"] = str(error)
        return found

    def _status(self) -> dict[str, Any]:
        options = {**self.params, "project_src": None, "services": [], "stats": True, "api_service": "backend"}
        return service_report.report(self._client, options)

    def _health(self) -> dict[str, Any] | None:
        if not self.params["api_url"]:
            return None
        return health.ask_platform(Api(self.params["api_url"], timeout=_HEALTH_SECONDS, validate_certs=True))

    def _releases(self) -> list[Mapping[str, Any]]:
        kept = kept_releases.read(self.directory / "releases")
        serving = kept_releases.serving(kept)
        return [{**release.record, "id": release.id, "serves": release is serving} for release in kept]

    def _configuration(self) -> dict[str, Any]:
        """Return the variables of each container and of .env; of secrets only whether they are set."""
        text = core_files.read_text(self.directory / stack_secrets.FILE)
        variables = dotenv.parse(text or "")
        names = {
            "set": [name for name, value in variables.items() if value],
            "empty": [name for name, value in variables.items() if not value],
        }
        found: dict[str, Any] = {stack_secrets.FILE: names, "containers": {}}
        for container in self._containers:
            given = (entry.partition("=") for entry in container.attrs["Config"].get("Env") or ())
            found["containers"][container.name] = {
                name: HIDDEN if value and known_secrets.is_secret_name(name) else value
                for name, _equals, value in given
            }
        return found

    def _runs(self) -> str | None:
        if not self.params["runs_file"]:
            return None
        text = core_files.read_text(Path(self.params["runs_file"]))
        return None if text is None else "\n".join(text.splitlines()[-LAST_RUNS:]) + "\n"

    def _read_logs(self) -> None:
        options = {**self.params, "services": [], "level": None, "pattern": None, "strict": True}
        self.logs = log_report.LogReport(self._client, options).report(lambda *_values: None)

    def _file_names(self) -> list[str]:
        try:
            record = served_release.current(self.directory / "releases")
        except ConvosphereError:
            record = None
        return sorted({*_FILES, *(record or {"files": {}})["files"]})


def _system() -> str:
    text = core_files.read_text(Path("/etc/os-release")) or ""
    return str(dotenv.parse(text).get("PRETTY_NAME", "unknown"))
