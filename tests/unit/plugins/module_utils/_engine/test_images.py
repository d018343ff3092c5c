# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import json
import socketserver
import subprocess
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import docker
import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import EngineError, InputError
from ansible_collections.convosphere.platform.plugins.module_utils._engine import images

OLD = {"Config": f"{'a' * 64}.json", "RepoTags": ["postgres:15", "registry:5000/backend:1"], "Layers": []}
NEW = {"Config": f"blobs/sha256/{'b' * 64}", "RepoTags": ["redis:7-alpine"], "Layers": []}
IDS = {
    "postgres:15": f"sha256:{'a' * 64}",
    "registry:5000/backend:1": f"sha256:{'a' * 64}",
    "redis:7-alpine": f"sha256:{'b' * 64}",
}


def write_archive(path: Path, manifest: Any = (OLD, NEW), name: str = "manifest.json", mode: str = "w") -> Path:
    content = json.dumps(manifest).encode()
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for member, data in (("layer.tar", b"\0" * 100_000), (name, content)):
            entry = tarfile.TarInfo(member)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("postgres", ("postgres", "latest")),
        ("postgres:15", ("postgres", "15")),
        ("registry:5000/backend", ("registry:5000/backend", "latest")),
        ("registry:5000/backend:1", ("registry:5000/backend", "1")),
        ("ghcr.io/a/b@sha256:ff", ("ghcr.io/a/b", "sha256:ff")),
    ],
)
def test_references_are_split(name, parts):
    assert images.split(name) == parts


@pytest.mark.parametrize("name", ["postgres:15", "docker.io/postgres:15", "docker.io/library/postgres:15"])
def test_spellings_of_one_image(name):
    assert images.canonical(name) == "postgres:15"


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_archives_are_read_compressed_or_not(tmp_path, suffix):
    archive = write_archive(tmp_path / f"images.tar{suffix}", mode="w:gz" if suffix == ".gz" else "w")
    if suffix == ".zst":
        plain = archive.rename(tmp_path / "plain.tar")
        subprocess.run(["zstd", "-q", str(plain), "-o", str(archive)], check=True)

    assert images.contents(str(archive)) == IDS


def test_an_archive_must_have_every_name(tmp_path):
    archive = write_archive(tmp_path / "images.tar")

    assert images.archived(str(archive), ["docker.io/library/postgres:15"]) == {
        "docker.io/library/postgres:15": IDS["postgres:15"]
    }
    with pytest.raises(InputError, match="lacks caddy:2-alpine; it has postgres:15, redis:7-alpine, registry:5000/"):
        images.archived(str(archive), ["postgres:15", "caddy:2-alpine"])


@pytest.mark.parametrize("content", [b"", b"this is no archive" * 1000])
@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_a_broken_archive_is_named(tmp_path, suffix, content):
    archive = tmp_path / f"images.tar{suffix}"
    archive.write_bytes(content)

    with pytest.raises(InputError, match=rf"images\.tar{suffix} cannot be read as an archive of images"):
        images.contents(str(archive))


def test_an_archive_of_something_else_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"has no manifest\.json"):
        images.contents(str(write_archive(tmp_path / "a.tar", name="other.json")))
    with pytest.raises(InputError, match="cannot be read as an archive of images"):
        images.contents(str(write_archive(tmp_path / "b.tar", manifest={"no": "list"})))


def test_an_absent_archive_is_named(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        images.contents(str(tmp_path / "absent.tar"))


def test_the_digests_of_an_image():
    assert images.digests({"RepoDigests": ["postgres@sha256:1", "mirror/postgres@sha256:2"]}) == [
        "sha256:1",
        "sha256:2",
    ]
    assert images.digests({"RepoDigests": None}) == []


class SlowEngine(BaseHTTPRequestHandler):
    """An engine that says nothing for a while after it has taken an archive, as with an image of several GB."""

    protocol_version = "HTTP/1.1"
    silence = 2.0  # seconds

    def do_GET(self) -> None:
        self.answer({"ApiVersion": "1.41", "Version": "20.10.24"})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.silence)
        if self.path == "/v1.41/images/load?quiet=False":
            self.answer({"stream": "Loaded image: postgres:15\n"})
        else:
            self.answer({"error": f"nobody asked for {self.path}"})

    def answer(self, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "a socket has no address"

    def log_message(self, *_arguments: Any) -> None:
        """Print nothing."""


class SlowServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True  # a client that keeps its connection open holds up nothing


@pytest.fixture
def slow_engine() -> Iterator[str]:
    # A socket's path must be short.
    with tempfile.TemporaryDirectory() as folder, SlowServer(f"{folder}/docker.sock", SlowEngine) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"unix://{folder}/docker.sock"
        server.shutdown()


def test_an_archive_is_loaded_however_long_the_engine_is_silent(tmp_path, slow_engine):
    archive = write_archive(tmp_path / "images.tar")
    client = docker.DockerClient(base_url=slow_engine, version="auto", timeout=1)

    images.load(images.patient(client, slow_engine), str(archive))

    with pytest.raises(EngineError, match=r"failed to load .*timed out"):
        images.load(client.api, str(archive))


def test_a_pull_speaks_the_version_of_the_engine(monkeypatch):
    # Newer engines refuse the API version of an older SDK.
    given: dict[str, Any] = {}
    monkeypatch.setattr(docker, "APIClient", type("Client", (), {"__init__": lambda _self, **more: given.update(more)}))

    images.impatient("unix:///x", 30)

    assert given == {"base_url": "unix:///x", "version": "auto", "timeout": 30}


def test_failures_are_collected_and_results_kept():
    def ask(name: str) -> str:
        if name.startswith("bad"):
            raise EngineError(f"no {name}")
        return name.upper()

    assert images.each(ask, ["a", "bad1", "b", "bad2"]) == (
        {"a": "A", "b": "B"},
        {"bad1": "no bad1", "bad2": "no bad2"},
    )


def test_some_are_asked_at_once():
    together = threading.Barrier(images.PARALLEL, timeout=5)

    results, failures = images.each(lambda _name: together.wait() and None, ["a", "b", "c", "d"])

    assert (len(results), failures) == (4, {})


def test_a_failure_shows_the_last_lines_of_the_log_without_colours():
    answers = [{"stream": f"Step {number}\n"} for number in range(30)]

    with pytest.raises(EngineError) as failure:
        images._follow("build x", [*answers, {"stream": "\x1b[91mfailed\x1b[0m\n"}, {"error": "exit code 2"}])

    lines = str(failure.value).splitlines()
    assert lines[0] == "Docker Engine failed to build x: Step 17"
    assert lines[-2:] == ["failed", "exit code 2"]


def test_reading_stops_at_the_manifest_and_leaves_no_process(tmp_path):
    plain = write_archive(tmp_path / "plain.tar")
    with plain.open("ab") as tail:
        tail.write(b"\0" * 50_000_000)
    archive = tmp_path / "images.tar.zst"
    subprocess.run(["zstd", "-q", str(plain), "-o", str(archive)], check=True)
    started = time.monotonic()

    assert images.contents(str(archive)) == IDS
    assert time.monotonic() - started < 5
