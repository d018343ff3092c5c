# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any
from unittest.mock import Mock, patch

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._app import health
from ansible_collections.convosphere.platform.plugins.module_utils._app.api_client import Answer
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import (
    ApiError,
    EngineError,
    UnhealthyError,
)

from support.containers import container, engine

BUSY = "The platform is busy: 15 connections to its database are in use"
CACHE_IS_ILL = "Component cache is unhealthy (connected)"


def report(status: str, **components: str) -> dict[str, Any]:
    parts = {name: {"status": word, "details": {"status": "connected"}} for name, word in components.items()}
    return {"status": status, "version": "0.1.2-beta", "environment": "production", "components": parts}


def with_pool(answer: dict[str, Any], size: int | None, in_use: int) -> dict[str, Any]:
    answer["components"]["database"]["details"].update({"pool_size": size, "checked_out": in_use})
    return answer


def api(answer: object, status: int = 200) -> Any:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return Mock(url="http://x", get=Mock(return_value=Answer("http://x/y", status, text, 0.0125)))


@pytest.mark.parametrize(
    ("answer", "status", "problems"),
    [
        (report("healthy", database="healthy", cache="healthy"), "healthy", []),
        (report("degraded", database="unhealthy"), "unhealthy", ["Component database is unhealthy (connected)"]),
        (
            report("degraded", database="healthy", cache="unhealthy"),
            "degraded",
            ["Component cache is unhealthy (connected)"],
        ),
        (report("healthy", cache="unhealthy"), "degraded", ["Component cache is unhealthy (connected)"]),
        (with_pool(report("degraded", database="unhealthy", cache="healthy"), 5, 15), "busy", [BUSY]),
        (with_pool(report("healthy", database="unhealthy"), 15, 15), "busy", [BUSY]),
        (
            with_pool(report("degraded", database="unhealthy", cache="unhealthy"), 5, 15),
            "unhealthy",
            ["Component database is unhealthy (connected)", CACHE_IS_ILL],
        ),
        (
            with_pool(report("degraded", database="unhealthy"), 20, 1),
            "unhealthy",
            ["Component database is unhealthy (connected)"],
        ),
        (
            with_pool(report("unhealthy", database="unhealthy"), 5, 15),
            "unhealthy",
            ["Component database is unhealthy (connected)"],
        ),
        (
            with_pool(report("degraded", database="unhealthy"), None, 15),
            "unhealthy",
            ["Component database is unhealthy (connected)"],
        ),
        (report("healthy"), "degraded", ["The platform's health report names no components"]),
        (
            report("degraded", cache="healthy"),
            "degraded",
            ["The platform reports that it is degraded: no reason given"],
        ),
        ({"status": "unhealthy", "error": "boom"}, "unhealthy", ["The platform reports that it is unhealthy: boom"]),
        ({"detail": "errors.not_found"}, "unreachable", ["http://x/y returned 200 without a health report"]),
        (["healthy"], "unreachable", ["http://x/y returned 200 without a health report"]),
        ("gone", "unreachable", ["http://x/y returned 200 and no JSON: 'gone'"]),
    ],
)
def test_verdict_on_the_platform(answer, status, problems):
    found = health.ask_platform(api(answer))

    assert (found["status"], found["problems"]) == (status, problems)


def test_the_status_code_says_nothing():
    assert health.ask_platform(api(report("healthy", database="healthy"), status=503))["status"] == "healthy"


@pytest.mark.parametrize(
    ("status", "milliseconds", "busy"),
    [
        ("healthy", 5000, True),
        ("healthy", 4999, False),
        ("busy", 10, True),
        ("unhealthy", 60_000, False),
        ("degraded", 60_000, False),
        ("unreachable", None, False),
    ],
)
def test_a_platform_is_busy_if_it_says_so_or_is_healthy_and_slow(status, milliseconds, busy):
    assert health.is_busy({"status": status, "latency_ms": milliseconds}) is busy


