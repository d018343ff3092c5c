# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Relay the connections of a boot to the database server, from a socket in a directory that its container mounts.

The network of a boot has no way out, and the server may be a container of the platform, a program on the host or on
another one. This process reaches it in any case, with the address, the TLS and the certificate of its own connection.
Nothing of the server changes, no port is opened, and the relay ends with this process.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

#: The name of the socket that libpq expects in a directory, and the bytes of a message that asks the server for TLS.
SOCKET = ".s.PGSQL.5432"
_ASK_FOR_TLS = struct.pack("!ii", 8, 80877103)
_PIECE = 65536
_ENCRYPTED = ("require", "verify-ca", "verify-full")


class Relay:
    """Relay connections from a socket in ``directory`` to the server of ``params``, until ``close``."""

    def __init__(self, params: Mapping[str, Any], directory: Path) -> None:
        self.params = params
        #: How many connections were relayed, and why the last one could not be, if one could not.
        self.connections = 0
        self.problem: str | None = None
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._path = directory / SOCKET

    def open(self) -> Relay:
        """Begin to accept connections."""
        self._listener.bind(str(self._path))
        self._path.chmod(0o666)  # the backend runs as a user of its image; the server asks for a password
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def close(self) -> None:
        """Accept no more connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            try:
                server = connect(self.params)
            except (OSError, ValueError) as error:
                self.problem = str(error)
                return
            self.connections += 1
            with server, suppress(OSError):
                _exchange(client, server)


def connect(params: Mapping[str, Any]) -> socket.socket:
    """Return a connection to the server that the options of a connection describe. Raises OSError."""
    port, timeout = params["login_port"], params["connect_timeout"]
    if params["login_unix_socket"]:
        local = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        local.connect(str(Path(params["login_unix_socket"]) / f".s.PGSQL.{port}"))
        return local
    plain = socket.create_connection((params["login_host"], port), timeout=timeout)
    mode = params["ssl_mode"]
    if mode in ("disable", "allow"):
        plain.settimeout(None)
        return plain
    plain.sendall(_ASK_FOR_TLS)
    if plain.recv(1) == b"S":
        found: socket.socket = _context(params).wrap_socket(plain, server_hostname=params["login_host"])
    elif mode in _ENCRYPTED:
        plain.close()
        raise OSError(f"the server {params['login_host']}:{port} does not offer TLS, and ssl_mode is {mode}")
    else:
        found = plain
    found.settimeout(None)
    return found


def _context(params: Mapping[str, Any]) -> ssl.SSLContext:
    """Return how libpq would verify the server's certificate."""
    context = ssl.create_default_context(cafile=params["ca_cert"])
    if params["ssl_mode"] != "verify-full":
        context.check_hostname = False
    if not params["ssl_mode"].startswith("verify") and not params["ca_cert"]:
        context.verify_mode = ssl.CERT_NONE
    return context


def _exchange(client: socket.socket, server: socket.socket) -> None:
    """Pass all bytes in both directions until one side ends."""
    others = {client: server, server: client}
    while True:
        for source in select.select(list(others), [], [])[0]:
            more = True
            while more:
                piece = source.recv(_PIECE)
                if not piece:
                    return
                others[source].sendall(piece)
                # TLS may have decrypted more than was read, which select does not see.
                more = isinstance(source, ssl.SSLSocket) and source.pending() > 0
