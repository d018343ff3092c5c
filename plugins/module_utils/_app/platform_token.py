# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sign an access token as the platform does, for a run that has the platform's own key.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from .._core.errors import InputError
from .._core.redaction import Secret

KEY, ALGORITHM = "SECRET_KEY", "JWT_ALGORITHM"
DEFAULT_ALGORITHM = "HS256"
_DIGESTS = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def mint(environment: Mapping[str, str], subject: str, *, now: float, seconds: float) -> Secret:
    """Return a token for the user with the id ``subject`` that is valid for ``seconds`` from ``now`` on.

    ``environment`` are the variables of the backend. Raises InputError if they have no key, or name an algorithm that
    signs with a pair of keys.
    """
    key, algorithm = environment.get(KEY), environment.get(ALGORITHM) or DEFAULT_ALGORITHM
    if not key:
        raise InputError(f"The container of the backend has no {KEY}, so that no request can be signed")
    if algorithm not in _DIGESTS:
        raise InputError(
            f"The backend signs with {ALGORITHM}={algorithm}, which this collection does not know",
            hint=f"Allowed: {', '.join(_DIGESTS)}.",
        )
    signed = f"{_part({'alg': algorithm, 'typ': 'JWT'})}.{_part({'sub': subject, 'exp': int(now + seconds)})}"
    signature = hmac.new(key.encode(), signed.encode(), _DIGESTS[algorithm]).digest()
    return Secret(f"{signed}.{_base64(signature)}")


def _part(values: Mapping[str, Any]) -> str:
    return _base64(json.dumps(values, separators=(",", ":")).encode())


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
