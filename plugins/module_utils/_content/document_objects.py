# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the files of documents in the MinIO of the platform, as the backend does: objects of one bucket, by S3.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import base64
import hashlib
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import missing_required_lib

from .._app import service_account, uploads
from .._core.errors import ConvosphereError
from .._stack import beside
from . import document_folder
from .document_files import member
from .document_spec import STORED, Task

if TYPE_CHECKING:
    from docker.models.containers import Container

_BUCKET, _, _PREFIX = f"{STORED}/".partition("/")
_PORT = 9000


class DocumentObjects:
    """The documents in one MinIO. Connects at the first request."""

    address = f"minio://{STORED}/"

    def __init__(self, container: Container) -> None:
        self.container = container

    def names(self) -> set[str]:
        """Return the names of all objects, each also as that of its description, which is in the object's metadata."""
        with _explaining("list the documents in MinIO"):
            if not self._has_bucket():
                return set()
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=_BUCKET, Prefix=_PREFIX)
            keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        names = {key[len(_PREFIX) :] for key in keys}
        return names | {f"{name}.meta" for name in names}

    def store(self, tasks: Sequence[Task], user: str) -> None:
        """Write the objects of documents. MinIO refuses one whose checksum differs on arrival."""
        with _explaining("write documents to MinIO"):
            if tasks and not self._has_bucket():
                self._client.create_bucket(Bucket=_BUCKET)
            for task in tasks:
                if task.file is not None:
                    content = document_folder.content(task.file)
                    self._client.put_object(
                        **_key(task.id),
                        Body=content,
                        ContentMD5=_md5(content),
                        # A title may be longer than what fits, and not in ASCII.
                        Metadata={"user_id": user, "sha256": task.file.sha256},
                    )

    def read(self, sizes: Mapping[str, int], sink: Callable[[bytes], Any]) -> None:
        """Write a tar archive of the objects of documents, by their ids and sizes, to ``sink``. Others are left out."""
        present = self.names()
        with _explaining("read documents from MinIO"):
            for document, size in sizes.items():
                if document in present:
                    content = self._client.get_object(**_key(document))["Body"].read()
                    if len(content) == size:
                        sink(b"".join(member(document, content)))
        sink(tarfile.NUL * tarfile.BLOCKSIZE * 2)

    def remove(self, documents: Iterable[str]) -> None:
        """Remove the objects of documents. One that is gone already is no error."""
        with _explaining("remove documents from MinIO"):
            for document in documents:
                self._client.delete_object(**_key(document))

    def _has_bucket(self) -> bool:
        return any(bucket["Name"] == _BUCKET for bucket in self._client.list_buckets()["Buckets"])

    @cached_property
    def _client(self) -> Any:
        try:
            import boto3
            from botocore.config import Config
        except ImportError as error:
            raise ConvosphereError(
                missing_required_lib("boto3", reason="for documents in MinIO"),
                hint="Debian, Ubuntu and EPEL have it as python3-boto3.",
            ) from error
        environment = service_account.environment_of(self.container)
        settings: dict[str, Any] = {"connect_timeout": 10, "read_timeout": 60, "s3": {"addressing_style": "path"}}
        if "request_checksum_calculation" in Config.OPTION_DEFAULTS:
            # As for copies of backups: additional checksums are no part of the interface that every storage has.
            settings["request_checksum_calculation"] = settings["response_checksum_validation"] = "when_required"
        return boto3.session.Session().client(
            "s3",
            endpoint_url=beside.endpoint(self.container, _PORT)[1],
            # MinIO has no regions, but the signature needs one.
            region_name="us-east-1",
            aws_access_key_id=environment.get("MINIO_ROOT_USER"),
            aws_secret_access_key=environment.get("MINIO_ROOT_PASSWORD"),
            config=Config(**settings),
        )


def _key(document: str) -> dict[str, str]:
    return {"Bucket": _BUCKET, "Key": f"{_PREFIX}{document}"}


def _md5(content: bytes) -> str:
    # It is what S3 compares on arrival, and no protection.
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


@contextmanager
def _explaining(step: str) -> Iterator[None]:
    """Convert the errors of boto3 in the block into ConvosphereError."""
    try:
        yield
    except ConvosphereError:
        raise
    except Exception as error:
        raise ConvosphereError(
            f"Cannot {step}: {error}", hint=f"Check the container of {uploads.MINIO.service}, and run it again."
        ) from error
