# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image registry of a test's own, just large enough for Docker Engine to pull from it, and images to put there."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import socket
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class Registry:
    """Images by repository and tag, served on a port of 127.0.0.1, which engines trust without TLS."""

    def __init__(self, port: int) -> None:
        self.address = f"127.0.0.1:{port}"
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[tuple[str, str], bytes] = {}
        self.layers: set[str] = set()
        self.requests: list[str] = []

    def push(self, repository: str, tag: str, content: str) -> str:
        """Put an image there with one file of that content, in place of the one before; returns its full reference."""
        layer = _layer(content)
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["/none"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
        parts = {
            "config": ("container.image.v1+json", json.dumps(config).encode()),
            "layer": ("image.rootfs.diff.tar.gzip", gzip.compress(layer, mtime=0)),
        }
        described = {
            name: self._describe(f"application/vnd.docker.{kind}", data) for name, (kind, data) in parts.items()
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": described["config"],
            "layers": [described["layer"]],
        }
        self.layers.add(described["layer"]["digest"])
        body = json.dumps(manifest).encode()
        self.manifests[repository, tag] = self.manifests[repository, _digest(body)] = body
        return f"{self.address}/{repository}:{tag}"

    def digest(self, repository: str, tag: str) -> str:
        """Return the digest of the image under a tag."""
        return _digest(self.manifests[repository, tag])

    def _describe(self, media_type: str, data: bytes) -> dict[str, Any]:
        self.blobs[_digest(data)] = data
        return {"mediaType": media_type, "size": len(data), "digest": _digest(data)}


@contextmanager
def registry() -> Iterator[Registry]:
    """Yield a registry that runs while the block does."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        served = Registry(server.server_address[1])
        server.served = served  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def silent_registry() -> Iterator[str]:
    """Yield the address of a registry that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        served: Registry = self.server.served  # type: ignore[attr-defined]
        served.requests.append(f"{self.command} {self.path}")
        repository, _separator, reference = self.path.removeprefix("/v2/").rpartition("/manifests/")
        if self.path == "/v2/":
            self._answer(200, b"{}")
        elif "/blobs/" in self.path:
            self._answer(200, served.blobs[self.path.rpartition("/")[2]], "application/octet-stream")
        elif (repository, reference) in served.manifests:
            self._answer(200, served.manifests[repository, reference], MANIFEST)
        else:
            self._answer(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}')

    do_HEAD = do_GET

    def _answer(self, status: int, body: bytes, media_type: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Content-Digest", _digest(body))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        return


def _layer(content: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as layer:
        entry = tarfile.TarInfo("content")
        entry.size = len(content.encode())
        layer.addfile(entry, io.BytesIO(content.encode()))
    return buffer.getvalue()


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
