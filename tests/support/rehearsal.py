# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment prod, with the variables of the checkout, on one machine or several that take the place of prod-1."""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2
import urllib3
import yaml

from support.collection import ROOT, load_yaml, role_variables
from support.compose_project import docker
from support.environment import SERVICES
from support.playbook import PlaybookRun, run_playbook
from support.remote_host import USER, RemoteHost

ENV = "prod"
HOST = "prod-1"
PROJECT = f"convosphere-{ENV}"
DIRECTORY = f"/opt/convosphere/{ENV}"
SETTINGS: dict[str, Any] = load_yaml(ROOT / f"inventories/{ENV}/group_vars/{ENV}/main.yml")
DEFAULTS: dict[str, Any] = load_yaml(ROOT / "roles/stack/defaults/main.yml")
IMAGES: dict[str, str] = role_variables("stack")["__stack_default_images"]
STANDINS = {**{service: service for service in SERVICES}, "edge": "caddy", "minio": "minio"}
#: Where only running machines write, or where Ansible and sshd work while they look.
NOT_LISTED = ("/dev", "/home/ansible/.ansible", "/proc", "/run", "/sys", "/tmp", "/var/log", "/var/tmp")
AUTHORITY = "/data/caddy/pki/authorities/local/root.crt"


def images(services: Iterable[str] = SERVICES) -> dict[str, str]:
    """Return the image of each service of prod."""
    wanted = {**DEFAULTS, **SETTINGS}
    return {service: jinja2.Template(IMAGES[service]).render(wanted) for service in services}


def build_images(folder: Path, services: Iterable[str] = SERVICES) -> None:
    """Have the images of prod on the controller: pulled if that is possible, else stand-ins."""
    wanted = [{"name": name, "standin": STANDINS[service]} for service, name in images(services).items()]
    settings = {"sandbox_images": wanted, "sandbox_directory": str(folder / "contexts"), "sandbox_pull_timeout": 5}
    role = {"role": "convosphere.platform.sandbox", "vars": settings}
    play = {"name": "Have the images", "hosts": "localhost", "gather_facts": False, "roles": [role]}
    run_playbook([play], folder).succeeded()


def controller_traces() -> dict[str, list[str]]:
    """Return the traces of a prod on the controller itself: files with their times, containers, networks, volumes."""
    places = (Path(DIRECTORY), Path("/var/backups/convosphere") / ENV, Path.home() / ".ssh")
    files = [file for place in places for file in (place, *place.rglob("*")) if file.exists()]
    found = {"file": sorted(f"{file} {file.lstat().st_mtime_ns}" for file in files)}
    for kind in ("container", "network", "volume"):
        everything = ("--all",) if kind == "container" else ()
        label = f"--filter=label=com.docker.compose.project={PROJECT}"
        found[kind] = sorted(docker(kind, "ls", *everything, "--quiet", label).split())
    return found


