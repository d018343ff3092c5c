# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send requests to the platform's REST interface in a form that its own request filter accepts.

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

from ansible.module_utils.basic import missing_required_lib

from .._core.errors import ApiError, InputError

if TYPE_CHECKING:
    from requests import RequestException

API_OPTIONS: dict[str, Any] = {
    "api_url": {"type": "str", "default": "http://127.0.0.1:18000"},
    "api_timeout": {"type": "int", "default": 15},
    "validate_certs": {"type": "bool", "default": True},
}

# The platform refuses clients whose names contain a word such as bot, spider, crawler or scan.
USER_AGENT = "convosphere-platform-ansible"


@dataclass(frozen=True)
class Answer:
    """A response: the HTTP status, the text, and the seconds until it came."""

    url: str
    status: int
    text: str
    seconds: float

    def json(self) -> Any:
        """Return the response as JSON. Raises ApiError with the beginning of any other response."""
        try:
            return json.loads(self.text)
        except ValueError as error:
            raise ApiError(
                f"{self.url} returned {self.status} and no JSON: {self.text.strip()[:200]!r}",
                hint=self._hint(),
                status=self.status,
            ) from error

    def _hint(self) -> str | None:
        if "Invalid host header" in self.text:
            return "The platform does not accept this host name: use the loopback address, or the edge's URL."
        if "Invalid request" in self.text:
            return "The platform's request filter refused it: a proxy may have added X-Forwarded-Host."
        return None


class Api:
    """The interface at one URL. ``timeout`` is in seconds, for the connection and for each part of a response.

    ``token`` is sent as a bearer token. ``host`` is the name to ask for at an address of this host, such as that of a
    container, for which no proxy is used.
    """

    def __init__(
        self, url: str, *, timeout: float, validate_certs: bool, token: str | None = None, host: str | None = None
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"'{url}' is not a URL of the form http://host:port or https://host:port")
        self.url = url.rstrip("/")
        self.timeout = timeout
        self.validate_certs = validate_certs
        self.token = token
        self.host = host
        self.local = bool(host) or _is_loopback(parts.hostname)

    @classmethod
    def of(cls, params: Mapping[str, Any], url: str | None = None) -> Api:
        """Return the interface that a module's ``API_OPTIONS`` describe, or that at ``url`` with the same settings."""
        return cls(url or params["api_url"], timeout=params["api_timeout"], validate_certs=params["validate_certs"])

    def get(self, path: str = "") -> Answer:
        """Request one path, and follow redirects. Raises ApiError without a response, but not for an HTTP status."""
        return self._send("get", path)

    def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        """Send a body as JSON to one path. Raises ApiError as ``get`` does."""
        return self._send("post", path, body)

    def delete(self, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Delete the object at one path, or those that a body selects. Raises ApiError as ``get`` does."""
        return self._send("delete", path, body)

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        try:
            import requests
        except ImportError as error:
            raise ApiError(
                missing_required_lib("requests", reason="to connect to the platform"),
                hint="Next: run the playbook setup.yml for this environment, which installs it "
                "(Debian: python3-requests).",
            ) from error
        url = f"{self.url}{path}"
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json, */*", "Connection": "close"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.host:
            headers["Host"] = self.host
        started = time.monotonic()
        # Each request has its own connection: the platform may close one after a response with status 500.
        with requests.Session() as session:
            # Requests to the host itself use neither a proxy nor .netrc.
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
                f"No trusted connection to {url}: {_root_cause(error)}",
                hint="Install the certificate of its authority on the managed host, or set validate_certs: false.",
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
    """Return the message of the original error. Those of urllib3 and requests contain memory addresses."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error) or type(error).__name__
