# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find, pull, build and load images through the Docker SDK, and read archives without unpacking them.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
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

PARALLEL = 4  # registries throttle a client that requests more at once
LOG_LINES = 15
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def split(name: str) -> tuple[str, str]:
    """Return the repository and the tag or digest of a reference; without a tag, ``latest``."""
    if "@" in name:
        repository, digest = name.split("@", 1)
        return repository, digest
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:  # the colon of a port: registry.example.com:5000/backend
        return name, "latest"
    return repository, tag


def canonical(name: str) -> str:
    """Return the spelling that archives use for all references to the same image: postgres:15."""
    repository, tag = split(name)
    repository = repository.removeprefix("docker.io/").removeprefix("library/")
    return f"{repository}@{tag}" if "@" in name else f"{repository}:{tag}"


def present(client: DockerClient, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the engine's description of each image among ``names`` that it has."""
    from docker.errors import ImageNotFound

    images = {}
    for name in names:
        with asking(f"look for the image {name}"):
            try:
                images[name] = client.api.inspect_image(name)
            except ImageNotFound:
                continue
    return images


def digests(image: dict[str, Any]) -> list[str]:
    """Return the registry digests of an image; none if it was built or loaded."""
    return [entry.partition("@")[2] for entry in image.get("RepoDigests") or []]


def impatient(docker_host: str, silence: int) -> APIClient:
    """Return a client whose requests, also pulls, fail if the engine sends nothing for ``silence`` seconds."""
    import docker

    class Impatient(docker.APIClient):
        # The SDK pulls without any limit of time (timeout=None), and the engine waits minutes for a silent registry.
        def send(self, request: Any, **options: Any) -> Any:
            return super().send(request, **{**options, "timeout": options.get("timeout") or self.timeout})

    with asking("open a second connection"):
        return Impatient(base_url=docker_host, version="auto", timeout=silence)


def patient(client: DockerClient, docker_host: str) -> APIClient:
    """Return a client that waits for each response without a limit, for operations without progress."""
    import docker

    forever: Any = None  # which the library requests accepts, but not the types of the SDK
    with asking("open a second connection"):
        return docker.APIClient(base_url=docker_host, version=client.api.api_version, timeout=forever)


def registry_digest(api: APIClient, name: str) -> str:
    """Return the digest that the registry has for a reference now. Download nothing."""
    with asking(f"ask the registry for {name}"), _silence(name, api):
        return str(api.inspect_distribution(name)["Descriptor"]["digest"])


def pull(api: APIClient, name: str) -> None:
    """Download one image."""
    repository, tag = split(name)
    step = f"pull {name}"
    with asking(step), _silence(name, api):
        _follow(step, api.pull(repository, tag=tag, stream=True, decode=True))


def build(client: DockerClient, name: str, context: str, dockerfile: str) -> None:
    """Build one image and tag it. If that fails, the previous image keeps the tag."""
    step = f"build {name} from {context}"
    with asking(step):
        answers = client.api.build(path=context, dockerfile=dockerfile, tag=name, rm=True, forcerm=True, decode=True)
        _follow(step, answers)


def load(api: APIClient, archive: str) -> None:
    """Load all images of an archive. ``api`` is patient: the engine sends nothing until a large image is unpacked."""
    step = f"load {archive}"
    with asking(step), opened(archive) as stream:
        _follow(step, api.load_image(stream, quiet=False))


def verify_space(client: DockerClient | None, required_bytes: int) -> None:
    """Raise EngineError if the file system of Docker's root directory has fewer bytes free."""
    root = DEFAULT_ROOT
    if client:
        with asking("return its root directory"):
            root = client.info()["DockerRootDir"]
    result = space(root, required_bytes)
    if not result["enough"]:
        raise EngineError(
            f"The images need {readable(required_bytes)} in {root}, and its file system {result['file_system']}"
            f" has {readable(result['free_bytes'])} free",
            hint="Remove images that no container uses (docker image prune --all), or give Docker a larger disk.",
            **result,
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
    """Read the progress of a pull, build or load to its end. Raises EngineError with the last lines if it failed."""
    log: list[str] = []
    for answer in answers:
        if "error" in answer:
            log.append(str(answer["error"]))
            text = COLOURS.sub("", "\n".join(log))
            raise EngineError(f"Docker Engine failed to {step}: {last_lines(text, LOG_LINES)}")
        log.extend(str(answer.get("stream", "")).splitlines())


def each(function: Callable[[str], Any], names: Iterable[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Call ``function`` for all names, some at once. Return the results and the reasons of failures, by name."""
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
    """Return the ids of the images ``names`` in an archive. Raises InputError if it lacks one of them."""
    return of_archive(archive, contents(archive), names)


def of_archive(archive: str, content: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Return the ids of the images ``names`` in an archive with this content. Raises InputError if it lacks one."""
    names = list(names)
    lacking = [name for name in names if canonical(name) not in content]
    if lacking:
        raise InputError(
            f"The archive {archive} lacks {', '.join(lacking)}; it has {', '.join(sorted(content))}",
            hint="Create it again with bundle.yml, or with docker save and the names of all images.",
        )
    return {name: content[canonical(name)] for name in names}


def contents(archive: str) -> dict[str, str]:
    """Return the images in an archive of ``docker save``: canonical name to image id.

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
    raise InputError(f"{archive} has no manifest.json: it is not an archive of images", hint=_ARCHIVE_HINT)


_ARCHIVE_HINT = "Create it with: docker save -o images.tar NAME..., and optionally compress it with zstd or gzip."


def _named(manifest: list[dict[str, Any]]) -> dict[str, str]:
    names = {}
    for image in manifest:
        for tag in image.get("RepoTags") or []:
            # "<id>.json" as Docker 20.10 writes it, "blobs/sha256/<id>" as Docker 25 does
            names[canonical(tag)] = f"sha256:{PurePath(image['Config']).name.removesuffix('.json')}"
    return names


@contextmanager
def opened(archive: str) -> Iterator[IO[bytes]]:
    """Open the archive as a stream of bytes. Decompress zstd only: Python and older engines do not support it."""
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
        complete = not output.read(1)  # a reader of manifest.json stops before the end
        output.close()
        complaint = complaints.read().decode("utf-8", errors="replace")
    if complete and process.returncode != 0:
        raise CommandError(f"Cannot read {archive}: {last_lines(complaint)}")
