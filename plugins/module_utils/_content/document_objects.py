# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the files of documents in the MinIO of the platform, as the backend does: objects of one bucket, by S3.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .._app import object_storage, service_account, uploads
from .._core.errors import ConvosphereError, InputError
from .._stack import beside
from . import document_folder
from .document_files import member
from .document_spec import STORED, Task

if TYPE_CHECKING:
    from docker.models.containers import Container

_BUCKET, _PREFIX = f"{STORED}/".split("/", 1)
_PORT = 9000
#: The variables of the container with the keys, by the options of boto3.
_KEYS = {"aws_access_key_id": "MINIO_ROOT_USER", "aws_secret_access_key": "MINIO_ROOT_PASSWORD"}


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
                        ContentMD5=object_storage.header(object_storage.md5(content)),
                        # A title may be longer than what fits, and not in ASCII.
                        Metadata={"user_id": user, "sha256": task.file.sha256},
                    )

    def read(self, sizes: Mapping[str, int], sink: Callable[[bytes], Any]) -> None:
        """Write a tar archive of the objects of documents, by their ids and sizes, to ``sink``. Others are left out."""
        present = self.names()
        with _explaining("read documents from MinIO"):
            for document, size in sizes.items():
                if document in present:
                    found = self._client.get_object(**_key(document))
                    with closing(found["Body"]) as body:
                        if found["ContentLength"] == size:  # before the object is in memory
                            for part in member(document, body.read()):
                                sink(part)
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
        environment = service_account.environment_of(self.container)
        missing = [name for name in _KEYS.values() if not environment.get(name)]
        if missing:
            # boto3 would look for other keys on this host, and send a signature with them.
            raise InputError(
                f"The container {self.container.name} has no {' and no '.join(missing)} in its environment, so that "
                f"the documents in its bucket {_BUCKET} cannot be reached",
                hint=f"Set {' and '.join(_KEYS.values())} of the service {uploads.MINIO.service}.",
            )
        settings = {
            "endpoint_url": beside.endpoint(self.container, _PORT)[1],
            # MinIO has no regions, but the signature needs one.
            "region_name": "us-east-1",
            **{option: environment[name] for option, name in _KEYS.items()},
            # No proxy stands between the host and its own containers.
            "config": {"proxies": {}},
        }
        return object_storage.client("for documents in MinIO", settings, path_style=True, failure=ConvosphereError)


def _key(document: str) -> dict[str, str]:
    return {"Bucket": _BUCKET, "Key": f"{_PREFIX}{document}"}


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
