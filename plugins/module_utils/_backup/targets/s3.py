# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bucket of S3-compatible storage as a place for copies of backups, through boto3.

The transfer manager of boto3 is not used: it neither continues an interrupted upload, nor lets the checksums of the
parts be compared.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from ..._app import object_storage
from ..._core.errors import ConvosphereError, CopyError

MEBIBYTE = 1024 * 1024
#: One part is in memory at a time. Every storage accepts parts of at least 5 MiB, and at most 10,000 of them.
PART_SIZE = 16 * MEBIBYTE
MOST_PARTS = 10_000
_CHUNK = MEBIBYTE
_MD5_SUM = re.compile(r"[0-9a-f]{32}(-[0-9]+)?")
_HINTS = {
    "AccessDenied": "The key needs the rights to list the bucket, and to get and put objects below the prefix.",
    "403": "The key needs the rights to list the bucket, and to get and put objects below the prefix.",
    "InvalidAccessKeyId": "Set access_key and secret_key to those of this storage.",
    "SignatureDoesNotMatch": "Set access_key and secret_key to those of this storage.",
    "NoSuchBucket": "Create the bucket first, with its owner, region and rules. It is not created automatically.",
    "XMinioStorageFull": "Free some space in the storage and run it again: files that are complete are not sent again.",
    "QuotaExceeded": "Raise the quota and run it again: files that are complete are not sent again.",
    "507": "Free some space in the storage and run it again: files that are complete are not sent again.",
}


