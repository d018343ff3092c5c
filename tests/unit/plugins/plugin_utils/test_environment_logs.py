# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.convosphere.platform.plugins.filter.environment_logs import environment_logs
from ansible_collections.convosphere.platform.plugins.filter.report import report

GROUPS = {"prod": ["app-1", "app-2", "db"], "database": ["db"], "app": ["app-1", "app-2"], "edge": ["app-1"]}
ONE = {"dev": ["dev-1"], "database": ["dev-1"], "app": ["dev-1"], "edge": ["dev-1"]}


def record(second: int, message: str = "", service: str = "backend", number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "time": f"2026-11-29T10:00:{second:02}.123456789Z",
        "service": service,
        "container": f"convosphere-prod-{service}-{number}",
        "stream": "stderr",
        "level": "info",
        "source": None,
        "message": message or f"at {second}",
        **more,
    }


def host(*records: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"records": list(records), "truncated": False, "unreadable": {}, "unknown": [], **more}


def logs(by_host: dict[str, Any], tail: Any = 100, groups: Any = None, env: str = "prod") -> dict[str, Any]:
    return environment_logs(by_host, env, GROUPS if groups is None else groups, "convosphere-prod", tail)


def lines(found: dict[str, Any]) -> list[str]:
    return report(found, "logs", {"tail": 100})


def test_the_records_of_all_hosts_are_in_the_order_of_time():
    apps = {"app-1": host(record(1), record(4)), "app-2": host(record(2), record(3))}
    found = logs({**apps, "db": host(record(5, service="postgres"))})

    assert [(each["host"], each["message"]) for each in found["records"]] == [
        ("app-1", "at 1"),
        ("app-2", "at 2"),
        ("app-2", "at 3"),
        ("app-1", "at 4"),
        ("db", "at 5"),
    ]
    assert (found["hosts"], found["left_out"], found["truncated"]) == (["db", "app-1", "app-2"], [], False)
    assert lines(found)[-1] == "2026-11-29T10:00:05.123Z db postgres-1 INFO     at 5"


def test_the_newest_are_kept_by_number_and_by_size():
    found = logs({"app-1": host(record(1), record(3)), "app-2": host(record(2))}, tail="2")

    assert [each["message"] for each in found["records"]] == ["at 2", "at 3"]
    assert found["truncated"]
    assert len(logs({"db": host(*(record(second, "x" * 300_000) for second in range(9)))})["records"]) == 3


def test_what_is_missing_is_named():
    found = logs({"app-1": {"msg": "no engine"}, "db": host(record(1), truncated=True, unreadable={"c-1": "syslog"})})

    assert found["unreadable"] == [{"host": "db", "container": "c-1", "reason": "syslog"}]
    assert lines(found)[:3] == [
        "Without app-1, app-2, which did not take part in this run",
        "Without c-1 on db: syslog",
        "The newest 1 records; there are older ones: -e tail=1000",
    ]


def test_a_traceback_is_shown_with_all_its_lines_and_one_host_is_not_named():
    failed = record(1, "It failed\nTraceback (most recent call last):\nValueError", level="error", source="app:serve:1")
    by_json = record(2, "done", number=2, level=None, fields={"status": 200, "user": "a b", "id": "x"})
    found = environment_logs({"dev-1": host(failed, by_json)}, "dev", ONE, "convosphere-prod")

    assert lines(found) == [
        "2026-11-29T10:00:01.123Z backend-1 ERROR    app:serve:1 - It failed",
        "    Traceback (most recent call last):",
        "    ValueError",
        '2026-11-29T10:00:02.123Z backend-2 -        done status=200 user="a b" id=x',
    ]
    assert lines(environment_logs({"dev-1": host()}, "dev", ONE, "x")) == ["No record matches"]


def test_a_service_that_no_host_has_is_refused():
    there = {"app-1": host(unknown=["backnd", "postgres"]), "db": host(unknown=["backnd", "backend"])}

    with pytest.raises(AnsibleFilterError, match=r"prod has no service backnd\. status\.yml -e env=prod lists"):
        logs(there)
