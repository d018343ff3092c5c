# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._host import engine_probe

INFO = {"DockerRootDir": "/srv/docker"}
VERSION = {"Version": "20.10.24", "ApiVersion": "1.41"}


@contextmanager
def engine(path: Path, answers: Mapping[str, Any]) -> Iterator[str]:
    """Serve these answers on a unix socket like Docker Engine, and 500 for any other path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(answers.get(self.path, {"message": "broken"})).encode()
            self.send_response(200 if self.path in answers else 500)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def address_string(self) -> str:
            return "unix"

        def log_message(self, *_args: object) -> None:
            return

    with ThreadingUnixStreamServer(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"unix://{path}"
        server.shutdown()
        thread.join()


def state(url: str, timeout: float = 5) -> dict[str, Any]:
    return engine_probe.EngineProbe(url, timeout).state()


def test_a_running_engine(tmp_path):
    with engine(tmp_path / "e.sock", {"/info": INFO, "/version": VERSION}) as url:
        found = state(url)

    assert (found["state"], found["version"], found["api_version"]) == (engine_probe.RUNNING, "20.10.24", "1.41")
    assert found["root"] == "/srv/docker"


def test_a_broken_engine_does_not_answer(tmp_path):
    with engine(tmp_path / "e.sock", {}) as url:
        found = state(url)

    assert found["state"] == engine_probe.NOT_ANSWERING
    assert found["detail"] == "GET /info returned 500 Internal Server Error"


def test_a_silent_engine_costs_its_timeout_and_no_more(tmp_path):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "e.sock"))
        silent.listen()

        assert state(f"unix://{tmp_path}/e.sock", 0.1)["state"] == engine_probe.NOT_ANSWERING


@pytest.mark.parametrize(
    ("program", "expected"), [("/usr/sbin/dockerd", engine_probe.STOPPED), (None, engine_probe.MISSING)]
)
def test_without_a_socket_the_program_decides(tmp_path, monkeypatch, program, expected):
    monkeypatch.setattr(engine_probe, "find_program", lambda _name: program)

    assert state(f"unix://{tmp_path}/none.sock")["state"] == expected


def test_a_socket_that_nobody_listens_on_is_a_stopped_engine(tmp_path, monkeypatch):
    monkeypatch.setattr(engine_probe, "find_program", lambda name: f"/usr/sbin/{name}")
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(tmp_path / "e.sock"))

    assert state(f"unix://{tmp_path}/e.sock")["state"] == engine_probe.STOPPED


def test_no_permission(monkeypatch):
    def refuse(_self: object, _path: str) -> None:
        raise PermissionError("Permission denied")

    monkeypatch.setattr(engine_probe.EngineProbe, "get", refuse)

    assert state("unix:///var/run/docker.sock")["state"] == engine_probe.NO_PERMISSION


def test_other_connections_are_refused():
    with pytest.raises(InputError, match="ssh://host: it must begin with unix:// or tcp://"):
        engine_probe.EngineProbe("ssh://host", 1)


def test_published_ports(tmp_path):
    containers = [
        {
            "Names": ["/dev-edge-1"],
            "Labels": {"com.docker.compose.project": "dev"},
            "Ports": [
                {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
                {"IP": "0.0.0.0", "PrivatePort": 443, "PublicPort": 8443, "Type": "udp"},
                {"PrivatePort": 2019, "Type": "tcp"},
            ],
        },
        {"Names": ["/alone"], "Labels": None, "Ports": None},
    ]
    with engine(tmp_path / "e.sock", {"/containers/json": containers}) as url:
        assert engine_probe.EngineProbe(url, 5).published() == [
            {"address": "0.0.0.0", "port": 8080, "container": "dev-edge-1", "project": "dev"}
        ]


def test_the_compose_plugin_must_be_a_program(tmp_path, monkeypatch):
    plugin = tmp_path / "docker-compose"
    monkeypatch.setattr(engine_probe, "PLUGIN_DIRECTORIES", (str(tmp_path),))
    assert engine_probe.find_compose_plugin() is None

    plugin.write_text("")
    plugin.chmod(0o644)
    assert engine_probe.find_compose_plugin() is None

    plugin.chmod(0o755)
    assert engine_probe.find_compose_plugin() == str(plugin)

    plugin.rename(tmp_path / "moved")
    plugin.symlink_to(tmp_path / "gone")
    assert engine_probe.find_compose_plugin() is None


def test_living_processes():
    assert engine_probe.is_alive(Path(f"/proc/{os.getpid()}/comm").read_text().strip())
    assert not engine_probe.is_alive("no-such-process")
