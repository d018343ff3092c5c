# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Report the services of one Compose project: state, image, version, ports, usage, and the limits of their logs.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._app import health
from .._app.api_client import Api
from .._engine import container_logs, service_stats
from .._engine import project as engine_project
from . import edge_maintenance, overrides, secret_ages, secret_record

if TYPE_CHECKING:
    from docker import DockerClient

VERSION_SECONDS = 10  # for the platform to report its version
ABSENT: dict[str, Any] = {
    "exists": False,
    "services": [],
    "maintenance": None,
    "overrides": [],
    "secrets": {},
    "rotation": None,
}


def report(client: DockerClient, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of convosphere_service_info, of which ``params`` are the options."""
    project = engine_project.read_project(client, params["project_name"], params["project_src"])
    if not project.services:
        return ABSENT
    services = [project.services[name] for name in sorted(project.chosen(params["services"]))]
    versions = _versions(params)
    measured = service_stats.measure(services) if params["stats"] else {}
    return {
        "exists": True,
        "maintenance": edge_maintenance.of_project(project.source),
        "overrides": overrides.of_project(project.source),
        **_secrets(project.source),
        "services": [
            {
                **engine_project.describe(service),
                **service_stats.image_of(client, service),
                **({"version": versions[service.name]} if service.name in versions else {}),
                "started_at": engine_project.started_at(service.containers[0]) if service.containers else None,
                "restarts": sum(container.attrs["RestartCount"] for container in service.containers),
                "ports": service_stats.published_ports(service),
                "log": container_logs.limits(service.containers[0]) if service.containers else None,
                **service_stats.total(service, measured),
            }
            for service in services
        ],
    }


def _secrets(directory: Path | None) -> dict[str, Any]:
    """Return the ages of the secrets, and a rotation that is not finished."""
    rotation = secret_record.of_project(directory).rotation
    ages = secret_ages.of_project(directory)
    return {"secrets": ages, "rotation": rotation.describe() if rotation else None}


def _versions(params: Mapping[str, Any]) -> dict[str, str]:
    """Return the versions that the platform reports; none if it does not answer."""
    if not params["api_url"]:
        return {}
    api = Api(params["api_url"], timeout=VERSION_SECONDS, validate_certs=True)
    return health.versions(health.ask_platform(api), params["api_service"])
