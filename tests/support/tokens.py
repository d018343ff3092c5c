# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sign tokens as the platform does: five logins in 300 seconds are all that it allows."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time


def sign(user: str, key: str) -> str:
    """Return a token of a user, by id, that is valid for an hour on a backend with this SECRET_KEY."""
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": user, "exp": int(time.time()) + 3600}]
    text = ".".join(_encode(json.dumps(part).encode()) for part in parts)
    return f"{text}.{_encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest())}"


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
