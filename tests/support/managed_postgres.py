# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL that imitates a managed one: TLS by an authority of its own, and a role with its own database only."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils._certificates import database_certificate

from support.compose_project import docker
from support.environment import free_ports, wait_until
from support.playbook import run_playbook
from support.sandbox import image, role_play

NAME, USER = "tenant_7", "tenant_7_owner"
#: It refuses connections without TLS, and is administered by its socket.
START = """
set -eu
umask 077
mkdir -p /run/managed
printf '%s' "$TLS_KEY" > /run/managed/key
printf '%s' "$TLS_CERT" > /run/managed/cert
printf 'local all all trust\\nhostssl all all all scram-sha-256\\n' > /run/managed/hba
chown -R postgres:postgres /run/managed
exec docker-entrypoint.sh postgres -c ssl=on -c ssl_key_file=/run/managed/key -c ssl_cert_file=/run/managed/cert \
    -c hba_file=/run/managed/hba -c listen_addresses="$ADDRESS" -c port="$PORT"
"""


class ManagedPostgres:
    """The server, which both the host and the containers reach at the same address."""

    def __init__(self, password: str) -> None:
        self.container = f"cvmanaged-{uuid.uuid4().hex[:8]}"
        self.password = password
        network = json.loads(docker("network", "inspect", "bridge"))[0]
        # The engine's own address there: it is not always in the description of its first network.
        self.address = str(next(ip_network(network["IPAM"]["Config"][0]["Subnet"]).hosts()))
        (self.port,) = free_ports(1)
        self.issued = database_certificate({}, "managed", self.address)

    @property
    def option(self) -> dict[str, Any]:
        """The value of stack_managed_database."""
        authority = self.issued["POSTGRES_TLS_CA"]
        return {"host": self.address, "port": self.port, "name": NAME, "user": USER, "ca": authority}

    def start(self) -> None:
        """Start it, and create the role and its database."""
        variables = {
            "POSTGRES_PASSWORD": uuid.uuid4().hex,
            "TLS_KEY": self.issued["POSTGRES_TLS_KEY"],
            "TLS_CERT": self.issued["POSTGRES_TLS_CERT"],
            "ADDRESS": self.address,
            "PORT": str(self.port),
        }
        given = [f"--env={name}={value}" for name, value in variables.items()]
        docker(
            *("run", "--detach", f"--name={self.container}", "--network=host", *given, image("postgres")),
            *("sh", "-c", START),
        )
        ready = f"pg_isready --quiet --host={self.address} --port={self.port}"
        check = f"{ready} && echo ready || true"
        wait_until(lambda: "ready" in docker("exec", self.container, "sh", "-c", check), "the managed PostgreSQL", 60)
        password = self.password.replace("'", "''")
        self.sql(f"CREATE ROLE {USER} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '{password}'", "postgres")
        self.sql(f"CREATE DATABASE {NAME} OWNER {USER}", "postgres")

    def sql(self, statement: str, database: str = NAME) -> str:
        """Return what the server's administrator is answered, a line a row."""
        psql = ("psql", "--username=postgres", f"--port={self.port}", f"--dbname={database}")
        options = ("--tuples-only", "--no-align", "--quiet", "--set=ON_ERROR_STOP=1")
        return docker("exec", "--user=postgres", self.container, *psql, *options, f"--command={statement}").strip()

    def databases(self) -> list[str]:
        """Return the names of all databases."""
        return self.sql("SELECT datname FROM pg_database ORDER BY 1", "postgres").split()


@contextmanager
def managed_postgres(password: str, folder: Path) -> Iterator[ManagedPostgres]:
    """Yield a server that is removed afterwards, with its data."""
    images = [{"name": image("postgres"), "standin": "postgres"}]
    run_playbook(role_play(folder / "contexts", images), folder).succeeded()
    server = ManagedPostgres(password)
    try:
        server.start()
        yield server
    finally:
        docker("rm", "--force", "--volumes", server.container)
