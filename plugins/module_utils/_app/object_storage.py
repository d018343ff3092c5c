# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connect to S3-compatible storage, as buckets for copies of backups and the MinIO of a platform are.

boto3 is used because Debian, Ubuntu and EPEL package it, and because its maker defines the interface.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from ansible.module_utils.basic import missing_required_lib

from .._core.errors import ConvosphereError


def client(reason: str, settings: dict[str, Any], *, path_style: bool, failure: type[ConvosphereError]) -> Any:
    """Return boto3's client for S3, with the ``settings`` of Session.client; ``config`` adds to those of all clients.

    ``reason`` is for the message without boto3. Raises ``failure`` for that, and the errors of boto3.
    """
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise failure(
            missing_required_lib("boto3", reason=reason), hint="Debian, Ubuntu and EPEL have it as python3-boto3."
        ) from error
    config: dict[str, Any] = {
        "connect_timeout": 10,
        "read_timeout": 60,
        "retries": {"mode": "standard", "max_attempts": 4},
        "signature_version": "s3v4",
        # A self-hosted storage seldom has a DNS name for each bucket.
        "s3": {"addressing_style": "path" if path_style else "auto"},
    }
    if "request_checksum_calculation" in Config.OPTION_DEFAULTS:
        # Newer versions send additional checksums, which many storages reject.
        config["request_checksum_calculation"] = config["response_checksum_validation"] = "when_required"
    config.update(settings.get("config", {}))
    return boto3.session.Session().client("s3", **{**settings, "config": Config(**config)})


def md5(content: bytes) -> bytes:
    """Return the sum that the storage compares on arrival: against transmission errors, not against attackers."""
    return hashlib.md5(content, usedforsecurity=False).digest()


def header(sum_: bytes) -> str:
    """Return a sum as the value of Content-MD5."""
    return base64.b64encode(sum_).decode()
