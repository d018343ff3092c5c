# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from unittest.mock import ANY

import pytest

from support.law import Refused

MODULE = "convosphere_certificate_info"


@pytest.fixture
def certificate(tmp_path):
    """Return the path of a certificate of 20 days, whose key is beside it."""
    path = tmp_path / "tls.crt"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "20", "-subj", "/O=X/CN=chat.test"]
    subprocess.run([*command, "-keyout", path.with_suffix(".key"), "-out", path], check=True, capture_output=True)
    return path


@pytest.fixture
def port(certificate):
    """Return the port of a server with that certificate."""
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.law
def test_law(run_info_law, certificate, port, tmp_path):
    key = certificate.with_suffix(".key").read_text()
    env_file = tmp_path / ".env"
    env_file.write_text(f'SECRET_KEY="planted-secret-key"\nPOSTGRES_TLS_CERT="{certificate.read_text()}"\n')
    ends = {"subject": "chat.test", "expires": ANY, "days_left": 19, "lifetime_days": 20, "share_left": 1.0}

    run_info_law(
        MODULE,
        {
            "files": [
                {"name": "own", "path": str(certificate)},
                {"name": "none", "path": f"{tmp_path}/missing"},
            ],
            "variables": [{"name": "database", "env_file": str(env_file), "variable": "POSTGRES_TLS_CERT"}],
            "servers": [{"name": "edge", "host": "127.0.0.1", "port": port, "server_name": "chat.test"}],
        },
        returns={
            "certificates": [
                {"name": "own", "path": str(certificate), **ends},
                {"name": "database", "path": f"{env_file}: POSTGRES_TLS_CERT", **ends},
                {"name": "edge", "path": f"chat.test:{port}", **ends},
            ],
            "problems": [{"name": "none", "path": f"{tmp_path}/missing", "problem": "there is no such file"}],
        },
        refused=[
            Refused(
                "no port", {"servers": [{"name": "x", "host": "x", "port": 0}]}, "servers[0].port is 0: give a port"
            ),
            Refused("no time", {"timeout": 0}, "timeout is 0: give a number of at least 1"),
        ],
        secrets=["planted-secret-key", key.splitlines()[1]],
    )
