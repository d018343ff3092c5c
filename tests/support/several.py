# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""prod over four hosts, one for the database, two for backend and frontend, one for the edge, and images to deploy."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from support.environment import SERVICES
from support.host_group import GroupHost, host_group
from support.rehearsal import DIRECTORY, SETTINGS, Rehearsal, build_images, images

PLACEMENTS = {"database": ["db-1"], "app": ["app-1", "app-2"], "edge": ["edge-1"]}
HOSTS = [host for hosts in PLACEMENTS.values() for host in hosts]
APPS = PLACEMENTS["app"]
#: What each host runs.
PLACED = {
    "db-1": {"postgres", "redis", "weaviate", "minio"},
    "app-1": {"backend", "frontend"},
    "app-2": {"backend", "frontend"},
    "edge-1": {"edge"},
}
ALL_SERVICES = (*SERVICES, "minio")
#: Uploads exist once; and the visitors log in.
VARIABLES = {"stack_minio": True, "stack_create_default_admin": True}
#: The service of an image, and lines of a Dockerfile that make it of that service's own, by its name.
Variants: TypeAlias = Mapping[str, tuple[str, tuple[str, ...]]]
VARIANTS: Variants = {
    "convosphere-rehearsal/backend:upgraded": ("backend", ("LABEL rehearsal=upgraded",)),
    "convosphere-rehearsal/backend:crashing": (
        "backend",
        (
            "USER root",
            "RUN echo 'raise SystemExit(\"planted: the backend ends itself\")' > /app/backend/main.py",
            "USER app",
        ),
    ),
}
UPGRADED, CRASHING = VARIANTS


class Several(Rehearsal):
    """prod on four hosts. It can have visitors, see `support/load.py`."""

    hosts: Mapping[str, GroupHost]
    url = f"https://{SETTINGS['stack_domain']}"

    @property
    def address(self) -> str:
        """The address of the edge, which no name server knows."""
        return self.edge.address

    def deploy(self, image: str = "", **settings: Any) -> Any:
        """Deploy prod, with this image of the backend."""
        return self.run("deploy.yml", {"stack_images": {"backend": image}} if image else {}, **settings)

    def secrets(self, host: str = "db-1") -> dict[str, str]:
        """Return the secrets of a host as they are written in its file; none without that file."""
        text = self.hosts[host].as_root("sh", "-c", f"cat {DIRECTORY}/.env || true")
        return dict(re.findall(r'^(\w+)="(.*)"$', text, re.MULTILINE))

    def request(self, path: str, payload: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """Return status and answer of the edge; payload makes it a POST."""
        if payload is None:
            answer = self.https("GET", path)
        else:
            answer = self.https("POST", path, body=json.dumps(payload), headers={"Content-Type": "application/json"})
        return answer.status, json.loads(answer.data)

    def running(self) -> dict[str, dict[str, tuple[str, str, str]]]:
        """Return id, image and start of each service's container, by host."""
        return {
            name: {
                service: (item["Id"], item["Config"]["Image"], item["State"]["StartedAt"])
                for service, item in self.containers(host).items()
            }
            for name, host in self.hosts.items()
        }

    def health(self) -> dict[str, dict[str, str]]:
        """Return the health of each service's container, by host."""
        return {
            name: {service: item["State"]["Health"]["Status"] for service, item in self.containers(host).items()}
            for name, host in self.hosts.items()
        }

    def backends(self) -> dict[str, list[str]]:
        """Return the images of all containers of the backend, by app host: two while a deploy replaces one."""
        label = "--filter=label=com.docker.compose.service=backend"
        command = ("docker", "ps", "--format={{ .Image }}", label)
        return {name: self.hosts[name].as_root(*command).split() for name in APPS}

    def routed(self) -> set[str]:
        """Return the images of the containers that the edge sends requests for the backend to."""
        state = f"{DIRECTORY}/edge/state/current"
        read = f'for file in {state}/backend-*.host; do echo "$(cat $file):$(cat ${{file%.host}}.port)"; done'
        addresses = set(self.edge.as_root("sh", "-c", read).split())
        command = ("docker", "ps", "--format={{ .Ports }} {{ .Image }}")
        lines = [line for name in APPS for line in self.hosts[name].as_root(*command).splitlines()]
        found = {line.partition("->")[0]: line.rpartition(" ")[2] for line in lines}
        return {found.get(address, f"nothing at {address}") for address in addresses}

    def end_modules(self) -> None:
        """Kill what a killed run has left running on the hosts: the sessions of its modules."""
        find = "ps -eo sid=,args= | awk '/BECOME-SUCCESS/ && !/awk/ {print $1}' | sort -u"
        for host in self.hosts.values():
            for session in host.inside("sh", "-c", find).split():
                host.inside("pkill", "--signal=KILL", "--session", session)

    def releases(self) -> dict[str, str]:
        """Return the id of the current release of each host."""
        command = ("readlink", f"{DIRECTORY}/releases/current")
        return {name: Path(host.as_root(*command).strip()).name for name, host in self.hosts.items()}


@contextmanager
def several(
    folder: Path, variants: Variants | None = None, variables: Mapping[str, Any] | None = None
) -> Iterator[Several]:
    """Yield four hosts on which nothing is deployed; remove them afterwards. Their engines have all images."""
    variants = variants or VARIANTS
    (folder / "images").mkdir()
    build_images(folder / "images", ALL_SERVICES)
    build_variants(variants)
    with host_group(folder, HOSTS, [*images(ALL_SERVICES).values(), *variants]) as hosts:
        yield Several(hosts, folder, PLACEMENTS, {**VARIABLES, **(variables or {})})


def build_variants(variants: Variants) -> None:
    """Build images of the platform's own, which the controller has."""
    for variant, (service, lines) in variants.items():
        recipe = "\n".join([f"FROM {images()[service]}", *lines])
        command = ["docker", "build", "--quiet", f"--tag={variant}", "-"]
        subprocess.run(command, input=recipe, text=True, check=True, capture_output=True)
