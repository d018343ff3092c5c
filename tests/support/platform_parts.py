# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of a Compose project that hold a platform's uploads and vectors, of images that are on the engine."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import requests
from docker.models.containers import Container

from support.playbook import run_playbook
from support.sandbox import image, role_play, until

API_KEY = "planted-weaviate-key"
UPLOADS = "/app/uploads"
# Appends a line to one file and writes another one, as often as it can: a reader of both sees when it stood still.
WRITER = """
import pathlib, time
folder, number = pathlib.Path("/app/uploads"), 0
while True:
    number += 1
    for name in ("a", "b"):
        (folder / name).write_text(str(number))
    time.sleep(0.001)
"""
_WEAVIATE = {
    "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "false",
    "AUTHENTICATION_APIKEY_ENABLED": "true",
    "AUTHENTICATION_APIKEY_ALLOWED_KEYS": API_KEY,
    "ENABLE_MODULES": "text2vec-openai,backup-filesystem",
    "BACKUP_FILESYSTEM_PATH": "/var/lib/weaviate/backups",
}


class PlatformParts:
    """A backend with a volume for uploads, which only sleeps, and a vector store that answers."""

    def __init__(self, folder: Path) -> None:
        #: What the containers were created from, as Compose would say; it is marked as the environment's.
        self.directory = folder / "stack"
        self.directory.mkdir()
        (self.directory / ".convosphere.json").write_text('{"environment": "dev"}')
        self.client = docker.from_env()
        self.project = f"parts-{uuid.uuid4().hex[:8]}"
        self.network = self.client.networks.create(self.project)
        self.volume = self.client.volumes.create(f"{self.project}_uploads")
        self.containers: dict[str, Container] = {}

    def run_backend(self, *command: str, **environment: str) -> Container:
        """Start the backend with a command and settings of the test's."""
        mounted = {self.volume.name: {"bind": UPLOADS, "mode": "rw"}}
        started = list(command or ("sleep", "3600"))
        # What only sleeps is not healthy in the image's own terms, and as process 1 it would ignore that it is to stop.
        options: dict[str, Any] = {"environment": environment, "healthcheck": {"test": ["NONE"]}, "init": True}
        return self._run("backend", command=started, volumes=mounted, **options)

    def run_weaviate(self, **environment: str) -> Container:
        """Start the vector store and wait until it answers."""
        container = self._run("weaviate", environment={**_WEAVIATE, **environment})
        until(self._is_ready, "the vector store")
        return container

    def execute(self, service: str, *command: str, user: str = "0") -> str:
        """Return the output of a command in a container; it must succeed."""
        status, output = self.containers[service].exec_run(list(command), user=user)
        assert isinstance(output, bytes)
        assert status == 0, output.decode()
        return output.decode()

    def write(self, name: str, content: str) -> None:
        """Write an uploaded file, as the backend's own user would."""
        script = "import pathlib, sys; p = pathlib.Path(sys.argv[1]); p.parent.mkdir(parents=True, exist_ok=True); "
        script += "p.write_text(sys.argv[2])"
        self.execute("backend", "python3", "-c", script, f"{UPLOADS}/{name}", content, user="app")

    def files(self) -> dict[str, str]:
        """Return the uploaded files with owner, mode and content, by path, without those that the collection keeps."""
        script = (
            "import json, os, pathlib; r = pathlib.Path('/app/uploads'); print(json.dumps({str(p.relative_to(r)): "
            "f'{p.stat().st_uid} {p.stat().st_mode & 0o777:o} {p.read_text()}' for p in sorted(r.rglob('*')) "
            "if p.is_file()}))"
        )
        for _attempt in range(5):
            output = self.execute("backend", "python3", "-c", script)
            if output.startswith("{"):  # a busy engine may lose the beginning of the output
                break
        found: dict[str, str] = json.loads(output)
        return found

    def weaviate(self, method: str, path: str, **options: Any) -> Any:
        """Send one request to the vector store."""
        headers = {"Authorization": f"Bearer {API_KEY}"}
        answer = requests.request(method, f"{self._url}{path}", headers=headers, timeout=10, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def add_objects(self, name: str, count: int) -> None:
        """Create a class of the vector store with some objects."""
        if name not in self.objects():
            self.weaviate("post", "/v1/schema", json={"class": name, "properties": []})
        for number in range(count):
            item = {"class": name, "id": str(uuid.uuid4()), "properties": {"number": number}, "vector": [0.1, 0.2]}
            self.weaviate("post", "/v1/objects", json=item)

    def objects(self) -> dict[str, int]:
        """Return the number of objects of each class."""
        classes = [item["class"] for item in self.weaviate("get", "/v1/schema")["classes"]]
        return {name: self.weaviate("get", f"/v1/objects?class={name}&limit=1000")["totalResults"] for name in classes}

    def remove(self) -> None:
        """Take everything away again."""
        for container in self.containers.values():
            container.remove(force=True, v=True)
        self.volume.remove()
        self.network.remove()

    @property
    def _url(self) -> str:
        container = self.containers["weaviate"]
        container.reload()
        return f"http://{container.attrs['NetworkSettings']['Networks'][self.project]['IPAddress']}:8080"

    def _is_ready(self) -> bool:
        try:
            return requests.get(f"{self._url}/v1/.well-known/ready", timeout=2).status_code == 200
        except requests.ConnectionError:
            return False

    def _run(self, service: str, **options: Any) -> Container:
        labels = {
            "com.docker.compose.project": self.project,
            "com.docker.compose.project.working_dir": str(self.directory),
            "com.docker.compose.service": service,
        }
        container = self.client.containers.create(
            image(service), name=f"{self.project}-{service}-1", labels=labels, network=self.project, **options
        )
        self.containers[service] = container
        container.start()
        container.reload()
        return container


@contextmanager
def platform_parts(folder: Path) -> Iterator[PlatformParts]:
    """Yield the services, not started yet."""
    have_images(folder, "backend", "weaviate")
    parts = PlatformParts(folder)
    try:
        yield parts
    finally:
        parts.remove()


def have_images(folder: Path, *standins: str) -> None:
    """Build the stand-ins that are not on the engine yet."""
    images = [{"name": image(standin), "standin": standin} for standin in standins]
    if any(not _is_there(item["name"]) for item in images):
        run_playbook(role_play(folder / "contexts", images), folder).succeeded()


def _is_there(name: str) -> bool:
    # Not a list of objects: the client asks for each image again, of which another test may have removed one.
    return bool(docker.from_env().api.images(name, quiet=True))


def wait_for(question: Any, seconds: float = 30) -> None:
    """Ask until the answer is true; AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)
