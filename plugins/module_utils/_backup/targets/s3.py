# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One bucket of an S3-compatible storage, through boto3: what lies there, and files that go there and come back.

boto3 rather than another client, because it is the one that Debian, Ubuntu and EPEL package, and its maker the one
that defines the interface. Its own transfer manager is not used: that neither continues an upload that was cut short,
nor lets the sums of the parts be given and compared.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from ..._core.errors import ConvosphereError, CopyError

MEBIBYTE = 1024 * 1024
#: One part is in memory at a time. Every storage takes parts from 5 MiB on, and at most 10,000 of them.
PART_SIZE = 16 * MEBIBYTE
MOST_PARTS = 10_000
_CHUNK = MEBIBYTE
_MD5_SUM = re.compile(r"[0-9a-f]{32}(-[0-9]+)?")
_HINTS = {
    "AccessDenied": "The key needs the rights to list the bucket, and to get and put objects below the prefix.",
    "403": "The key needs the rights to list the bucket, and to get and put objects below the prefix.",
    "InvalidAccessKeyId": "Give access_key and secret_key of this storage.",
    "SignatureDoesNotMatch": "Give access_key and secret_key of this storage.",
    "NoSuchBucket": "Make the bucket first: a bucket has an owner, a region and rules that are not made up here.",
    "XMinioStorageFull": "Make room in the storage and run it again: what is there already is not sent again.",
    "QuotaExceeded": "Raise the quota and run it again: what is there already is not sent again.",
    "507": "Make room in the storage and run it again: what is there already is not sent again.",
}


class ObjectStore:
    """The objects of one bucket whose keys begin with one prefix. Connects when it is first asked."""

    def __init__(self, target: Mapping[str, Any]) -> None:
        self.target = target
        self.bucket: str = target["bucket"]
        prefix = (target.get("prefix") or "").strip("/")
        self.prefix = f"{prefix}/" if prefix else ""
        self.title = f"s3://{self.bucket}/{self.prefix}".rstrip("/")
        if target.get("endpoint_url"):
            self.title += f" at {target['endpoint_url']}"

    def check(self) -> None:
        """See that the bucket is there, and that the key may look at it."""
        with self._asking("look"):
            self._client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix, MaxKeys=1)

    def names(self) -> list[str]:
        """The names of all objects right below the prefix, sorted."""
        with self._asking("list what is there"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self.prefix, Delimiter="/"
            )
            keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        return sorted(key[len(self.prefix) :] for key in keys)

    def holds(self, name: str, size: int, sha256: str, *, trusted: bool) -> bool:
        """Whether there is an object of this size that was put there with this sum, which is asked and not read."""
        found = self._head(name)
        return bool(found and found["ContentLength"] == size and found["Metadata"].get("sha256") == sha256)

    def read(self, name: str) -> bytes:
        """The whole of a small object, such as a manifest."""
        with self._asking(f"read {name}"):
            return bytes(self._client.get_object(**self._key(name))["Body"].read())

    def put_bytes(self, name: str, content: bytes) -> None:
        """Write a small object at once."""
        with self._asking(f"write {name}"):
            self._client.put_object(
                **self._key(name),
                Body=content,
                ContentMD5=_base64(_md5(content)),
                Metadata={"sha256": _sha256(content)},
            )

    def put(self, path: Path, size: int, sha256: str, progress: Callable[[int], None]) -> None:
        """Write one file in parts, under its own name, and see that the storage has what was read.

        An upload of the same file that was cut short goes on where it was. ``progress`` is given the bytes that are
        there. Raises CopyError, also where the file is not what ``size`` and ``sha256`` say: no object is made of it.
        """
        part_size = part_size_of(size)
        with self._asking(f"write {path.name}"):
            upload, there = self._begin(path.name, sha256)
            whole, sums, tags, done = hashlib.sha256(), [], [], 0
            for number, part in enumerate(_parts(path, part_size), 1):
                whole.update(part)
                sums.append(_md5(part))
                tag = f'"{sums[-1].hex()}"'
                if there.get(number) != (tag, len(part)):
                    tag = self._send(path.name, upload, number, part, sums[-1])
                tags.append({"PartNumber": number, "ETag": tag})
                done += len(part)
                progress(done)
            if (done, whole.hexdigest()) != (size, sha256):
                self._client.abort_multipart_upload(**self._key(path.name), UploadId=upload)
                raise CopyError(
                    f"{path} is not what its manifest says, and was not copied",
                    hint="The file was damaged after the backup: use another backup, and look at the disk.",
                )
            self._client.complete_multipart_upload(
                **self._key(path.name), UploadId=upload, MultipartUpload={"Parts": tags}
            )
        self._verify(path.name, size, sums)

    def chunks(self, name: str) -> Iterator[bytes]:
        """The content of one object, bit by bit."""
        with self._asking(f"read {name}"):
            yield from self._client.get_object(**self._key(name))["Body"].iter_chunks(_CHUNK)

    def remove(self, name: str) -> None:
        """Remove an object, if it is there."""
        with self._asking(f"remove {name}"):
            self._client.delete_object(**self._key(name))

    # ------------------------------------------------------------------------------------------------ behind these

    def _begin(self, name: str, sha256: str) -> tuple[str, dict[int, tuple[str, int]]]:
        """The id of an upload, and ``{number: (tag, size)}`` of the parts that an earlier one left there."""
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
        """Send one part, which the storage refuses where it does not arrive as it was sent; its tag there."""
        answer = self._client.upload_part(
            **self._key(name), UploadId=upload, PartNumber=number, Body=part, ContentMD5=_base64(sum_)
        )
        return str(answer["ETag"])

    def _verify(self, name: str, size: int, sums: list[bytes]) -> None:
        found = self._head(name) or {}
        said, expected = found.get("ETag", "").strip('"'), f"{_md5(b''.join(sums)).hex()}-{len(sums)}"
        # Where the storage encrypts with keys of its own, its tag is no sum; each part's was checked as it arrived.
        is_sum = _MD5_SUM.fullmatch(said) and not str(found.get("ServerSideEncryption", "")).startswith("aws:kms")
        if found.get("ContentLength") != size or (is_sum and said != expected):
            self.remove(name)
            raise CopyError(
                f"{name} in {self.title} has another checksum than what was sent, and was removed there",
                hint="Run it again; where it happens again, the storage cannot be relied on.",
            )

    def _head(self, name: str) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError

        with self._asking(f"look at {name}"):
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
        boto3, config = _boto3(path_style=bool(target.get("endpoint_url")))
        with _explaining(f"Cannot reach {self.title}"):
            return boto3.session.Session().client(
                "s3",
                endpoint_url=target.get("endpoint_url"),
                # Storages other than Amazon's know no regions, but the signature needs one.
                region_name=target.get("region") or ("us-east-1" if target.get("endpoint_url") else None),
                aws_access_key_id=target.get("access_key"),
                aws_secret_access_key=target.get("secret_key"),
                aws_session_token=target.get("session_token"),
                verify=target.get("ca_cert"),
                config=config,
            )

    @contextmanager
    def _asking(self, step: str) -> Iterator[None]:
        with _explaining(f"Cannot {step} in {self.title}"):
            yield


