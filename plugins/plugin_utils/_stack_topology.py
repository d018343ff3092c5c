# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Divide the services of one stack among the hosts of its environment. No input or output.

On one host every service runs there, and the services reach each other by name. On several hosts a service that runs
elsewhere keeps its name, which is resolved to the private address of that host, at the port that is published there.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core import dotenv
from ansible_collections.convosphere.platform.plugins.module_utils._postgres import credentials
from ansible_collections.convosphere.platform.plugins.plugin_utils import _certificates
from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import Topology

#: The placement of each service, and the port of its container that other hosts use.
PLACEMENT_OF = {
    "postgres": "database",
    "redis": "database",
    "weaviate": "database",
    "minio": "database",
    "backend": "app",
    "frontend": "app",
    "agentrepo": "app",
    "edge": "edge",
}
#: The number of ports that the containers of a service of an app host may publish: old, new, and left over ones.
PORTS_OF_APP = 10
PORTS = {"postgres": 5432, "redis": 6379, "weaviate": 8080, "minio": 9000, "backend": 8000, "frontend": 8080}
#: The service of each other port that is published, and the address if not all have it: for HTTP, API, SQL and HTTPS.
LOCAL = (("edge", ""), ("edge", "127.0.0.1"), ("postgres", "127.0.0.1"), ("edge", ""))
#: The services that are replaced by a new container beside the one that serves.
BESIDE = ("backend", "frontend")
#: The placements whose hosts connect to a service that other hosts use.
CLIENTS = {"database": "app", "app": "edge"}
#: The certificate authority of the database, in the container of a backend on another host.
AUTHORITY = "/etc/convosphere/ca.crt"


@dataclass(frozen=True)
class HostStack:
    """The part of a stack that one host of an environment has."""

    host: str
    topology: Topology
    #: All services of the stack, in the order in which they are listed.
    stack: Sequence[str]
    #: By host.
    addresses: Mapping[str, str]
    #: The port of each service on the private address of its host.
    ports: Mapping[str, int]
    #: The host and the port of a managed PostgreSQL, which no host of the environment has as a service.
    managed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def several(self) -> bool:
        """Whether the stack is divided: a host that is not in the inventory's placements has all of it."""
        return self.topology.several and self.host in self.topology.hosts("all")

    @property
    def has_database(self) -> bool:
        """Whether this is the host of the placement ``database``, also if the database itself is a managed one."""
        return not self.several or self.host in self.topology.database

    def services(self) -> list[str]:
        """Return the services of this host."""
        own = self.topology.placements(self.host)
        return [name for name in self.stack if not self.several or PLACEMENT_OF[name] in own]

    def images(self) -> list[str]:
        """Return the services whose images this host needs: alembic runs on the database host, in the backend's."""
        more = ["backend"] if self.several and self.host in self.topology.database else []
        return list(dict.fromkeys([*self.services(), *more]))

    def extra_hosts(self) -> dict[str, str]:
        """Return the addresses of the services of the database host, by name, for a backend on another host."""
        if "backend" not in self.services():
            return {}
        address = self._address(self.topology.database[0]) if self.several else ""
        return dict.fromkeys(self._remote(), address)

    def endpoint(self, service: str) -> str:
        """Return the name and the port at which a backend of this host reaches a service."""
        if self.managed and service == "postgres":
            return f"{_bracketed(str(self.managed.get('host', '')))}:{self.managed.get('port', PORTS[service])}"
        return f"{service}:{self.ports[service] if service in self._remote() else PORTS[service]}"

    def published(self) -> dict[str, str]:
        """Return what this host publishes on its private address, as Compose writes it, by service."""
        return {
            name: f"{_bracketed(self._address(self.host))}:{self._port(name)}:{PORTS[name]}"
            for name in self.services()
            if name in PORTS and self._serves_others(name)
        }

    def beside(self) -> list[dict[str, Any]]:
        """Return the services that are replaced by a new container beside the one that serves, as the module's option.

        On several hosts each container has a port of its own on the private address, which ``.env`` names.
        """
        if not self.several:
            return [{"service": name, "port": PORTS[name]} for name in BESIDE]
        return [
            {
                "service": name,
                "port": PORTS[name],
                "variable": f"{name.upper()}_PORT",
                "first_port": self.ports[name],
                "last_port": self.ports[name] + PORTS_OF_APP - 1,
            }
            for name in BESIDE
        ]

    def _port(self, service: str) -> str:
        """Return the port on the private address, as Compose writes it."""
        if service in BESIDE:
            return f"${{{service.upper()}_PORT:-{self.ports[service]}}}"
        return str(self.ports[service])

    def database_clients(self) -> list[str]:
        """Return the networks of the other hosts that connect to the database, one address each.

        A host that leaves its placement serves until the edge is switched: it may connect until it leaves the
        environment's group.
        """
        if not self.several:
            return []
        hosts = [*(host for host in self.topology.app if host not in self.topology.database), *self.topology.unplaced]
        addresses = [self._address(host) for host in hosts]
        return [f"{address}/{ip_address(address).max_prefixlen}" for address in addresses if address]

    def needs_authority(self) -> bool:
        """Whether this host is given the authority of the database's certificate.

        Of a managed one it is for the backend, and on the database host for backups, migrations and users.
        """
        if self.managed:
            return self.has_database or "backend" in self.services()
        return "postgres" in self._remote()

    def database_query(self) -> str:
        """Return the end of the URL at which a backend of this host reaches the database."""
        crosses_hosts = self.managed or "postgres" in self._remote()
        return f"?sslmode=verify-full&sslrootcert={AUTHORITY}" if crosses_hosts else ""

    def _remote(self) -> list[str]:
        """Return the services with state that run on another host."""
        here = self.services()
        return [name for name in self.stack if PLACEMENT_OF[name] == "database" and name not in here]

    def _serves_others(self, service: str) -> bool:
        """Whether a host connects to the service at its private address: every edge does so with all backends."""
        if not self.several:
            return False
        placement = PLACEMENT_OF[service]
        clients = self.topology.hosts(CLIENTS[placement])
        return placement == "app" or any(host not in self.topology.hosts(placement) for host in clients)

    def _address(self, host: str) -> str:
        return str(self.addresses.get(host) or "")

    def describe(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "several": self.several,
            "services": self.services(),
            "images": self.images(),
            "database_host": next(iter(self.topology.database), self.host) if self.several else self.host,
            "address": self._address(self.host),
            "extra_hosts": self.extra_hosts(),
            "endpoints": {name: self.endpoint(name) for name in PORTS},
            "published": self.published(),
            "beside": self.beside(),
            "database_clients": self.database_clients(),
            "database_query": self.database_query(),
            "has_database": self.has_database,
            "needs_authority": self.needs_authority(),
            "is_managed": bool(self.managed),
        }


