# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Aggregate the platform's report, the edge and the containers into one status.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from .._core.errors import ApiError, EngineError, UnhealthyError
from .._engine import client as engine_client
from .._engine import project as engine_project
from .api_client import Api

HEALTHY = "healthy"
#: It works, and all its connections to the database are in use, so that health checks have to wait like users.
BUSY = "busy"
DEGRADED = "degraded"
UNHEALTHY = "unhealthy"
UNREACHABLE = "unreachable"
#: The statuses in which users are served.
SERVING = (HEALTHY, BUSY)
#: A response that takes longer shows that the platform is busy, even if it is healthy.
SLOW_SECONDS = 5
#: The time that a busy platform takes for its report: it checks the database twice, for 30 s each.
PATIENT_SECONDS = 75

# /health reports healthy without a database, and no route has a meaningful status code: only this report counts.
REPORT_PATH = "/api/v1/health/detailed"
COMPONENT_PATHS = {
    "database": "/api/v1/health/database",
    "cache": "/api/v1/health/redis",
    "vector_db": "/api/v1/health/weaviate",
}
#: The services whose version the platform reports, by the name of the component.
COMPONENT_SERVICES = {"cache": "redis", "vector_db": "weaviate"}
#: Without these the platform does not work; without any other component it works in part.
ESSENTIAL = ("database",)


def ask_platform(api: Api) -> dict[str, Any]:
    """Return ``{status, version, environment, latency_ms, components, problems}`` by the platform's report.

    ``status`` is one of the five words above. ``components`` is ``{name: {status, latency_ms, details}}``; their
    latencies are ``None``, see ``add_latencies``.
    """
    found: dict[str, Any] = {
        "status": UNREACHABLE,
        "version": None,
        "environment": None,
        "latency_ms": None,
        "components": {},
        "problems": [],
    }
    try:
        answer = api.get(REPORT_PATH)
        report = answer.json()
        if not isinstance(report, dict) or "status" not in report:
            raise ApiError(f"{answer.url} returned {answer.status} without a health report")
    except ApiError as error:
        found["problems"] = [str(error)]
        return found
    found["latency_ms"] = round(answer.seconds * 1000, 1)
    found.update({name: report.get(name) for name in ("version", "environment")})
    found["components"] = {
        name: {"status": part.get("status"), "latency_ms": None, "details": part.get("details") or {}}
        for name, part in (report.get("components") or {}).items()
    }
    return {**found, **_judge_report(report, found["components"])}


def versions(found: Mapping[str, Any], api_service: str) -> dict[str, str]:
    """Return the versions in the report of ``ask_platform`` by service."""
    reported = {api_service: found["version"]}
    for component, service in COMPONENT_SERVICES.items():
        reported[service] = found["components"].get(component, {}).get("details", {}).get("version")
    return {service: str(version) for service, version in reported.items() if version}


def until_healthy(
    look: Callable[[], dict[str, Any]], *, seconds: float, what: str, patience: float = 0
) -> dict[str, Any]:
    """Call ``look`` until its status is healthy or busy, for at most ``seconds``, and return its result.

    ``look`` returns at least ``{status, problems}``. Raises UnhealthyError with the problems of ``what``, for example
    "The platform at http://127.0.0.1:18000". While the responses are slow, repeat for ``patience`` seconds: parts of a
    busy platform fail for lack of time.
    """
    started = time.monotonic()
    while True:
        found = look()
        if found["status"] in SERVING:
            return found
        limit = max(seconds, patience if is_slow(found) else 0)
        if time.monotonic() + 1 > started + limit:
            raise UnhealthyError(
                f"{what} is {found['status']} after {limit:g} s: {'; '.join(found['problems'])}",
                status=found["status"],
                problems=found["problems"],
            )
        time.sleep(1)


def is_slow(found: Mapping[str, Any]) -> bool:
    """Return by the result of ``ask_platform`` whether the platform answered, and took long for it."""
    return (found.get("latency_ms") or 0) >= SLOW_SECONDS * 1000


def is_busy(found: Mapping[str, Any]) -> bool:
    """Return by the result of ``ask_platform`` whether the platform serves and has no time for health checks."""
    return found["status"] == BUSY or (found["status"] == HEALTHY and is_slow(found))


