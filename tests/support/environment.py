# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment of a test's own on this machine: its inventory, its ports, its directory, and the way to it.

It is brought up by the collection's own playbooks, and whatever becomes of them it is taken away by this file.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

from support.collection import NAMESPACE
from support.compose_project import docker
from support.law import assert_no_secret
from support.playbook import ROOT, PlaybookRun, run_playbook

PLACEMENTS = ("edge", "app", "database")
SERVICES = ("postgres", "redis", "weaviate", "backend", "frontend", "edge")
#: Who calls the playbooks, as sudo names them, and the login that a shell has after sudo.
OPERATOR = "ada"
LOGIN = pwd.getpwuid(os.getuid()).pw_name
#: The repositories of the images that a stack is made of.
IMAGES = ("postgres", "redis", "semitechnologies/weaviate", "caddy", "ghcr.io/convosphere/convosphere/*")
DEPLOY_TIMEOUT = 600
#: Variables of an environment whose tests do not watch a backend start: the stand-in does not take its four seconds.
QUICK_START = {"stack_extra_settings": {"SANDBOX_START_SECONDS": "0"}}


class Environment:
    """One environment on this machine: `host` is the inventory's name of it, `directory` is that of its stack."""

    #: localhost needs no other.
    address = ""

    def __init__(self, name: str, folder: Path, variables: Mapping[str, Any] | None = None) -> None:
        given = variables or {}
        self.name = name
        self.host = f"{name}-local"
        self.project = str(given.get("stack_project_name", f"convosphere-{name}"))
        self.folder = folder
        self.root = folder / "host"
        #: Beside the root: a refused run adds a record, and leaves no other trace.
        self.runs_file = folder / f"{name}.runs.jsonl"
        self.directory = Path(given.get("stack_directory", self.root / name))
        self.http_port, self.api_port, self.postgres_port = free_ports(3)
        self.url = f"http://localhost:{self.http_port}"
        self.given_secrets: dict[str, str] = dict(given.get("stack_secrets", {}))
        self._secrets: dict[str, str] = {}
        self._files_of_secrets: dict[str, int] = {}
        self.inventory = write_inventory(folder / "inventory", {name: self._variables(given)})

    def run(
        self, playbook: str, *, extra_vars: Mapping[str, Any] | None = None, checkout: Path = ROOT, **settings: Any
    ) -> PlaybookRun:
        """Run one of the collection's playbooks for this environment.

        deploy.yml runs as an operator does it from playbooks/, convosphere.platform.deploy from another directory.
        ``checkout`` is another checkout of the collection, below a directory ansible_collections.
        No secret, given or generated on the host, may be in the output.
        `settings` are those of run_playbook.
        """
        # A login shell says who an operator is; what tests run in need not.
        env = {"USER": LOGIN, "SUDO_USER": OPERATOR}
        if checkout != ROOT:
            env["ANSIBLE_COLLECTIONS_PATH"] = str(checkout.parents[2])
        run = run_playbook(
            (self.folder if playbook.startswith(NAMESPACE) else checkout / "playbooks") / playbook,
            self.folder,
            extra_vars={"env": self.name, **(extra_vars or {})},
            **{"inventory": self.inventory, "timeout": DEPLOY_TIMEOUT, "env": env, **settings},
        )
        assert_no_secret(run, {*self.given_secrets.values(), *self.secrets().values()})
        return run

    def secrets(self) -> dict[str, str]:
        """Return the secrets on the host, by name, as Compose understands their file; none before the first deploy."""
        if not (self.directory / ".env").exists():
            return {}
        # Every run asks, and Compose takes as long to answer as a short task.
        files = {path.name: path.stat().st_mtime_ns for path in self.directory.iterdir() if path.is_file()}
        if files != self._files_of_secrets:
            self._secrets, self._files_of_secrets = self._read_secrets(), files
        return self._secrets

    def _read_secrets(self) -> dict[str, str]:
        backend = json.loads(self.compose("config", "--format=json"))["services"]["backend"]["environment"]
        names = [line.partition("=")[0] for line in (self.directory / ".env").read_text().splitlines()]
        # Compose doubles each $ in what it prints, so that it could be read again.
        return {name: str(backend[name]).replace("$$", "$") for name in names if name in backend}

    def compose(self, *arguments: str) -> str:
        """Run `docker compose` as an operator would, in the directory of the stack, and return what it printed."""
        return docker("compose", f"--project-directory={self.directory}", *arguments)

    def container(self, service: str) -> str:
        """Return the name of a service's container, the newest one: a deploy replaces some beside the old one."""
        label = "--filter=label=com.docker.compose"
        names = docker(
            *("ps", "--all", "--format={{.Names}}", f"{label}.project={self.project}", f"{label}.service={service}"),
            f"{label}.oneoff=False",
        ).split()
        return names[0] if names else f"{self.project}-{service}-1"

    def inspect(self, service: str) -> dict[str, Any]:
        """Return what the engine says of a service's container."""
        found: dict[str, Any] = json.loads(docker("inspect", self.container(service)))[0]
        return found

    def states(self) -> dict[str, str]:
        """Return the state of each service's container, in the engine's words; those without one are left out."""
        names = self._names("container")
        found = json.loads(docker("inspect", *names)) if names else []
        return {item["Config"]["Labels"]["com.docker.compose.service"]: item["State"]["Status"] for item in found}

    def sql(self, statement: str) -> str:
        """Return what the environment's database answers, a line a row."""
        options = ("--user=postgres", self.container("postgres"))
        psql = ("psql", "--username=convosphere", "--tuples-only", "--no-align", "--quiet")
        return docker("exec", *options, *psql, f"--command={statement}").strip()

    @property
    def backups(self) -> Path:
        """The directory of its backups."""
        return self.root / "backups" / self.name

    def manifests(self) -> dict[str, dict[str, Any]]:
        """Return the manifests of its backups, by id, oldest first."""
        found = [json.loads(path.read_text()) for path in self.backups.glob("*.manifest.json")]
        return {item["id"]: item for item in sorted(found, key=lambda item: str(item["created_at"]))}

    def reports(self) -> list[str]:
        """Return the paths of the documents of its reports."""
        return sorted(map(str, (self.root / "reports").glob("*.json")))

    @contextmanager
    def without(self, service: str) -> Iterator[None]:
        """Yield the environment with one of its services stopped, while the block runs."""
        self.compose("stop", "--timeout=0", service)
        try:
            yield
        finally:
            self.run("services.yml", extra_vars={"service": service}).succeeded()

    def request(self, path: str, payload: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """Return status and answer of the edge, the answer parsed if it is JSON; payload makes it a POST.

        Raise OSError if no server answers.
        """
        data = None if payload is None else json.dumps(payload).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, _read(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, _read(error.read())

    def log_in(self) -> int:
        """Return the status of an administrator's login. The platform allows five in five minutes."""
        login = {"username": "admin", "password": self.secrets()["DEFAULT_ADMIN_PASSWORD"]}
        return self.request("/api/v1/auth/login", login)[0]

    def health(self) -> str:
        """Return the status that the platform reports through the edge."""
        _status, report = self.request("/api/v1/health/detailed")
        return str(report["status"])

    def traces(self) -> dict[str, Any]:
        """Return all that a run could leave behind: files with their times, containers, volumes, networks, images."""
        files = [self.root, *sorted(self.root.rglob("*"))] if self.root.exists() else []
        objects = {kind: self._names(kind) for kind in ("container", "volume", "network")}
        return {
            "files": {str(path): (path.lstat().st_mtime_ns, path.lstat().st_mode) for path in files},
            "images": sorted(
                docker("images", "--quiet", "--no-trunc", *(f"--filter=reference={name}" for name in IMAGES)).split()
            ),
            **objects,
        }

    def remove(self) -> None:
        """Take everything away, without help of what is tested here."""
        for kind, command in (
            ("container", ("rm", "--force")),
            ("network", ("network", "rm")),
            ("volume", ("volume", "rm")),
        ):
            names = self._names(kind)
            if names:
                docker(*command, *names)
        shutil.rmtree(self.root, ignore_errors=True)

    def _names(self, kind: str) -> list[str]:
        everything = ("--all",) if kind == "container" else ()
        label = f"--filter=label=com.docker.compose.project={self.project}"
        return sorted(docker(kind, "ls", *everything, "--quiet", label).split())

    def _variables(self, more: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "ansible_connection": "local",
            "ansible_python_interpreter": "/usr/bin/python3",
            "convosphere_environment": self.name,
            "environment_root": str(self.root),
            "environment_backup_root": str(self.root / "backups"),
            "environment_runs_file": str(self.runs_file),
            "maintenance_reports_directory": str(self.root / "reports"),
            # Any account that is there: a test leaves no user on the machine.
            "environment_user": "daemon",
            "sandbox_directory": str(self.root / "sandbox"),
            "stack_image_source": "sandbox",
            "stack_http_port": self.http_port,
            "stack_api_port": self.api_port,
            "stack_postgres_port": self.postgres_port,
            "stack_create_default_admin": True,
            **more,
        }


@contextmanager
def environment(name: str, folder: Path, variables: Mapping[str, Any] | None = None) -> Iterator[Environment]:
    """Yield an environment that does not exist before and is removed afterwards, also after a failure."""
    found = Environment(name, folder, variables)
    found.remove()  # what a killed run may have left
    try:
        yield found
    finally:
        found.remove()


def stop(name: str) -> None:
    """Stop the containers of an environment, if it has any."""
    running = docker("ps", "--quiet", f"--filter=label=com.docker.compose.project=convosphere-{name}").split()
    if running:
        docker("stop", "--time=0", *running)


def write_inventory(
    folder: Path, environments: Mapping[str, Mapping[str, Any]], placements: tuple[str, ...] = PLACEMENTS
) -> Path:
    """Write an inventory of one host an environment, `<name>-local`, with the group's variables; return its path."""
    folder.mkdir(parents=True)
    hosts: dict[str, dict[str, Any]] = {name: {f"{name}-local": {}} for name in environments}
    everywhere: dict[str, Any] = {host: {} for found in hosts.values() for host in found}
    groups = {**{name: {"hosts": found} for name, found in hosts.items()}}
    groups |= {placement: {"hosts": everywhere} for placement in placements}
    (folder / "hosts.yml").write_text(yaml.safe_dump(groups))
    for name, variables in environments.items():
        (folder / "group_vars").mkdir(exist_ok=True)
        (folder / f"group_vars/{name}.yml").write_text(yaml.safe_dump(dict(variables)))
    return folder / "hosts.yml"


def free_ports(count: int) -> list[int]:
    """Return TCP ports without a listener, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("0.0.0.0", 0))) for number in range(count)]
        return [item.getsockname()[1] for item in sockets]


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Poll a condition until it holds; raise AssertionError after the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        time.sleep(0.1)


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