class Rehearsal:
    """prod on `hosts`, by their names in the inventory. `given` are the secrets that it gives, in an encrypted file.

    `placements` are the hosts of each placement, if they are not as in the inventory of the checkout.
    """

    def __init__(
        self,
        hosts: Mapping[str, RemoteHost],
        folder: Path,
        placements: Mapping[str, Sequence[str]] | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        self.hosts: Mapping[str, RemoteHost] = hosts
        self.folder = folder
        self.placements = placements or {}
        self.token = secrets.token_hex(8)
        self.given = {
            "OPENAI_API_KEY": f"sk-{self.token}-planted",
            # All that a shell, a URL, YAML, JSON or Compose could trip over.
            "POSTGRES_PASSWORD": f"p@:/?#[]&%41+ =,;'\"\\$HOME${{HOME}}`é-{self.token}",
        }
        self.password_file = folder / "vault-password"
        self.controller_before = controller_traces()
        self._write_inventory(variables or {})

    @property
    def host(self) -> RemoteHost:
        """The host of the database."""
        return self.hosts[self.placements.get("database", [HOST])[0]]

    @property
    def edge(self) -> RemoteHost:
        """The host of the edge, the same if there is one host."""
        return self.hosts[self.placements.get("edge", [HOST])[0]]

    def place(self, placements: Mapping[str, Sequence[str]]) -> None:
        """Change the placements in the inventory, as an operator would edit it. All hosts stay in the environment."""
        self.placements = placements
        groups: dict[str, Any] = {name: {"hosts": {host: {} for host in hosts}} for name, hosts in placements.items()}
        hosts = {name: self._connection(host) for name, host in self.hosts.items()}
        text = yaml.safe_dump({ENV: {"hosts": hosts}, **groups}, sort_keys=False)
        (self.folder / "inventory/hosts.yml").write_text(text)

    def run(
        self,
        playbook: str,
        extra_vars: Mapping[str, Any] | None = None,
        arguments: Sequence[str] = (),
        **settings: Any,
    ) -> PlaybookRun:
        """Run one of the collection's playbooks for prod as an operator would; `settings` are those of run_playbook.

        The inventories are those of the checkout, all of them; one more says where prod-1 is, and holds its secrets.
        With placements of its own, that one takes the place of the checkout's, of which it has the variables.
        """
        return run_playbook(
            ROOT / "playbooks" / playbook,
            self.folder,
            extra_vars={"env": ENV, **(extra_vars or {})},
            arguments=[*self.arguments, *arguments],
            # What Ansible itself keeps, its sockets among it, stays in the test's folder as well.
            env={"ANSIBLE_HOME": str(self.folder / "ansible")},
            **settings,
        )

    @property
    def arguments(self) -> list[str]:
        """The arguments of ansible-playbook that say where prod is."""
        names = ("dev", "staging") if self.placements else ("dev", "staging", ENV)
        inventories = [*(ROOT / "inventories" / name for name in names), self.folder / "inventory"]
        return [*(f"--inventory={path}" for path in inventories), f"--vault-password-file={self.password_file}"]

    def containers(self, host: RemoteHost | None = None) -> dict[str, dict[str, Any]]:
        """Return what a host's engine, that of the database if none is given, says of each service's container."""
        host = host or self.host
        label = f"--filter=label=com.docker.compose.project={PROJECT}"
        names = host.as_root("docker", "ps", "--all", "--quiet", label).split()
        found = json.loads(host.as_root("docker", "inspect", *names)) if names else []
        return {item["Config"]["Labels"]["com.docker.compose.service"]: item for item in found}

    def volumes(self) -> set[str]:
        """Return the names of prod's volumes."""
        label = f"--filter=label=com.docker.compose.project={PROJECT}"
        return set(self.host.as_root("docker", "volume", "ls", "--quiet", label).split())

    def sql(self, statement: str) -> str:
        """Return what prod's database answers, a line a row."""
        psql = ("psql", "--username=convosphere", "--tuples-only", "--no-align", "--quiet", "--file=-")
        container = self.containers()["postgres"]["Name"].lstrip("/")
        return self.host.as_root("docker", "exec", "--interactive", container, *psql, text=statement).strip()

    def secrets_file(self) -> str:
        """Return the text of the file with the secrets."""
        return self.host.as_root("cat", f"{DIRECTORY}/.env")

    def authority(self) -> str:
        """Return the certificate of the edge's own authority, as it is on the host."""
        container = self.containers(self.edge)["edge"]["Name"].lstrip("/")
        return self.edge.as_root("docker", "exec", container, "cat", AUTHORITY)

    @cached_property
    def trusted(self) -> Path:
        """The same in a file on the controller, brought there once, as an operator's browser would keep it."""
        path = self.folder / "authority.crt"
        path.write_text(self.authority())
        return path

    def https(self, method: str, path: str, **options: Any) -> urllib3.BaseHTTPResponse:
        """Return the edge's answer at prod's public name, resolved to the host; its certificate is verified."""
        domain = SETTINGS["stack_domain"]
        headers = {"Host": domain, **options.pop("headers", {})}
        with urllib3.HTTPSConnectionPool(
            self.edge.address,
            SETTINGS["stack_https_port"],
            ca_certs=str(self.trusted),
            server_hostname=domain,
            assert_hostname=domain,
            timeout=30,
            retries=False,
        ) as pool:
            return pool.request(method, path, headers=headers, redirect=False, **options)

    def http(self, path: str) -> urllib3.BaseHTTPResponse:
        """Return the same without encryption."""
        with urllib3.HTTPConnectionPool(
            self.edge.address, SETTINGS["stack_http_port"], timeout=30, retries=False
        ) as pool:
            return pool.request("GET", path, headers={"Host": SETTINGS["stack_domain"]}, redirect=False)

    def traces(self) -> set[str]:
        """Return every file of the host with mode, owner, size, time and link; its lists of packages are among them."""
        pruned = [word for path in NOT_LISTED for word in ("-path", path, "-prune", "-o")]
        shown = ["-printf", r"%p %y %m %u:%g %s %T@ %l\n"]
        return set(self.host.as_root("find", "/", *pruned, *shown).splitlines())

    def files_with(self, patterns: set[str], as_user: str) -> set[str]:
        """Return the files of the host in which `as_user`, root or the user `nobody`, can read one of `patterns`."""
        ask = self.host.as_root if as_user == "root" else self.host.as_nobody
        # The engine's images and the containers' files: hundreds of megabytes that only root can read.
        away = [f"--exclude-dir={name}" for name in ("proc", "sys", "overlay2")]
        command = ["grep", "-rlasF", "--devices=skip", *away, "--file=-", "/"]
        # 1: nothing found, 2: some could not be read.
        return set(ask(*command, text="\n".join(patterns), accepted=(0, 1, 2)).splitlines())

    def _write_inventory(self, variables: Mapping[str, Any]) -> None:
        self.password_file.touch(mode=0o600)
        self.password_file.write_text(secrets.token_urlsafe())
        inventory = self.folder / "inventory"
        group_vars = inventory / f"group_vars/{ENV}"
        group_vars.mkdir(parents=True)
        if self.placements:
            (group_vars / "main.yml").symlink_to(ROOT / f"inventories/{ENV}/group_vars/{ENV}/main.yml")
        self.place(self.placements)
        # prod does not take stand-ins for the platform; here there is nothing else.
        more = {"stack_allow_standins": True, **variables}
        (group_vars / "rehearsal.yml").write_text(yaml.safe_dump(more))
        vault = group_vars / "vault.yml"
        vault.write_text(yaml.safe_dump({"stack_secrets": self.given}))
        encrypt = ["ansible-vault", "encrypt", f"--vault-password-file={self.password_file}", str(vault)]
        subprocess.run(encrypt, check=True, capture_output=True)

    def _connection(self, host: RemoteHost) -> dict[str, Any]:
        where = {
            "ansible_host": host.address,
            "ansible_user": USER,
            "ansible_ssh_private_key_file": str(host.key),
            "ansible_ssh_extra_args": f"-o UserKnownHostsFile={host.known_hosts}",
        }
        return {**where, "stack_private_address": host.address} if self.placements else where