def published_ports(model: Mapping[str, Any], local: Iterable[Any]) -> list[dict[str, Any]]:
    """Return the ports that a host publishes: those in ``local`` of its services, and those on its private address.

    ``local`` has the ports of ``LOCAL``, None for one that is not published.
    """
    found = [
        {"port": port, **({"host_ip": host_ip} if host_ip else {})}
        for (service, host_ip), port in zip(LOCAL, local)
        if port is not None and service in model["services"]
    ]
    # The containers of an app host take ports that are free, whichever they are.
    for text in (text for name, text in model["published"].items() if name not in BESIDE):
        address, port, _target = text.rsplit(":", 2)
        found.append({"port": int(port), "host_ip": address.strip("[]")})
    return found


def shared_secrets(
    text: str,
    names: Iterable[str],
    model: Mapping[str, Any],
    environment: str,
    *,
    complete: bool,
    owner: str = "",
    reissue: bool = False,
    step: str = _certificates.KEEP,
) -> dict[str, Any]:
    """Return the secrets that a host is given, the authority of the database's certificate, and the login role.

    ``text`` is that of the file ``.env`` of the database host. That host is given its certificate; the other secrets
    are stored there; ``reissue`` is whether it gets another one, ``step`` what becomes of the authority. Another host
    is given those of ``names``. Raises ValueError if one is missing and has to be there.
    """
    stored = {name: str(value) for name, value in dotenv.parse(text).items()}
    if model["has_database"] and model["is_managed"]:
        return {"secrets": {}, "authority": ""}
    if "postgres" in model["services"]:
        address = model["address"]
        issued = _certificates.database_certificate(stored, environment, address, reissue=reissue, step=step)
        return {"secrets": issued, "authority": _certificates.trusted(issued)}
    authority = [] if model["is_managed"] else ["POSTGRES_TLS_CA"]
    desired = [*names, *authority] if "backend" in model["services"] else []
    missing = [name for name in desired if not stored.get(name)]
    if missing and complete:
        raise ValueError(
            f"The database host {model['database_host']} has no {', '.join(missing)} in its .env, where the secrets of"
            f" {environment} are. Nothing was changed on this host. Deploy the database host first."
        )
    found = {name: stored[name] for name in desired if stored.get(name)}
    login = credentials.login_of(stored, owner) if authority and desired else ""
    known = _certificates.trusted(stored, environment, step) if found.pop("POSTGRES_TLS_CA", "") else ""
    shared = {"authority": known, "secrets": found}
    return {**shared, "login": login} if login else shared


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
