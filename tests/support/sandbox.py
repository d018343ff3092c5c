# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins of the role sandbox, built from the checkout and run together on a network of their own."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import psycopg2
import requests
from docker.models.containers import Container

from support.playbook import ROOT, run_playbook

FILES = ROOT / "roles/sandbox/files"
STANDINS = ("backend", "caddy", "frontend", "minio", "postgres", "redis", "weaviate")
REPOSITORY = "sandbox-contract"
ADMIN = {"username": "root-admin", "email": "root-admin@example.com", "password": "Planted-Admin-1"}
DATABASE_KEY = "planted-database-password"
WAIT_SECONDS = 60


def content_tag() -> str:
    """Return a tag that changes with any file of the build contexts: an image under it is never a stale one."""
    digest = hashlib.sha256()
    for path in sorted(path for path in FILES.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        digest.update(f"{path.relative_to(FILES)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def image(standin: str) -> str:
    """Return the reference that the tests use a stand-in under."""
    return f"{REPOSITORY}/{standin}:{content_tag()}"


def role_play(folder: Path, images: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Return a play that runs the role for some images, with its contexts in `folder`."""
    settings = {"sandbox_images": images, "sandbox_directory": str(folder), "sandbox_pull_timeout": 5}
    role = {"role": "convosphere.platform.sandbox", "vars": settings}
    return [{"name": "Build", "hosts": "localhost", "gather_facts": False, "roles": [role]}]


def built(standin: str) -> str:
    """Return the reference of a stand-in, which is built first if no other test has done so."""
    client = docker.from_env()
    if not client.images.list(image(standin)):
        with tempfile.TemporaryDirectory(prefix="cvtest-build-") as folder:
            images = [{"name": image(standin), "standin": standin}]
            run_playbook(role_play(Path(folder) / "contexts", images), Path(folder)).succeeded()
    return image(standin)


def build_all(folder: Path) -> None:
    """Build every stand-in with the role, and drop those that an older checkout left."""
    images = [{"name": image(standin), "standin": standin} for standin in STANDINS]
    run_playbook(role_play(folder / "contexts", images), folder).succeeded()
    client = docker.from_env()
    for old in client.images.list(filters={"label": "org.convosphere.sandbox=true"}):
        for tag in old.tags:
            if tag.startswith(f"{REPOSITORY}/") and not tag.endswith(content_tag()):
                client.images.remove(tag)


def until(question: Callable[[], Any], what: str) -> Any:
    """Ask until the answer is true, and return it; AssertionError after a minute."""
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"waited {WAIT_SECONDS} s for {what}")


class NotRunningError(Exception):
    """A container publishes no port, because it does not run."""


class Sandbox:
    """Containers on one network, each known there by the name of its stand-in."""

    def __init__(self) -> None:
        self.name = f"sandbox-{uuid.uuid4().hex[:10]}"
        self.client = docker.from_env()
        self.network = self.client.networks.create(self.name)
        self.containers: dict[str, Container] = {}

    def run(self, standin: str, name: str = "", **options: Any) -> Container:
        """Start a container, known by `name` or else by the stand-in's; its port is published on loopback."""
        alias = name or standin
        port = {"postgres": 5432, "redis": 6379, "backend": 8000, "caddy": 80, "minio": 9000}.get(standin, 8080)
        container = self.client.containers.create(
            image(standin), name=f"{self.name}-{alias}", ports={str(port): ("127.0.0.1", 0)}, **options
        )
        self.containers[alias] = container
        self.network.connect(container, aliases=[alias])
        container.start()
        return container

    def run_backend(self, name: str = "backend", **environment: str) -> Container:
        """Start a backend that finds the other services, at once unless asked otherwise."""
        settings = {
            "DATABASE_URL": f"postgresql://convosphere:{DATABASE_KEY}@postgres:5432/convosphere",
            "REDIS_URL": "redis://redis:6379",
            "WEAVIATE_URL": "http://weaviate:8080",
            "WEAVIATE_API_KEY": "planted-weaviate-key",
            "ENVIRONMENT": "development",
            "SANDBOX_START_SECONDS": "0",
            "CREATE_DEFAULT_ADMIN": "true",
            **{f"DEFAULT_ADMIN_{key.upper()}": value for key, value in ADMIN.items()},
        }
        return self.run("backend", name, environment={**settings, **environment})

    def run_services(self) -> None:
        """Start what the backend needs, and wait until it answers."""
        database = {"POSTGRES_USER": "convosphere", "POSTGRES_PASSWORD": DATABASE_KEY}
        self.run("postgres", environment=database)
        self.run("redis")
        keys = {
            "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "false",
            "AUTHENTICATION_APIKEY_ENABLED": "true",
            "AUTHENTICATION_APIKEY_ALLOWED_KEYS": "planted-weaviate-key",
            "ENABLE_MODULES": "backup-filesystem",
            "BACKUP_FILESYSTEM_PATH": "/var/lib/weaviate/backups",
        }
        self.run("weaviate", environment=keys)
        self.wait_for_database()
        until(lambda: self.answers("weaviate", "/v1/.well-known/ready"), "weaviate")

    def address(self, name: str) -> str:
        """Return host:port of a container's published port."""
        container = self.containers[name]
        container.reload()
        published = [bindings for bindings in container.ports.values() if bindings]
        if not published:
            raise NotRunningError(name)
        return f"127.0.0.1:{published[0][0]['HostPort']}"

    def answers(self, name: str, path: str) -> bool:
        """Return whether a container answers a request with 200."""
        try:
            return requests.get(f"http://{self.address(name)}{path}", timeout=5).status_code == 200
        except (requests.ConnectionError, NotRunningError):
            return False

    def call(self, method: str, path: str, name: str = "backend", **options: Any) -> requests.Response:
        """Send one request on a connection of its own: after a 500 the backend may drop a kept one."""
        return requests.request(
            method, f"http://{self.address(name)}{path}", timeout=20, allow_redirects=False, **options
        )

    def execute(self, name: str, *command: str, **options: Any) -> tuple[int, str]:
        """Run a command in a container: its exit status and all that it printed."""
        status, output = self.containers[name].exec_run(list(command), **options)
        assert isinstance(output, bytes)
        return int(status or 0), output.decode()

    def wait_for_database(self) -> None:
        """Wait until PostgreSQL answers over the network."""
        ready = ("pg_isready", "--quiet", "--host", "127.0.0.1", "--username", "convosphere")
        until(lambda: self.execute("postgres", *ready)[0] == 0, "PostgreSQL")

    def query(self, statement: str, *values: Any, database: str = "convosphere") -> list[tuple[Any, ...]]:
        """Run one statement as the platform's database user; rows, or nothing if it has none."""
        host, port = self.address("postgres").split(":")
        connection = psycopg2.connect(host=host, port=port, user="convosphere", password=DATABASE_KEY, dbname=database)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def remove(self) -> None:
        """Take everything away again, volumes too."""
        for container in self.containers.values():
            container.remove(force=True, v=True)
        self.network.remove()


@contextmanager
def sandbox() -> Iterator[Sandbox]:
    """Yield an empty sandbox that leaves nothing behind."""
    running = Sandbox()
    try:
        yield running
    finally:
        running.remove()


def facts_folder() -> Path | None:
    """Return the folder of the measured facts about the platform, if they are available."""
    folder = Path(os.environ.get("CONVOSPHERE_PLATFORM_FACTS", ROOT.parent / "shared/platform"))
    return folder if (folder / "schema.json").is_file() else None


def digest(value: Any) -> str:
    """Return a short fingerprint of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
