# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import (
    EngineError,
    SlowError,
    UnhealthyError,
)
from ansible_collections.convosphere.platform.plugins.module_utils._engine import health_waiter
from ansible_collections.convosphere.platform.plugins.module_utils._engine.project import Project, Service
from docker.models.containers import Container

from support.containers import LONG_AGO, container

START = datetime(2026, 2, 1, tzinfo=UTC).timestamp()


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.passed = 0.0

    def sleep(self, seconds: float) -> None:
        self.passed += seconds

    def monotonic(self) -> float:
        return self.passed

    def time(self) -> float:
        return START + self.passed


@pytest.fixture(autouse=True)
def clock() -> Iterator[Clock]:
    found = Clock()
    with patch.object(health_waiter, "time", found):
        yield found


def waiter(*moments: list[Container], seconds: float = 60, **options: Any) -> health_waiter.Waiter:
    """Build a waiter for a service `a` that reads these states one after the other; the last one stays."""
    rest = list(moments)

    def read() -> Project:
        found = rest.pop(0) if len(rest) > 1 else rest[0]
        return Project("p", {"a": Service("a", tuple(found))}, None)

    return health_waiter.Waiter(read, seconds, **options)


def just_started(**attributes) -> Container:
    return container("a", started="2026-02-01T00:00:00Z", **attributes)


def test_what_runs_and_is_healthy_is_not_waited_for(clock):
    project = waiter([container("a", health="healthy")]).wait(["a"])

    assert project.services["a"].health == "healthy"
    assert clock.passed == 0


def test_a_running_service_that_is_excused_is_not_waited_for(clock):
    found = waiter([container("a", health="unhealthy")], excuse=lambda service: service.name == "a")

    found.wait(["a"])

    assert clock.passed == 0


@pytest.mark.parametrize(
    "ill", [container("a", "exited"), container("a", health="unhealthy", restarts=3), container("a", "restarting")]
)
def test_a_service_that_does_not_run_is_never_excused(ill):
    moments = [[container("a", health="unhealthy")], [ill]] if ill.attrs["RestartCount"] else [[ill]]
    answers = [False, True, True, True]

    with pytest.raises(UnhealthyError):
        waiter(*moments, seconds=1, excuse=lambda _service: answers.pop(0)).wait(["a"])


def test_what_was_just_read_is_not_read_again():
    found = Project("p", {"a": Service("a", (container("a"),))}, None)

    assert waiter([]).wait(["a"], found) is found


def test_waits_until_healthy(clock):
    starting = [container("a", health="starting")]

    waiter(starting, starting, [container("a", health="unhealthy")], [container("a", health="healthy")]).wait(["a"])

    assert clock.passed == pytest.approx(3 * health_waiter.POLL_SECONDS)


def test_a_container_without_a_health_check_is_believed_after_a_second(clock):
    waiter([just_started()]).wait(["a"])

    assert clock.passed == pytest.approx(1, abs=health_waiter.POLL_SECONDS)


def test_a_container_that_was_restarted_by_the_engine_is_believed_after_ten(clock):
    waiter([just_started(restarts=1)]).wait(["a"])
    assert clock.passed == pytest.approx(10, abs=health_waiter.POLL_SECONDS)

    waiter([container("a", restarts=1, started=LONG_AGO)]).wait(["a"])
    assert clock.passed == pytest.approx(10, abs=health_waiter.POLL_SECONDS), "it has been running for long"


def test_an_engine_with_another_time_is_believed_after_the_same_time(clock):
    waiter([container("a", started="2026-02-03T00:00:00Z")]).wait(["a"])

    assert clock.passed == pytest.approx(1, abs=health_waiter.POLL_SECONDS)


def test_time_is_up(clock):
    with pytest.raises(
        UnhealthyError, match=r"^a did not become healthy within 5 s: container p-a-1 is running and starting"
    ):
        waiter([container("a", health="starting")], seconds=5).wait(["a"])

    assert clock.passed == pytest.approx(5, abs=health_waiter.POLL_SECONDS)


