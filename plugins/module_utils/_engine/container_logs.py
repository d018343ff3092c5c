# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the lines that a container wrote, as a stream of constant memory, and how its log is limited.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from .client import asking

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

OUTPUT, ERROR = "stdout", "stderr"
#: The characters of a line that are kept; the engine itself splits lines at 16 KiB.
LONGEST_LINE = 16384
_CHUNK = 65536
_HEADER = 8  # bytes: the stream, three zeros, and the length of the frame
_STREAMS = {1: OUTPUT, 2: ERROR}
#: The drivers from which the engine reads, and the number of files that json-file keeps without max-file.
_DEFAULTS: dict[str, tuple[str | None, int | None]] = {"json-file": (None, 1), "local": ("20m", 5)}


class Line(NamedTuple):
    """One line of a container: the stream, when the engine received it (RFC 3339 in UTC), and its text."""

    stream: str
    time: str
    text: str


def read(container: Container, *, since: float | None = None, tail: int | None = None) -> Iterator[Line]:
    """Yield the lines of a container, oldest first. ``since`` is in seconds since 1970; ``tail`` are the newest lines.

    Raises EngineError, also if the log driver of the container cannot be read.
    """
    parameters: dict[str, Any] = {"stdout": 1, "stderr": 1, "timestamps": 1, "tail": "all" if tail is None else tail}
    if since is not None:
        parameters["since"] = f"{since:.6f}"
    client: Any = container.client
    path = f"/v{client.api.api_version}/containers/{container.id}/logs"
    with asking(f"read the log of {container.name}"), closing(_request(client, path, parameters)) as chunks:
        has_terminal = container.attrs["Config"].get("Tty")
        yield from lines(_raw_frames(chunks) if has_terminal else _frames(chunks))


def _request(client: DockerClient, path: str, parameters: Mapping[str, Any]) -> Generator[bytes, None, None]:
    """Yield the engine's response to a request. Raises OSError with the engine's message."""
    api: Any = client.api
    adapter = api.adapters.get("http+docker://")
    socket_path = getattr(adapter, "socket_path", "")
    if socket_path:
        yield from _from_socket(socket_path, f"{path}?{urlencode(parameters)}", api.timeout)
        return
    with closing(api.get(f"{api.base_url}{path}", params=parameters, stream=True, timeout=api.timeout)) as response:
        if response.status_code != 200:
            raise OSError(_explanation(response.content, response.status_code))
        yield from response.iter_content(_CHUNK)


def _from_socket(socket_path: str, target: str, timeout: float) -> Iterator[bytes]:
    """Yield the response of the engine on this host, in large parts.

    In HTTP/1.0 it is not divided into a chunk for each line, which take the SDK longer to read than the lines.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        # Python's own timeout would return each line as soon as it arrives.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", int(timeout), 0))
        connection.connect(socket_path)
        connection.sendall(f"GET {target} HTTP/1.0\r\nHost: docker\r\n\r\n".encode())
        head, separator, body = connection.recv(_CHUNK, socket.MSG_WAITALL).partition(b"\r\n\r\n")
        status = int(head.split()[1]) if separator else 0
        if status != 200:
            raise OSError(_explanation(body, status))
        yield body
        while body := connection.recv(_CHUNK, socket.MSG_WAITALL):
            yield body


def limits(container: Container) -> dict[str, Any]:
    """Return how the log of a container is limited: ``{driver, max_size, max_file, limited}``.

    ``limited`` is None for a driver that stores its log outside of the engine.
    """
    found: Mapping[str, Any] = container.attrs["HostConfig"].get("LogConfig") or {}
    driver, options = str(found.get("Type") or ""), found.get("Config") or {}
    size, files = _DEFAULTS.get(driver, (None, None))
    size = _size(options.get("max-size")) or size
    number = int(options["max-file"]) if str(options.get("max-file", "")).isdigit() else files
    limited = bool(size) or driver == "none" if driver in (*_DEFAULTS, "none") else None
    return {"driver": driver, "max_size": size, "max_file": number if size else None, "limited": limited}


def lines(frames: Iterable[tuple[int, bytes]]) -> Iterator[Line]:
    """Yield the lines in frames, each of which begins with a timestamp. A frame without a line feed is continued."""
    begun: dict[int, Line] = {}
    for stream, content in frames:
        time, _space, text = content.decode("utf-8", "replace").partition(" ")
        ends = text.endswith("\n")
        if stream in begun:
            first = begun.pop(stream)
            time, text = first.time, first.text + text
        elif ends and len(text) <= LONGEST_LINE:  # nearly every line
            yield Line(_STREAMS.get(stream, OUTPUT), time, text[:-1])
            continue
        text = text[: LONGEST_LINE + 1]
        if ends:
            yield Line(_STREAMS.get(stream, OUTPUT), time, text.rstrip("\r\n"))
        else:
            begun[stream] = Line("", time, text)
    for stream, line in begun.items():
        yield Line(_STREAMS.get(stream, OUTPUT), line.time, line.text)


def _frames(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield stream and content of each frame. The engine sends most frames as a chunk of their own."""
    kept = b""
    for chunk in chunks:
        data = kept + chunk if kept else chunk
        begin, end = 0, len(data)
        while end - begin >= _HEADER:
            after = begin + _HEADER + int.from_bytes(data[begin + 4 : begin + 8], "big")
            if after > end:
                break
            yield data[begin], data[begin + _HEADER : after]
            begin = after
        kept = data[begin:]


def _raw_frames(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a container with a terminal, which has one stream without frames."""
    kept = b""
    for chunk in chunks:
        *whole, kept = (kept + chunk).split(b"\n")
        for line in whole:
            yield 1, line.rstrip(b"\r") + b"\n"
        if len(kept) > 4 * LONGEST_LINE:
            yield 1, kept + b"\n"
            kept = b""
    if kept:
        yield 1, kept + b"\n"


def _size(value: Any) -> str | None:
    """Return max-size, unless it means no limit."""
    return None if value in (None, "", "-1", "0") else str(value)


def _explanation(content: bytes, status: int) -> str:
    try:
        return str(json.loads(content)["message"])
    except (ValueError, KeyError, TypeError):
        return f"the engine returned {status}"
