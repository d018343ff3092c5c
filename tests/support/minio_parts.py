# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A platform whose uploads are in MinIO: its stand-in, and a backend that only sleeps, if it runs on the same host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from docker.models.containers import Container

from support.platform_parts import PlatformParts, have_images
from support.sandbox import until

ACCESS_KEY, SECRET_KEY = "planted-minio-access", "planted-minio-secret"
BUCKET = "knowledge-base"
DATA = "/data"


class MinioParts(PlatformParts):
    """The services of PlatformParts, and MinIO with a bucket."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.data = self.client.volumes.create(f"{self.project}_minio_data")

    def run_minio(self) -> Container:
        """Start MinIO with its bucket and its own records, and wait until it answers."""
        container = self._run(
            "minio",
            command=["server", DATA],
            environment={"MINIO_ROOT_USER": ACCESS_KEY, "MINIO_ROOT_PASSWORD": SECRET_KEY},
            volumes={self.data.name: {"bind": DATA, "mode": "rw"}},
        )
        self.execute("minio", "mkdir", "--parents", f"{DATA}/.minio.sys/tmp")
        self.record("format.json", '{"id": "planted"}')
        until(self._answers, "MinIO")
        self.s3.create_bucket(Bucket=BUCKET)
        return container

    def record(self, name: str, content: str) -> None:
        """Write one of MinIO's own records, as MinIO does without any upload."""
        self.execute("minio", "sh", "-c", f"printf '%s' \"$0\" > {DATA}/.minio.sys/{name}", content)

    def put(self, name: str, content: str) -> None:
        """Upload a file as the backend does."""
        self.s3.put_object(Bucket=BUCKET, Key=name, Body=content.encode())

    def objects_in_bucket(self) -> dict[str, str]:
        """Return the content of all uploaded files, by their names, as MinIO serves them."""
        listed = self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return {item["Key"]: self._content(item["Key"]) for item in listed}

    def folders(self) -> list[str]:
        """Return the names in MinIO's volume."""
        return self.execute("minio", "ls", "-A", DATA).split()

    def started(self, service: str) -> str:
        """Return when the container of a service was started."""
        container = self.containers[service]
        container.reload()
        return str(container.attrs["State"]["StartedAt"])

    def remove(self) -> None:
        """Take everything away again."""
        super().remove()
        self.data.remove()

    @property
    def s3(self) -> Any:
        """A client of boto3, at the address that the container has now."""
        container = self.containers["minio"]
        container.reload()
        address = container.attrs["NetworkSettings"]["Networks"][self.project]["IPAddress"]
        return boto3.client(
            "s3",
            endpoint_url=f"http://{address}:9000",
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(connect_timeout=2, read_timeout=5, retries={"max_attempts": 2}),
        )

    def _content(self, name: str) -> str:
        return str(self.s3.get_object(Bucket=BUCKET, Key=name)["Body"].read().decode())

    def _answers(self) -> bool:
        try:
            self.s3.list_buckets()
        except BotoCoreError:
            return False
        return True


@contextmanager
def minio_parts(folder: Path) -> Iterator[MinioParts]:
    """Yield the services, not started yet."""
    have_images(folder, "backend", "weaviate", "minio")
    parts = MinioParts(folder)
    try:
        yield parts
    finally:
        parts.remove()
