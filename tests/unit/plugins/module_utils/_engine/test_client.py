# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket
import sys
import threading
from pathlib import Path
from typing import Any
from unittest.mock import Mock, patch

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import EngineError
from ansible_collections.convosphere.platform.plugins.module_utils._engine import client as engine_client
from docker.errors import APIError

from support.containers import container, engine


def test_no_socket_means_that_the_engine_is_not_running():
    with pytest.raises(
        EngineError, match=r"Docker Engine is not running at unix:///nowhere\.sock\. Run the playbook"
    ) as caught:
        engine_client.connect("unix:///nowhere.sock", 5)

    assert caught.value.details["reason"] == "not running"


def test_a_socket_that_nobody_listens_on(tmp_path: Path):
    path = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))

    with pytest.raises(EngineError) as caught:
        engine_client.connect(f"unix://{path}", 5)

    assert caught.value.details["reason"] == "not running"


def test_a_port_that_nobody_listens_on():
    with pytest.raises(EngineError) as caught:
        engine_client.connect("tcp://127.0.0.1:9", 5)

    assert caught.value.details["reason"] == "not running"


def test_an_engine_that_does_not_answer(tmp_path: Path):
    path = tmp_path / "deaf.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with pytest.raises(EngineError, match="does not answer within 1 s") as caught:
            engine_client.connect(f"unix://{path}", 1)

    assert caught.value.details["reason"] == "no answer"


def test_an_engine_that_talks_something_else(tmp_path: Path):
    path = tmp_path / "odd.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def answer() -> None:
            peer, _address = listener.accept()
            peer.recv(1000)
            peer.sendall(b"220 smtp.example.org ESMTP\r\n")
            peer.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(EngineError) as caught:
            engine_client.connect(f"unix://{path}", 5)
        thread.join()

    assert caught.value.details["reason"] == "no answer"


@pytest.mark.parametrize(
    "wrapped", [PermissionError(13, "Permission denied"), Exception("('x', PermissionError(13, 'Permission denied'))")]
)
def test_a_refusal_says_how_to_get_permission(wrapped: Exception):
    error = RuntimeError("Error while fetching server API version")
    error.__cause__ = wrapped
    raised = error if isinstance(wrapped, OSError) else wrapped
    refused = pytest.raises(EngineError, match=r"No permission .*become: true")
    with patch("docker.DockerClient", side_effect=raised), refused as caught:
        engine_client.connect("unix:///var/run/docker.sock", 5)

    assert caught.value.details["reason"] == "no permission"


def test_a_missing_sdk_is_named():
    with patch.dict("sys.modules", {"docker": None}), pytest.raises(EngineError, match="python3-docker"):
        engine_client.connect("unix:///var/run/docker.sock", 5)


@pytest.mark.parametrize(("own", "calls"), [(True, ["remove_shim"]), (False, ["remove_shim", "add_shim"])])
def test_setuptools_is_spared_where_python_has_its_own_distutils(own: bool, calls: list[str]):
    shim = Mock()
    with (
        patch.dict("sys.modules", {"_distutils_hack": shim}),
        patch.object(engine_client, "find_spec", return_value=own or None),
    ):
        engine_client._prefer_own_distutils()

    assert [call[0] for call in shim.method_calls] == calls


def test_no_engine_yet_is_none_only_where_it_belongs_and_only_when_there_is_none():
    missing = EngineError("x", reason="not running")
    with patch.object(engine_client, "connect", side_effect=missing):
        assert engine_client.connect_if_there(engine_client.DEFAULT_HOST, 5) is None
        with pytest.raises(EngineError):
            engine_client.connect_if_there("tcp://elsewhere:2375", 5)
    with (
        patch.object(engine_client, "connect", side_effect=EngineError("x", reason="no permission")),
        pytest.raises(EngineError),
    ):
        engine_client.connect_if_there(engine_client.DEFAULT_HOST, 5)


def test_a_failure_of_the_engine_says_what_was_under_way():
    refused = APIError("409 Conflict", explanation="port is already allocated")
    with (
        pytest.raises(EngineError, match="Docker Engine failed to start a: port is already allocated"),
        engine_client.asking("start a"),
    ):
        raise refused
    with pytest.raises(EngineError, match=r"^as it is$"), engine_client.asking("start a"):
        raise EngineError("as it is")


def test_containers_by_service_without_those_of_compose_run():
    once = container("backend", number=9, labels={"com.docker.compose.oneoff": "True"})
    client = engine(container("backend", number=2), once, container("edge"), container("backend"))

    found = engine_client.project_containers(client, "p")

    assert {name: [str(item.name) for item in items] for name, items in found.items()} == {
        "backend": ["p-backend-1", "p-backend-2"],
        "edge": ["p-edge-1"],
    }
    assert client.containers.list.call_args.kwargs["ignore_removed"] is True


def test_names_of_projects():
    client = Mock()
    client.api.containers.return_value = [{"Labels": {"com.docker.compose.project": name}} for name in ("b", "a", "b")]

    assert engine_client.project_names(client) == ["a", "b"]


def test_in_parallel_keeps_the_order_runs_at_once_and_raises():
    together = threading.Barrier(3, timeout=20)

    def meet(number: int) -> int:
        together.wait()
        return number * 2

    def fail(number: int) -> int:
        raise EngineError(f"number {number}")

    assert engine_client.in_parallel(meet, [1, 2, 3]) == [2, 4, 6]
    assert engine_client.in_parallel(fail, []) == []
    with pytest.raises(EngineError, match="number 1"):
        engine_client.in_parallel(fail, [1, 2])


@pytest.mark.parametrize(
    ("given", "own", "used"), [(0, 60, 0), (2, 60, 2), (None, 60, 60), (None, 0, 0), (None, None, 10)]
)
def test_stop_timeout(given: int | None, own: int | None, used: int):
    found: Any = Mock(status="running", attrs={"Config": {"StopTimeout": own}})

    engine_client.stop_container(found, given)

    found.stop.assert_called_once_with(timeout=used)
    found.unpause.assert_not_called()


def test_a_paused_container_is_thawed_before_it_is_stopped_and_instead_of_started():
    found: Any = Mock(status="paused", attrs={"Config": {}})

    engine_client.stop_container(found, 3)
    assert [call[0] for call in found.method_calls] == ["unpause", "stop"]

    found.reset_mock()
    engine_client.start_container(found, 3)
    assert [call[0] for call in found.method_calls] == ["unpause"]


def test_a_container_in_a_restart_loop_is_stopped_before_it_is_started():
    found: Any = Mock(status="restarting", attrs={"Config": {}})

    engine_client.start_container(found, 0)

    assert [call[0] for call in found.method_calls] == ["stop", "start"]


def test_log_lines_without_empty_ones_and_whatever_the_encoding():
    assert engine_client.last_log_lines(container("a")) == ["first", "last \ufffd"]


def test_a_missing_sdk_is_reported_with_the_interpreter_that_lacks_it():
    with patch.dict(sys.modules, {"docker": None}), pytest.raises(EngineError) as caught:
        engine_client.connect("unix:///nowhere.sock", 5)

    assert f"Python {sys.executable}" in str(caught.value)
    assert "(docker)" in str(caught.value)
    assert caught.value.details["reason"] == "not installed"