def test_a_platform_that_is_slow_is_given_more_time(monkeypatch):
    passed = iter(range(0, 1000, 40))
    monkeypatch.setattr(health, "time", Mock(monotonic=lambda: next(passed), sleep=Mock()))
    ill: dict[str, Any] = {"status": "degraded", "problems": [CACHE_IS_ILL]}
    answers = [{**ill, "latency_ms": 40_000}, {**ill, "latency_ms": 40_000}, {"status": "healthy"}]

    found = health.until_healthy(lambda: answers.pop(0), seconds=30, what="The platform", patience=240)

    assert found == {"status": "healthy"}
    with pytest.raises(UnhealthyError, match="The platform is degraded after 30 s"):
        health.until_healthy(lambda: {**ill, "latency_ms": 10}, seconds=30, what="The platform", patience=240)
    with pytest.raises(UnhealthyError, match="The platform is degraded after 240 s"):
        health.until_healthy(lambda: {**ill, "latency_ms": 40_000}, seconds=30, what="The platform", patience=240)


def test_a_busy_platform_is_not_waited_for():
    found = {"status": "busy", "problems": [BUSY]}

    assert health.until_healthy(lambda: found, seconds=0, what="The platform") == found


def test_nothing_answers():
    found = health.ask_platform(Mock(get=Mock(side_effect=ApiError("it does not answer"))))

    assert (found["status"], found["problems"], found["latency_ms"]) == ("unreachable", ["it does not answer"], None)


def test_what_is_known_of_the_platform():
    found = health.ask_platform(api(report("healthy", database="healthy")))

    assert (found["version"], found["environment"], found["latency_ms"]) == ("0.1.2-beta", "production", 12.5)
    assert found["components"] == {
        "database": {"status": "healthy", "latency_ms": None, "details": {"status": "connected"}}
    }


def test_versions_are_those_of_the_services():
    found = {"version": "0.1.2 Beta", "components": {"cache": {"details": {"version": "7.0.15"}}, "database": {}}}

    assert health.versions(found, "app") == {"app": "0.1.2 Beta", "redis": "7.0.15"}
    assert health.versions({"version": None, "components": {}}, "app") == {}


def test_latencies_of_the_components_that_have_a_route():
    components: dict[str, dict[str, Any]] = {name: {"latency_ms": None} for name in ("database", "cache", "new_one")}
    asked = api("{}")
    asked.get.side_effect = [Answer("u", 200, "{}", 0.0021), ApiError("too late")]

    health.add_latencies(asked, components)

    assert [part["latency_ms"] for part in components.values()] == [2.1, None, None]


@pytest.mark.parametrize(("status", "answered"), [(200, True), (399, True), (404, False), (502, False)])
def test_edge(status, answered):
    found = health.ask_edge(api("<html>", status=status))

    assert (found["answered"], found["status_code"], bool(found["problems"])) == (answered, status, not answered)


def test_edge_is_silent():
    found = health.ask_edge(Mock(url="http://e", get=Mock(side_effect=ApiError("nobody"))))

    assert found == {
        "url": "http://e",
        "answered": False,
        "status_code": None,
        "latency_ms": None,
        "problems": ["nobody"],
    }


def test_engine():
    client = engine(container("a", health="unhealthy"), container("b", "exited"), container("c"))
    with patch.object(health.engine_client, "connect", return_value=client):
        found = health.ask_engine("unix:///x", 5, "p")

    assert found["problems"] == ["Service a is running, unhealthy", "Service b is exited"]
    assert found["services"][2] == {"name": "c", "state": "running", "health": None}


def test_engine_without_the_project():
    with patch.object(health.engine_client, "connect", return_value=engine()):
        assert health.ask_engine("unix:///x", 5, "p") == {
            "services": [],
            "problems": ["There is no Compose project p"],
        }


@pytest.mark.parametrize("reason", ["not running", "no answer"])
def test_an_engine_that_is_down_is_a_problem(reason):
    with patch.object(health.engine_client, "connect", side_effect=EngineError("it is down", reason=reason)):
        assert health.ask_engine("unix:///x", 5, "p") == {"services": [], "problems": ["it is down"]}


def test_a_missing_permission_is_the_operators_to_give():
    refused = EngineError("no", reason="no permission")
    with patch.object(health.engine_client, "connect", side_effect=refused), pytest.raises(EngineError):
        health.ask_engine("unix:///x", 5, "p")
