# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the validity of certificates with the standard library alone: from files, from .env, from a server.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import base64
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from .._core import dotenv, files, timestamps
from .._core.errors import ConvosphereError

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
#: Tags of DER (X.690): a sequence, the version of a certificate, two forms of time, the identifier of an object.
_SEQUENCE, _VERSION, _UTC_TIME, _TIME, _IDENTIFIER = 0x30, 0xA0, 0x17, 0x18, 0x06
_COMMON_NAME = bytes([0x55, 0x04, 0x03])
_FORMATS = {_UTC_TIME: "%y%m%d%H%M%SZ", _TIME: "%Y%m%d%H%M%SZ"}


@dataclass(frozen=True)
class Certificate:
    """The subject's common name, empty without one, and the validity."""

    subject: str
    begins: datetime
    ends: datetime

    def describe(self, now: datetime) -> dict[str, Any]:
        """Return whole days, rounded down: negative for a certificate that has expired."""
        return {
            "subject": self.subject,
            "expires": timestamps.format_time(self.ends),
            "days_left": (self.ends - now).days,
            "lifetime_days": (self.ends - self.begins).days,
            "share_left": self._share_left(now),
        }

    def _share_left(self, now: datetime) -> float:
        life = (self.ends - self.begins).total_seconds()
        return round((self.ends - now).total_seconds() / life, 4) if life > 0 else 0.0


def from_pem(text: str) -> list[Certificate]:
    """Return the certificates of a text. Raises ValueError if it has none, or one that cannot be read."""
    found = _PEM.findall(text)
    if not found:
        raise ValueError("it has no certificate in PEM")
    return [from_der(base64.b64decode(each)) for each in found]


def from_der(data: bytes) -> Certificate:
    """Return one certificate (RFC 5280, 4.1). Raises ValueError if it cannot be read."""
    try:
        signed = next(_parts(data))[1]
        fields = [part for part in _parts(next(_parts(signed))[1]) if part[0] != _VERSION]
        # The serial number, the algorithm, the issuer, the validity, the subject.
        begins, ends = (_time(tag, text) for tag, text in _parts(fields[3][1]))
        return Certificate(_common_name(fields[4][1]), begins, ends)
    except (IndexError, StopIteration, ValueError) as error:
        raise ValueError("it has a certificate that cannot be read") from error


def of_file(path: str) -> list[Certificate]:
    """Return the certificates of a file. Raises ValueError or ConvosphereError."""
    text = files.read_bytes(Path(path))
    if text is None:
        raise ValueError("there is no such file")
    return from_pem(text.decode(errors="replace"))


def of_variable(env_file: str, variable: str) -> list[Certificate]:
    """Return the certificates of a variable in a file .env. Raises ValueError or ConvosphereError."""
    text = files.read_bytes(Path(env_file))
    if text is None:
        raise ValueError("there is no such file")
    found = dotenv.parse(text.decode(errors="replace")).get(variable)
    if found is None:
        raise ValueError(f"it has no {variable}")
    return from_pem(found)


def of_server(host: str, port: int, name: str, timeout: float) -> list[Certificate]:
    """Return the certificate that a server shows to clients of ``name``, trusted or not. Raises ValueError."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        connection = socket.create_connection((host, port), timeout=timeout)
        with connection, context.wrap_socket(connection, server_hostname=name) as secured:
            data = secured.getpeercert(binary_form=True)
    except OSError as error:
        raise ValueError(f"the server does not answer: {error}") from error
    return [from_der(data or b"")]


def report(sources: Mapping[str, list[dict[str, Any]]], timeout: float, now: datetime) -> dict[str, Any]:
    """Return ``{certificates, problems}`` of the options of convosphere_certificate_info."""
    found: list[dict[str, Any]] = []
    problems: list[dict[str, str]] = []
    for source, place, read in _readers(sources, timeout):
        named = {"name": source["name"], "path": place}
        try:
            found += [{**named, **each.describe(now)} for each in read()]
        except (ConvosphereError, ValueError) as error:
            problems.append({**named, "problem": str(error)})
    return {"certificates": found, "problems": problems}


def _readers(
    sources: Mapping[str, list[dict[str, Any]]], timeout: float
) -> Iterator[tuple[dict[str, Any], str, Callable[[], list[Certificate]]]]:
    """Yield each source with its place in words, and the function that reads it."""
    for each in sources["files"]:
        yield each, each["path"], partial(of_file, each["path"])
    for each in sources["variables"]:
        place = f"{each['env_file']}: {each['variable']}"
        yield each, place, partial(of_variable, each["env_file"], each["variable"])
    for each in sources["servers"]:
        name = each["server_name"] or each["host"]
        yield each, f"{name}:{each['port']}", partial(of_server, each["host"], each["port"], name, timeout)


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each element of DER. Raises ValueError for a length beyond the end."""
    position = 0
    while position < len(data):
        tag, length, position = data[position], data[position + 1], position + 2
        if length & 0x80:
            size = length & 0x7F
            length, position = int.from_bytes(data[position : position + size], "big"), position + size
        if position + length > len(data):
            raise ValueError("it ends too early")
        yield tag, data[position : position + length]
        position += length


def _time(tag: int, text: bytes) -> datetime:
    return datetime.strptime(text.decode("ascii"), _FORMATS.get(tag, "")).replace(tzinfo=timezone.utc)


def _common_name(subject: bytes) -> str:
    """Return the last common name of a subject, a sequence of sets of pairs."""
    name = ""
    for _set, attributes in _parts(subject):
        for _sequence, pair in _parts(attributes):
            (tag, identifier), (_kind, text) = list(_parts(pair))[:2]
            if (tag, identifier) == (_IDENTIFIER, _COMMON_NAME):
                name = text.decode(errors="replace")
    return name
