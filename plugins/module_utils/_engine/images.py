# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images: looked up, pulled, built and loaded through the Docker SDK; archives are read without unpacking them.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import IO, TYPE_CHECKING, Any, cast

from .._core.command import last_lines
from .._core.errors import (
    CommandError,
    ConvosphereError,
    EngineError,
    InputError,
)
from .._host.engine_probe import DEFAULT_ROOT
from .._host.requirements import readable, space
from .client import asking

if TYPE_CHECKING:
    from docker import APIClient, DockerClient

PARALLEL = 4  # registries slow a single client down when it asks for more at once
LOG_LINES = 15
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def split(name: str) -> tuple[str, str]:
    """The repository and the tag or digest of a reference; the tag is ``latest`` where none is given."""
    if "@" in name:
        repository, digest = name.split("@", 1)
        return repository, digest
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:  # the colon of a port: registry.example.com:5000/backend
        return name, "latest"
    return repository, tag


def canonical(name: str) -> str:
    """One spelling for references that mean the same image, as an archive lists them: postgres:15."""
    repository, tag = split(name)
    repository = repository.removeprefix("docker.io/").removeprefix("library/")
    return f"{repository}@{tag}" if "@" in name else f"{repository}:{tag}"


def present(client: DockerClient, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The engine's description of each image of ``names`` that it has."""
    from docker.errors import ImageNotFound

    found = {}
    for name in names:
        with asking(f"look for the image {name}"):
            try:
                found[name] = client.api.inspect_image(name)
            except ImageNotFound:
                continue
    return found


def digests(image: dict[str, Any]) -> list[str]:
    """The registry digests by which an image is known; none where it was built or loaded."""
    return [entry.partition("@")[2] for entry in image.get("RepoDigests") or []]


def impatient(docker_host: str, silence: int) -> APIClient:
    """A client whose requests, pulls among them, give up when the engine says nothing for ``silence`` seconds."""
    import docker

    class Impatient(docker.APIClient):
        # The SDK pulls without any limit of time (timeout=None), and the engine waits minutes for a silent registry.
        def send(self, request: Any, **options: Any) -> Any:
            return super().send(request, **{**options, "timeout": options.get("timeout") or self.timeout})

    with asking("open a second connection"):
        return Impatient(base_url=docker_host, version="auto", timeout=silence)


def patient(client: DockerClient, docker_host: str) -> APIClient:
    """A client that waits for each answer as long as it takes, for what the engine does in silence."""
    import docker

    forever: Any = None  # which requests know, and the types of the SDK do not
    with asking("open a second connection"):
        return docker.APIClient(base_url=docker_host, version=client.api.api_version, timeout=forever)


def registry_digest(api: APIClient, name: str) -> str:
    """The digest that the registry has for a reference now. Nothing is downloaded."""
    with asking(f"ask the registry for {name}"), _silence(name, api):
        return str(api.inspect_distribution(name)["Descriptor"]["digest"])


def pull(api: APIClient, name: str) -> None:
    """Download one image."""
    repository, tag = split(name)
    step = f"pull {name}"
    with asking(step), _silence(name, api):
        _follow(step, api.pull(repository, tag=tag, stream=True, decode=True))


def build(client: DockerClient, name: str, context: str, dockerfile: str) -> None:
    """Build one image and tag it. Where that fails, whatever had the tag before keeps it."""
    step = f"build {name} from {context}"
    with asking(step):
        answers = client.api.build(path=context, dockerfile=dockerfile, tag=name, rm=True, forcerm=True, decode=True)
        _follow(step, answers)


def load(api: APIClient, archive: str) -> None:
    """Load all images of an archive. ``api`` is patient, for of a large image nothing is heard until it is unpacked."""
    step = f"load {archive}"
    with asking(step), opened(archive) as stream:
        _follow(step, api.load_image(stream, quiet=False))


def verify_space(client: DockerClient | None, required_bytes: int) -> None:
    """Raises EngineError where the file system of Docker's root directory has fewer bytes free."""
    root = DEFAULT_ROOT
    if client:
        with asking("tell its root directory"):
            root = client.info()["DockerRootDir"]
    found = space(root, required_bytes)
    if not found["enough"]:
        raise EngineError(
            f"The images need {readable(required_bytes)} in {root}, and its file system {found['file_system']}"
            f" has {readable(found['free_bytes'])} free",
            hint="Remove images that no container uses (docker image prune --all), or give Docker a larger disk.",
            **found,
        )


@contextmanager
def _silence(name: str, api: APIClient) -> Iterator[None]:
    from requests.exceptions import ConnectionError as Disconnected
    from requests.exceptions import Timeout

    try:
        yield
    except (Timeout, Disconnected) as error:
        if isinstance(error, Timeout) or "timed out" in str(error).lower():
            registry = split(name)[0].partition("/")[0] if "/" in name else "the registry"
            raise EngineError(f"{registry} did not answer within {api.timeout} s") from error
        raise


def _follow(step: str, answers: Iterable[dict[str, Any]]) -> None:
    """Read the progress of a pull, build or load to its end; raises EngineError with the last lines where it failed."""
    log: list[str] = []
    for answer in answers:
        if "error" in answer:
            log.append(str(answer["error"]))
            text = COLOURS.sub("", "\n".join(log))
            raise EngineError(f"Docker Engine failed to {step}: {last_lines(text, LOG_LINES)}")
        log.extend(str(answer.get("stream", "")).splitlines())


def each(function: Callable[[str], Any], names: Iterable[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Call ``function`` for every name, some at once; returns the results and the reasons of failures, by name."""
    results: dict[str, Any] = {}
    failures: dict[str, str] = {}
    with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
        for name, future in [(name, pool.submit(function, name)) for name in names]:
            try:
                results[name] = future.result()
            except ConvosphereError as error:
                failures[name] = str(error)
    return results, failures


def archived(archive: str, names: Iterable[str]) -> dict[str, str]:
    """The ids that the images of ``names`` have in an archive. Raises InputError where it lacks one of them."""
    content = contents(archive)
    lacking = [name for name in names if canonical(name) not in content]
    if lacking:
        raise InputError(
            f"The archive {archive} lacks {', '.join(lacking)}; it has {', '.join(sorted(content))}",
            hint="Make it again with docker save and the names of all images.",
        )
    return {name: content[canonical(name)] for name in names}


def contents(archive: str) -> dict[str, str]:
    """The images in an archive of ``docker save``: canonical name to image id.

    The archive may be compressed (.zst, .gz); it is read as a stream, one block in memory. Raises InputError.
    """
    try:
        with opened(archive) as stream, tarfile.open(fileobj=stream, mode="r|*") as members:
            for member in members:
                manifest = members.extractfile(member) if member.name == "manifest.json" else None
                if manifest is not None:
                    return _named(json.load(manifest))
    except (tarfile.TarError, OSError, EOFError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{archive} cannot be read as an archive of images: {error}", hint=_ARCHIVE_HINT) from error
    raise InputError(f"{archive} has no manifest.json, so it is no archive of images", hint=_ARCHIVE_HINT)


_ARCHIVE_HINT = "Make it with: docker save -o images.tar NAME..., and compress it with zstd or gzip if you like."


def _named(manifest: list[dict[str, Any]]) -> dict[str, str]:
    names = {}
    for image in manifest:
        for tag in image.get("RepoTags") or []:
            # "<id>.json" as Docker 20.10 writes it, "blobs/sha256/<id>" as Docker 25 does
            names[canonical(tag)] = f"sha256:{PurePath(image['Config']).name.removesuffix('.json')}"
    return names


@contextmanager
def opened(archive: str) -> Iterator[IO[bytes]]:
    """The archive as a stream of bytes. Only zstd is undone here: Python and older engines do not know it."""
    if not archive.endswith((".zst", ".zstd")):
        with Path(archive).open("rb") as stream:
            yield stream
        return
    command = ["zstd", "--decompress", "--stdout", "--quiet", archive]
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except FileNotFoundError as error:
        raise CommandError(
            f"Cannot read {archive}: the program zstd is not installed",
            hint="Run the playbook setup.yml for this environment, which installs it.",
        ) from error
    with process:
        output, complaints = cast("tuple[IO[bytes], IO[bytes]]", (process.stdout, process.stderr))  # both are pipes
        yield output
        complete = not output.read(1)  # a reader of manifest.json stops in the middle
        output.close()
        complaint = complaints.read().decode("utf-8", errors="replace")
    if complete and process.returncode != 0:
        raise CommandError(f"Cannot read {archive}: {last_lines(complaint)}")
