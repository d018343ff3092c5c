# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The platform's REST interface, asked in the way that its own request filter lets through.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .._core.errors import ApiError, InputError

if TYPE_CHECKING:
    from requests import RequestException

API_OPTIONS: dict[str, Any] = {
    "api_url": {"type": "str", "default": "http://127.0.0.1:18000"},
    "api_timeout": {"type": "int", "default": 15},
    "validate_certs": {"type": "bool", "default": True},
}

# The platform refuses clients whose name holds a word such as bot, spider, crawler or scan.
USER_AGENT = "convosphere-platform-ansible"


@dataclass(frozen=True)
class Answer:
    """What came back: the HTTP status, the text, and how many seconds it took."""

    url: str
    status: int
    text: str
    seconds: float

    def json(self) -> Any:
        """The answer as JSON. Raises ApiError with the beginning of an answer that is something else."""
        try:
            return json.loads(self.text)
        except ValueError as error:
            raise ApiError(
                f"{self.url} answered {self.status} with something else than JSON: {self.text.strip()[:200]!r}",
                hint=self._hint(),
                status=self.status,
            ) from error

    def _hint(self) -> str | None:
        if "Invalid host header" in self.text:
            return "The platform does not answer to this host name: use the loopback address, or the edge's URL."
        if "Invalid request" in self.text:
            return "The platform's request filter refused it: a proxy in between may have added X-Forwarded-Host."
        return None


class Api:
    """The interface below one URL. ``timeout`` is in seconds, for connecting and again for each part of an answer.

    ``token`` is sent as a bearer's.
    """

    def __init__(self, url: str, *, timeout: float, validate_certs: bool, token: str | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"'{url}' is no URL of the form http://host:port or https://host:port")
        self.url = url.rstrip("/")
        self.timeout = timeout
        self.validate_certs = validate_certs
        self.token = token
        self.local = _is_loopback(parts.hostname)

    @classmethod
    def of(cls, params: Mapping[str, Any], url: str | None = None) -> Api:
        """The interface that a module's ``API_OPTIONS`` describe, or another ``url`` asked in the same manner."""
        return cls(url or params["api_url"], timeout=params["api_timeout"], validate_certs=params["validate_certs"])

    def get(self, path: str = "") -> Answer:
        """Ask for one path, redirects followed. Raises ApiError where nothing answers, and not for an HTTP status."""
        return self._send("get", path)

    def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        """Send a body as JSON to one path. Raises ApiError as ``get`` does."""
        return self._send("post", path, body)

    def delete(self, path: str) -> Answer:
        """Have what is at one path deleted. Raises ApiError as ``get`` does."""
        return self._send("delete", path)

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        try:
            import requests
        except ImportError as error:
            raise ApiError(
                "The Python library requests is missing on the host",
                hint="Run the playbook setup.yml for this environment, which installs it (Debian: python3-requests).",
            ) from error
        url = f"{self.url}{path}"
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json, */*", "Connection": "close"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        started = time.monotonic()
        # A connection of its own for each request: the platform may cut one over which it once answered 500.
        with requests.Session() as session:
            # No proxy, and no .netrc, stands between the host and itself.
            session.trust_env = not self.local
            try:
                response = getattr(session, method)(
                    url, json=body, headers=headers, timeout=self.timeout, verify=self.validate_certs
                )
            except requests.RequestException as error:
                raise self._unreachable(url, error) from error
            return Answer(url, response.status_code, response.text, time.monotonic() - started)

    def _unreachable(self, url: str, error: RequestException) -> ApiError:
        import requests

        if isinstance(error, requests.exceptions.SSLError):
            return ApiError(
                f"There is no trusted connection to {url}: {_root_cause(error)}",
                hint="Install the authority that signed it on the managed host, or set validate_certs: false.",
            )
        if isinstance(error, requests.Timeout):
            return ApiError(f"{url} does not answer within {self.timeout:g} s")
        return ApiError(f"{url} does not answer: {_root_cause(error)}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _root_cause(error: BaseException) -> str:
    """What lies under the wrappings of urllib3 and requests, which name objects and memory addresses."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error) or type(error).__name__