def part_size_of(size: int) -> int:
    """How many bytes a part of a file of ``size`` bytes has: as few as the number of parts allows, whole mebibytes."""
    needed = -(-size // MOST_PARTS)
    return max(PART_SIZE, -(-needed // MEBIBYTE) * MEBIBYTE)


def _boto3(*, path_style: bool) -> tuple[Any, Any]:
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise CopyError(
            "The Python library boto3 is missing on the host, which copies to S3-compatible storage",
            hint="Install it (Debian, Ubuntu and EPEL: python3-boto3), or name it in environment_packages.",
        ) from error
    settings: dict[str, Any] = {
        "connect_timeout": 10,
        "read_timeout": 60,
        "retries": {"mode": "standard", "max_attempts": 4},
        "signature_version": "s3v4",
        # A storage of one's own seldom has a name in DNS for each bucket.
        "s3": {"addressing_style": "path" if path_style else "auto"},
    }
    if "request_checksum_calculation" in Config.OPTION_DEFAULTS:
        # Newer versions send checksums of their own to whatever storage, many of which refuse what they do not know.
        settings["request_checksum_calculation"] = settings["response_checksum_validation"] = "when_required"
    return boto3, Config(**settings)


@contextmanager
def _explaining(what: str) -> Iterator[None]:
    """Turn what boto3 raises inside the block into a CopyError."""
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
        raise CopyError(f"{what}: {text}", hint=_hint(error, code, str(status)), code=code or None) from error


def _hint(error: Exception, code: str, status: str) -> str | None:
    kind = type(error).__name__
    if kind in ("NoCredentialsError", "PartialCredentialsError"):
        return (
            "Give access_key and secret_key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the task's environment."
        )
    if kind == "SSLError":
        return "Give the file of the authority that signed its certificate as ca_cert."
    if kind.endswith(("ConnectionError", "TimeoutError", "ConnectionClosedError")):
        return "Run it again when the storage answers: what is there already is not sent again."
    return _HINTS.get(code) or _HINTS.get(status)


def _parts(path: Path, size: int) -> Iterator[bytes]:
    """The content of a file in parts of ``size`` bytes; one empty part for an empty file, as the interface wants."""
    with path.open("rb") as file:
        part = file.read(size)
        yield part
        while len(part) == size and (part := file.read(size)):
            yield part


def _md5(content: bytes) -> bytes:
    # What the interface calls Content-MD5: against mistakes on the way, not against anybody.
    return hashlib.md5(content, usedforsecurity=False).digest()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