@pytest.mark.parametrize(
    ("moments", "slow"),
    [
        ([[container("a", health="starting")]], True),
        ([[container("a", health="unhealthy")]], True),
        ([[container("a", health="starting")], [container("a", health="starting", restarts=1)]], False),
        ([[container("a", "restarting", restarts=1)]], False),
        ([[container("a", "created")]], False),
    ],
    ids=["starting", "unhealthy", "ended once meanwhile", "restarting", "never started"],
)
def test_only_what_runs_all_the_time_is_slow(moments, slow):
    with pytest.raises(UnhealthyError, match="within 5 s") as caught:
        waiter(*moments, seconds=5).wait(["a"])

    assert isinstance(caught.value, SlowError) is slow


def test_several_waits_share_the_time(clock):
    shared = waiter(
        [container("a", health="starting")],
        [container("a", health="healthy")],
        [container("a", health="starting")],
        seconds=3,
    )
    shared.wait(["a"])
    clock.sleep(2.5)

    with pytest.raises(UnhealthyError):
        shared.wait(["a"])
    assert clock.passed < 3.5


@pytest.mark.parametrize("status", ["exited", "dead"])
def test_what_ended_is_given_up_at_once(clock, status):
    with pytest.raises(
        UnhealthyError, match=rf"^a did not come up: container p-a-1 is {status} with exit code 3 after 2 restarts"
    ):
        waiter([container("a", status, exit_code=3, restarts=2)]).wait(["a"])

    assert clock.passed == 0


def test_a_service_that_lost_its_container_is_given_up_at_once():
    with pytest.raises(UnhealthyError, match="Service a has no container"):
        waiter([]).wait(["a"])


def test_a_restart_loop_is_given_up_after_three_more_restarts(clock):
    moments = [[just_started(restarts=count)] for count in (7, 8, 9, 10)]

    with pytest.raises(UnhealthyError, match="did not come up"):
        waiter(*moments).wait(["a"])

    assert clock.passed == pytest.approx(3 * health_waiter.POLL_SECONDS)


def test_an_early_crash_is_forgiven():
    moments = [[container("a", "restarting", restarts=1, exit_code=3)], [just_started(restarts=1, health="healthy")]]

    waiter(*moments).wait(["a"])


def test_the_error_says_all_there_is_to_know():
    probes = [{"ExitCode": 0, "Output": ""}, {"ExitCode": 7, "Output": "no luck\n"}]
    ill = container("a", number=2, health="unhealthy", probes=probes)

    error = health_waiter.unhealthy([Service("a", (container("a", health="healthy"), ill))], "did not come up")

    assert str(error) == (
        "a did not come up: container p-a-2 is running and unhealthy (last health probe ended with 7: no luck)\n"
        "Last lines of p-a-2:\nfirst\nlast \ufffd"
    )
    assert error.details["services"] == [
        {
            "service": "a",
            "container": "p-a-2",
            "state": "running",
            "health": "unhealthy",
            "exit_code": 0,
            "restarts": 0,
            "error": None,
            "probe_exit_code": 7,
            "probe": "no luck",
            "log": ["first", "last \ufffd"],
        }
    ]


def test_a_log_that_cannot_be_read_does_not_hide_the_error():
    broken = container("a", "exited", exit_code=1)
    broken.client.api.logs.side_effect = EngineError("the log driver does not support reading")  # type: ignore[union-attr]

    error = health_waiter.unhealthy([Service("a", (broken,))], "did not come up")

    assert "with exit code 1" in str(error)
    assert "does not support reading" in str(error)


def test_the_engines_own_reason_is_told():
    broken = container("a", "exited", exit_code=128)
    broken.attrs["State"]["Error"] = "exec: no such file"

    assert "(exec: no such file)" in str(health_waiter.unhealthy([Service("a", (broken,))], "did not come up"))
