# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploads and vectors of prod on several hosts, as its backends write them over the private network."""

from __future__ import annotations

import uuid
from typing import Any

import boto3
import requests

from support.several import Several

BUCKET = "knowledge-base"


class PlatformContent:
    """The content of MinIO and of the vector store on the database host."""

    def __init__(self, prod: Several) -> None:
        self.address, self.secrets = prod.hosts["db-1"].address, prod.secrets()
        self.s3.create_bucket(Bucket=BUCKET)

    @property
    def s3(self) -> Any:
        """A client of boto3 for MinIO."""
        return boto3.client(
            "s3",
            endpoint_url=f"http://{self.address}:19000",
            region_name="us-east-1",
            aws_access_key_id=self.secrets["MINIO_ACCESS_KEY"],
            aws_secret_access_key=self.secrets["MINIO_SECRET_KEY"],
        )

    def upload(self, name: str, content: str) -> None:
        """Upload a file."""
        self.s3.put_object(Bucket=BUCKET, Key=name, Body=content.encode())

    def uploads(self) -> dict[str, int]:
        """Return the sizes of all uploaded files by name."""
        listed = self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return {item["Key"]: item["Size"] for item in listed}

    def add_vectors(self, name: str, count: int) -> None:
        """Add objects to a class of the vector store, which is created if it is missing."""
        if name not in self.vectors():
            self._weaviate("post", "/v1/schema", json={"class": name, "properties": []})
        for number in range(count):
            item = {"class": name, "id": str(uuid.uuid4()), "properties": {"number": number}, "vector": [0.1, 0.2]}
            self._weaviate("post", "/v1/objects", json=item)

    def vectors(self) -> dict[str, int]:
        """Return the number of objects of each class."""
        classes = [item["class"] for item in self._weaviate("get", "/v1/schema")["classes"]]
        return {name: self._weaviate("get", f"/v1/objects?class={name}&limit=1000")["totalResults"] for name in classes}

    def _weaviate(self, method: str, path: str, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.secrets['WEAVIATE_API_KEY']}"}
        answer = requests.request(method, f"http://{self.address}:18081{path}", headers=headers, timeout=10, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None