class ObjectStore:
    """The objects of one bucket whose keys begin with one prefix. Connects at the first request."""

    def __init__(self, target: Mapping[str, Any]) -> None:
        self.target = target
        self.bucket: str = target["bucket"]
        prefix = (target.get("prefix") or "").strip("/")
        self.prefix = f"{prefix}/" if prefix else ""
        self.title = f"s3://{self.bucket}/{self.prefix}".rstrip("/")
        if target.get("endpoint_url"):
            self.title += f" at {target['endpoint_url']}"

    def check(self) -> None:
        """Check that the bucket exists and may be listed."""
        with self._asking("list the objects"):
            self._client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix, MaxKeys=1)

    def names(self) -> list[str]:
        """Return the names of all objects directly below the prefix, sorted."""
        with self._asking("list the objects"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self.prefix, Delimiter="/"
            )
            keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        return sorted(key[len(self.prefix) :] for key in keys)

    def holds(self, name: str, size: int, sha256: str, *, trusted: bool) -> bool:
        """Return True if an object has this size and was stored with this checksum. Its content is not read."""
        found = self._head(name)
        return bool(found and found["ContentLength"] == size and found["Metadata"].get("sha256") == sha256)

    def read(self, name: str) -> bytes:
        """Return the content of a small object, such as a manifest."""
        with self._asking(f"read {name}"):
            return bytes(self._client.get_object(**self._key(name))["Body"].read())

    def put_bytes(self, name: str, content: bytes) -> None:
        """Write a small object."""
        with self._asking(f"write {name}"):
            self._client.put_object(
                **self._key(name),
                Body=content,
                ContentMD5=object_storage.header(object_storage.md5(content)),
                Metadata={"sha256": _sha256(content)},
            )

    def put(self, path: Path, size: int, sha256: str, progress: Callable[[int], None]) -> None:
        """Write one file in parts, and compare the checksum of the stored object.

        An interrupted upload of the same file is continued. ``progress`` receives the bytes that are stored. Raises
        CopyError, also if the file does not have this size and checksum; then no object is created.
        """
        part_size = part_size_of(size)
        with self._asking(f"write {path.name}"):
            upload, stored = self._begin(path.name, sha256)
            digest, sums, tags, done = hashlib.sha256(), [], [], 0
            for number, part in enumerate(_parts(path, part_size), 1):
                digest.update(part)
                sums.append(object_storage.md5(part))
                tag = f'"{sums[-1].hex()}"'
                if stored.get(number) != (tag, len(part)):
                    tag = self._send(path.name, upload, number, part, sums[-1])
                tags.append({"PartNumber": number, "ETag": tag})
                done += len(part)
                progress(done)
            if (done, digest.hexdigest()) != (size, sha256):
                self._client.abort_multipart_upload(**self._key(path.name), UploadId=upload)
                raise CopyError(
                    f"Cannot copy {path}: its size or checksum differs from its manifest",
                    hint="The file is corrupt. Copy another backup, and check the disk.",
                )
            self._client.complete_multipart_upload(
                **self._key(path.name), UploadId=upload, MultipartUpload={"Parts": tags}
            )
        self._verify(path.name, size, sums)

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the content of one object in chunks."""
        with self._asking(f"read {name}"):
            yield from self._client.get_object(**self._key(name))["Body"].iter_chunks(_CHUNK)

    def remove(self, name: str) -> None:
        """Remove an object if it exists."""
        with self._asking(f"remove {name}"):
            self._client.delete_object(**self._key(name))

    # ----------------------------------------------------------------------------------------------- private methods

    def _begin(self, name: str, sha256: str) -> tuple[str, dict[int, tuple[str, int]]]:
        """Return the id of an upload, and ``{number: (tag, size)}`` of the parts that an interrupted one has stored."""
        key = self._key(name)
        pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket, Prefix=key["Key"])
        earlier = [item for page in pages for item in page.get("Uploads", ()) if item["Key"] == key["Key"]]
        if not earlier:
            created = self._client.create_multipart_upload(
                **key, Metadata={"sha256": sha256}, ContentType="application/octet-stream"
            )
            return str(created["UploadId"]), {}
        upload = max(earlier, key=lambda item: item["Initiated"])["UploadId"]
        parts = self._client.get_paginator("list_parts").paginate(**key, UploadId=upload)
        found = [part for page in parts for part in page.get("Parts", ())]
        return str(upload), {part["PartNumber"]: (part["ETag"], part["Size"]) for part in found}

    def _send(self, name: str, upload: str, number: int, part: bytes, sum_: bytes) -> str:
        """Send one part and return its tag. The storage rejects a part whose checksum differs."""
        answer = self._client.upload_part(
            **self._key(name), UploadId=upload, PartNumber=number, Body=part, ContentMD5=object_storage.header(sum_)
        )
        return str(answer["ETag"])

    def _verify(self, name: str, size: int, sums: list[bytes]) -> None:
        found = self._head(name) or {}
        tag, expected = found.get("ETag", "").strip('"'), f"{object_storage.md5(b''.join(sums)).hex()}-{len(sums)}"
        # If the storage encrypts with its own keys, the tag is not a checksum; each part was checked on arrival.
        is_sum = _MD5_SUM.fullmatch(tag) and not str(found.get("ServerSideEncryption", "")).startswith("aws:kms")
        if found.get("ContentLength") != size or (is_sum and tag != expected):
            self.remove(name)
            raise CopyError(
                f"{name} in {self.title} has another size or checksum than the file that was sent, and was removed",
                hint="Run it again. If that fails in the same way, the storage is unreliable: use another one.",
            )

    def _head(self, name: str) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError

        with self._asking(f"read the size of {name}"):
            try:
                return dict(self._client.head_object(**self._key(name)))
            except ClientError as error:
                if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
                    return None
                raise

    def _key(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.prefix + name}

    @cached_property
    def _client(self) -> Any:
        target = self.target
        settings = {
            "endpoint_url": target.get("endpoint_url"),
            # Other storages than Amazon's have no regions, but the signature needs one.
            "region_name": target.get("region") or ("us-east-1" if target.get("endpoint_url") else None),
            "aws_access_key_id": target.get("access_key"),
            "aws_secret_access_key": target.get("secret_key"),
            "aws_session_token": target.get("session_token"),
            "verify": target.get("ca_cert"),
        }
        with _explaining(f"Cannot reach {self.title}"):
            return object_storage.client(
                "for copies in S3-compatible storage",
                settings,
                path_style=bool(target.get("endpoint_url")),
                failure=CopyError,
            )

    @contextmanager
    def _asking(self, step: str) -> Iterator[None]:
        with _explaining(f"Cannot {step} in {self.title}"):
            yield


def part_size_of(size: int) -> int:
    """Return the smallest size of a part that MOST_PARTS allows for a file of ``size`` bytes, in whole mebibytes."""
    needed = -(-size // MOST_PARTS)
    return max(PART_SIZE, -(-needed // MEBIBYTE) * MEBIBYTE)


@contextmanager
def _explaining(step: str) -> Iterator[None]:
    """Convert the errors of boto3 in the block into CopyError."""
    try:
        yield
    except ConvosphereError:
        raise
    except Exception as error:
        response = getattr(error, "response", None)
        answer = response.get("Error", {}) if isinstance(response, dict) else {}
        code = str(answer.get("Code", ""))
        text = f"{code}: {answer['Message']}" if answer.get("Message") else (code or str(error))
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode") if isinstance(response, dict) else None
        raise CopyError(f"{step}: {text}", hint=_hint(error, code, str(status)), code=code or None) from error


def _hint(error: Exception, code: str, status: str) -> str | None:
    kind = type(error).__name__
    if kind in ("NoCredentialsError", "PartialCredentialsError"):
        return (
            "Set access_key and secret_key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the task's environment."
        )
    if kind == "SSLError":
        return "Set ca_cert to the certificate of the authority that signed the storage's certificate."
    if kind.endswith(("ConnectionError", "TimeoutError", "ConnectionClosedError")):
        return "Run it again when the storage responds: files that are complete are not sent again."
    return _HINTS.get(code) or _HINTS.get(status)


def _parts(path: Path, size: int) -> Iterator[bytes]:
    """Yield the content of a file in parts of ``size`` bytes; one empty part for an empty file, as S3 requires."""
    with path.open("rb") as file:
        part = file.read(size)
        yield part
        while len(part) == size and (part := file.read(size)):
            yield part


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
