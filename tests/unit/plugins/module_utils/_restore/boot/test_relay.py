# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay between a boot and the database server, with real sockets and a server that answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._restore.boot import relay
from ansible_collections.convosphere.platform.plugins.module_utils._restore.boot.relay import SOCKET, Relay

from support.sandbox import until

ASK_FOR_TLS = bytes.fromhex("0000000804d2162f")


@contextmanager
def server(tls: bytes | None = b"N") -> Iterator[tuple[int, list[bytes]]]:
    """Run a server that answers a question for TLS with one byte, and then returns each message in capitals."""
    asked: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            with connection:
                if tls is not None:
                    asked.append(connection.recv(8))
                    connection.sendall(tls)
                while piece := connection.recv(1024):
                    connection.sendall(piece.upper())

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1], asked
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def params(port: int, **more: Any) -> dict[str, Any]:
    defaults = {"login_host": "127.0.0.1", "login_port": port, "login_unix_socket": None, "ssl_mode": "prefer"}
    return {**defaults, "connect_timeout": 5, "ca_cert": None, **more}


@contextmanager
def relayed(folder: Path, tls: bytes | None = b"N", **more: Any) -> Iterator[tuple[Relay, list[bytes]]]:
    """Open a relay in a folder to a server of its own; yield it, and what the server was asked."""
    with ExitStack() as opened:
        port, asked = opened.enter_context(server(tls))
        yield opened.enter_context(closing(Relay(params(port, **more), folder).open())), asked


def say(folder: Path, text: bytes) -> bytes:
    with closing(socket.socket(socket.AF_UNIX)) as client:
        client.connect(str(folder / SOCKET))
        if text:
            client.sendall(text)
        client.settimeout(10)
        return client.recv(1024)


def test_bytes_pass_in_both_directions_and_connections_are_counted(tmp_path):
    with relayed(tmp_path) as (found, asked):
        assert found.connections == 0
        assert [say(tmp_path, text) for text in (b"hello", b"again")] == [b"HELLO", b"AGAIN"]

        assert (found.connections, found.problem) == (2, None)
        assert asked == [ASK_FOR_TLS] * 2
        assert (tmp_path / SOCKET).stat().st_mode & 0o777 == 0o666


def test_tls_is_not_asked_for_if_it_is_disabled(tmp_path):
    with relayed(tmp_path, tls=None, ssl_mode="disable"):
        assert say(tmp_path, b"hello") == b"HELLO"


def test_a_server_without_tls_is_refused_if_it_is_required(tmp_path):
    with relayed(tmp_path, ssl_mode="verify-full") as (found, _asked):
        assert say(tmp_path, b"") == b""
        until(lambda: found.problem, "the problem")

    assert found.connections == 0
    assert "does not offer TLS, and ssl_mode is verify-full" in str(found.problem)


def test_a_server_that_cannot_be_reached_is_the_problem(tmp_path):
    with server() as (port, _asked):
        pass
    with closing(Relay(params(port), tmp_path).open()) as found:
        assert say(tmp_path, b"") == b""
        until(lambda: found.problem, "the problem")

    assert found.connections == 0


def test_a_socket_of_the_server_is_used_as_it_is(tmp_path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / ".s.PGSQL.5433"))
    listener.listen()

    with closing(listener), closing(relay.connect(params(5433, login_unix_socket=str(tmp_path)))) as connection:
        accepted, _address = listener.accept()
        connection.sendall(b"x")
        with accepted:
            assert accepted.recv(1) == b"x"


@pytest.mark.parametrize(
    ("mode", "given", "verifies", "checks_name"),
    [
        ("require", None, 0, False),
        ("require", "ca", 2, False),
        ("verify-ca", "ca", 2, False),
        ("verify-full", "ca", 2, True),
    ],
)
def test_a_certificate_is_verified_as_libpq_would(monkeypatch, mode, given, verifies, checks_name):
    real = relay.ssl.create_default_context
    monkeypatch.setattr(relay.ssl, "create_default_context", lambda cafile: real())

    context = relay._context({"ssl_mode": mode, "ca_cert": given})

    assert (int(context.verify_mode), context.check_hostname) == (verifies, checks_name)