def _judge_report(report: Mapping[str, Any], components: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    unhealthy = [name for name, part in components.items() if part["status"] != HEALTHY]
    in_use = _connections_in_use(components["database"]["details"]) if unhealthy == ["database"] else 0
    if in_use and report["status"] in (HEALTHY, DEGRADED):
        return {"status": BUSY, "problems": [f"The platform is busy: {in_use} connections to its database are in use"]}
    problems = [f"Component {name} is {components[name]['status']}{_reason(components[name])}" for name in unhealthy]
    if report["status"] != HEALTHY and not unhealthy:
        problems.append(
            f"The platform reports that it is {report['status']}: {report.get('error') or 'no reason given'}"
        )
    if not components and not problems:
        problems.append("The platform's health report names no components")
    if report["status"] == UNHEALTHY or set(unhealthy) & set(ESSENTIAL):
        return {"status": UNHEALTHY, "problems": problems}
    return {"status": DEGRADED if problems else HEALTHY, "problems": problems}


def _connections_in_use(details: Mapping[str, Any]) -> int:
    """Return the number of connections if none is free; 0 if one is free, or if the database is not reachable."""
    in_use, size = details.get("checked_out"), details.get("pool_size")
    return in_use if isinstance(in_use, int) and isinstance(size, int) and in_use >= size > 0 else 0


def _reason(component: Mapping[str, Any]) -> str:
    details = component["details"]
    reason = details.get("error") or details.get("status")
    return f" ({reason})" if reason else ""


def add_latencies(api: Api, components: Mapping[str, dict[str, Any]]) -> None:
    """Fill in ``latency_ms`` of each component: the time that the platform takes to check it.

    The requests are sequential: the platform handles one at a time, and would include the wait for the others.
    """
    for name, component in components.items():
        if name in COMPONENT_PATHS:
            try:
                component["latency_ms"] = round(api.get(COMPONENT_PATHS[name]).seconds * 1000, 1)
            except ApiError:  # its status is known from the report: only the latency remains unknown
                continue


def ask_edge(api: Api) -> dict[str, Any]:
    """Return ``{url, answered, status_code, latency_ms, problems}``; answered means any page that is not an error."""
    try:
        answer = api.get()
    except ApiError as error:
        return {"url": api.url, "answered": False, "status_code": None, "latency_ms": None, "problems": [str(error)]}
    answered = answer.status < 400
    return {
        "url": api.url,
        "answered": answered,
        "status_code": answer.status,
        "latency_ms": round(answer.seconds * 1000, 1),
        "problems": [] if answered else [f"The edge {api.url} returned the error {answer.status}"],
    }


def ask_engine(docker_host: str, timeout: int, project_name: str) -> dict[str, Any]:
    """Return ``{services: [{name, state, health}], problems}``.

    An engine that does not run is reported as a problem. Raises EngineError for errors that only the operator can
    correct, such as a missing permission.
    """
    try:
        client = engine_client.connect(docker_host, timeout)
    except EngineError as error:
        if error.details.get("reason") not in ("not running", "no answer"):
            raise
        return {"services": [], "problems": [str(error)]}
    project = engine_project.read_project(client, project_name)
    failed = [project.services[name] for name in project.chosen(None) if not project.is_settled(name)]
    problems = [f"Service {item.name} is {item.state}{f', {item.health}' if item.health else ''}" for item in failed]
    if not project.services:
        problems.append(f"There is no Compose project {project_name}")
    return {
        "services": [
            {"name": item.name, "state": item.state, "health": item.health} for item in project.services.values()
        ],
        "problems": problems,
    }


def look(params: Mapping[str, Any]) -> dict[str, Any]:
    """Ask the platform, the edge and Docker Engine once, and return the values of convosphere_health_info.

    ``params`` are that module's options. The latencies of components are ``None``; see ``add_latencies``.
    """
    platform = ask_platform(Api.of(params))
    edge = ask_edge(Api.of(params, params["edge_url"])) if params["edge_url"] else None
    engine: dict[str, Any] = {"services": [], "problems": []}
    if params["project_name"]:
        engine = ask_engine(params["docker_host"], params["timeout"], params["project_name"])
    edge_problems = edge.pop("problems") if edge else []
    status = platform["status"]
    if status in (*SERVING, DEGRADED) and (edge_problems or engine["problems"]):
        status = UNHEALTHY if edge_problems else DEGRADED
    parts = {name: part["details"].get("version") for name, part in platform["components"].items()}
    return {
        "healthy": status == HEALTHY,
        "status": status,
        "problems": [*platform["problems"], *edge_problems, *engine["problems"]],
        "latency_ms": platform["latency_ms"],
        "components": platform["components"],
        "versions": {name: text for name, text in {"platform": platform["version"], **parts}.items() if text},
        "environment": platform["environment"],
        "edge": edge,
        "services": engine["services"],
    }
