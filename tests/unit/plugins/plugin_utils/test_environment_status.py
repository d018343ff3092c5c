# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.convosphere.platform.plugins.filter.environment_status import environment_status
from ansible_collections.convosphere.platform.plugins.filter.report import report
from ansible_collections.convosphere.platform.plugins.plugin_utils._reports import REPORTS

GROUPS = {"prod": ["edge", "app-1", "app-2", "db"], "database": ["db"], "app": ["app-1", "app-2"], "edge": ["edge"]}
STACK = ["postgres", "backend", "edge"]
CONTEXT = {"environment": "prod", "host": "db", "directory": "/opt/prod", "url": "https://a.example", "admin": "admin"}


def service(name: str, state: str = "running", health: str | None = "healthy", **more: Any) -> dict[str, Any]:
    return {"name": name, "state": state, "health": health, "version": "1.0", "sandbox": False, **more}


def host(*services: dict[str, Any], maintenance: Any = None) -> dict[str, Any]:
    return {"exists": bool(services), "services": list(services), "maintenance": maintenance}


def hosts(**more: Any) -> dict[str, Any]:
    apps = {name: host(service("backend")) for name in ("app-1", "app-2")}
    found = {"edge": host(service("edge")), **apps, "db": host(service("postgres"))}
    return {**found, **{name.replace("_", "-"): each for name, each in more.items()}}


def status(by_host: Any, platform: Any = None) -> dict[str, Any]:
    return environment_status(by_host, STACK, "prod", GROUPS, platform)


def test_all_is_well():
    found = status(hosts())

    assert (found["problems"], found["left_over"], found["maintenance"], found["left_out"]) == ([], [], {}, [])
    assert [(each["host"], each["name"]) for each in found["services"]] == [
        ("db", "postgres"),
        ("app-1", "backend"),
        ("app-2", "backend"),
        ("edge", "edge"),
    ]


def test_what_is_missing_or_broken_is_named_with_its_host():
    found = status(
        hosts(
            db=host(service("postgres", "exited", None)),
            app_1=host(service("backend", health="unhealthy")),
            app_2=host(service("helper", health=None)),
            edge=host(),
        )
    )

    assert found["problems"] == [
        "db: postgres is exited",
        "app-1: backend is unhealthy",
        "app-2: backend is missing",
        "edge: prod is not deployed there",
    ]
    assert found["exists"] is True


def test_a_service_whose_container_was_removed_is_missing_and_one_of_others_without_a_container_is_not():
    found = status(hosts(app_2=host(service("backend", "absent", None), service("postgres", "absent", None))))

    assert (found["problems"], found["left_over"]) == (["app-2: backend is missing"], [])


def test_a_container_of_another_placement_is_left_over():
    found = status(hosts(edge=host(service("edge"), service("backend"))))

    assert found["left_over"] == ["edge: a container of backend is left, which belongs to app-1, app-2"]
    assert found["problems"] == []


def test_the_platforms_own_report_counts_and_busy_is_not_broken():
    busy = {"edge": {"status": "busy", "problems": ["The platform is busy"]}}
    broken = {"edge": {"status": "degraded", "problems": ["Component cache is unhealthy"]}}

    assert status(hosts(), busy)["problems"] == []
    assert status(hosts(), broken)["problems"] == ["edge: Component cache is unhealthy"]


def test_the_report_has_one_table_and_what_is_wrong_below_it():
    period = {"active": True, "until": "2026-11-29T06:00:00Z", "reason": "", "operators": []}
    by_host = hosts(app_2=host(service("helper")), edge=host(service("edge", sandbox=True), maintenance=period))
    del by_host["app-1"]

    lines = REPORTS["environment"](status(by_host), CONTEXT)

    assert lines[:8] == [
        "Without app-1, which this run leaves out",
        "HOST  SERVICE    HEALTH     VERSION",
        "db    postgres   healthy    1.0",
        "app-2 backend    absent     -",
        "app-2 helper     healthy    1.0",
        "edge  edge       healthy    1.0          sandbox stand-in",
        "PROBLEM    app-2: backend is missing",
        "MAINTENANCE until 2026-11-29T06:00:00Z",
    ]
    assert "URL        https://a.example" in lines
    left = REPORTS["environment"](status(hosts(edge=host(service("edge"), service("backend")))), CONTEXT)
    assert "LEFT OVER  edge: a container of backend is left, which belongs to app-1, app-2" in left
    assert "           The next deploy removes it; its volumes stay" in left


def test_usage_is_below_its_service_if_it_was_measured():
    measured = service("backend", memory_bytes=2048, cpu_percent=1.5)

    lines = REPORTS["environment"](status(hosts(app_1=host(measured))), CONTEXT)

    assert lines[3] == f"{'':<16} 1.5% of a processor, 2.00 KB of memory"


def limits(driver: str = "json-file", max_size: str | None = "10m", limited: bool | None = True) -> dict[str, Any]:
    return {"driver": driver, "max_size": max_size, "max_file": 3 if max_size else None, "limited": limited}


def test_the_limits_of_logs_are_shown_once_for_all_services_that_have_them():
    services = [
        service("backend", log=limits()),
        service("edge", log=limits()),
        service("old"),
        service("no", log=None),
    ]

    assert report({"services": services}, "stack", {"url": ""})[-1] == (
        "Logs       json-file, at most 3 files of 10m: backend, edge"
    )


def test_an_unlimited_log_is_a_warning():
    services = [
        service("backend", log=limits()),
        service("minio", log=limits(max_size=None, limited=False)),
        service("edge", log=limits("journald", None, None)),
    ]

    assert report({"services": services}, "stack", {"url": ""})[-4:] == [
        "UNLIMITED  the log of minio may fill the disk: json-file without max-size",
        "           Set stack_log_max_size, or max-size in the override, and deploy",
        "Logs       json-file, at most 3 files of 10m: backend",
        "Logs       journald: edge",
    ]


def test_the_limits_of_logs_of_several_hosts_name_the_host():
    found = status(hosts(db=host(service("postgres", log=limits(max_size=None, limited=False)))))

    assert "UNLIMITED  the log of postgres on db may fill the disk: json-file without max-size" in REPORTS[
        "environment"
    ](found, CONTEXT)
