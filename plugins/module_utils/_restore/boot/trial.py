# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot the platform on a restored database: its own backend, a second vector store, and a user who logs in.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._app import health, weaviate
from ..._app.api_client import Api
from ..._backup.catalogue import Backup
from ..._backup.file_reader import Archive
from ..._backup.project_component import VECTORS
from ..._core.errors import ApiError, ConvosphereError, DatabaseError
from ..._engine import client as engine_client
from ..._postgres.connection import Database
from ..database_server import Server
from . import containers, documents, probe, settings, verdict
from .containers import BootNetwork
from .probe import NOTHING_TO_READ, ProbeUser, Questions
from .relay import Relay
from .requirements import ENGINE_TIMEOUT, Means
from .role import BootRole, drop_leftovers, has_leftovers
from .verdict import BootError, Ending, UnknownError

if TYPE_CHECKING:
    from docker.models.containers import Container

#: The newest documents whose files are compared.
DOCUMENTS = 100
#: How long one answer may take, in seconds: the first one of a backend imports what it needs for it.
_ANSWER_SECONDS = 60
_POLL_SECONDS = 0.25
#: Where the socket of the relay lies: in memory, and closed to other users of the host.
_FOLDER = Path("/run/convosphere")
_PREFIX = "boot-"


@dataclass
class Trial:
    """One boot of one backup, whose side database exists. ``hide`` masks a secret in all output."""

    params: Mapping[str, Any]
    server: Server
    means: Means
    archive: Callable[[Backup, str], Archive]
    hide: Callable[..., None]
    report: Callable[[str], None] = lambda _step: None
    #: What was found, by question.
    found: dict[str, str] = field(default_factory=dict)
    #: The containers that the backend needs.
    beside: list[Container] = field(default_factory=list)

    def run(self, backup: Backup, database: str) -> float:
        """Boot, ask, and remove everything but the role, which can be dropped only after the database.

        Return the monotonic time of the last answer. Raises BootError if it does not boot, ConvosphereError otherwise.
        """
        owner = containers.owner_of(self.params)
        role = BootRole.new(self.server, str(self.params["login_db"]))
        self.hide(role.password)
        role.create(database)  # first: by its mark a later run knows that there may be containers
        network = BootNetwork(self.means.client, owner, str(self.params["project_name"]), self.means.memory)
        try:
            with ExitStack() as held:
                self._serve(backup, database, network.open(), role, held)
                served = time.monotonic()
        except BaseException:
            containers.remove_if_possible(self.means.client, owner)
            raise
        containers.remove_leftovers(self.means.client, owner)
        return served

    def _serve(self, backup: Backup, database: str, network: BootNetwork, role: BootRole, held: ExitStack) -> None:
        self.report("start the vector store")
        hosts = self._start_stores(backup, network)
        folder = held.enter_context(_folder())
        relay = held.enter_context(closing(Relay(self.params, folder).open()))
        self.report("start the backend")
        environment = settings.backend(
            role.url(database, settings.SOCKETS),
            hosts,
            self.means.variables_of(backup),
            self.params["boot_settings"] or {},
        )
        self.hide(environment["SECRET_KEY"])
        container = network.start(
            "backend",
            self.means.images[backup.manifest.id],
            environment,
            command=self.means.command_of(backup),
            mounts={str(folder): (settings.SOCKETS, "rw")},
        )
        api = Api(
            f"http://{containers.address(container)}:{settings.BACKEND_PORT}",
            timeout=_ANSWER_SECONDS,
            validate_certs=True,
            host="localhost",  # the platform answers to few names
        )
        self._wait(container, api, relay, has_cache="redis" in hosts)
        self._ask(container, api, relay, database)

    def _start_stores(self, backup: Backup, network: BootNetwork) -> dict[str, str]:
        """Start Redis, if there is an image of it, and the vector store with the vectors of the backup."""
        hosts = {}
        if self.means.redis:
            self.beside.append(network.start("redis", self.means.redis, {}, command=settings.REDIS_COMMAND))
            hosts["redis"] = network.host("redis")
        environment = settings.weaviate(self.means.weaviate_settings)
        data = environment["PERSISTENCE_DATA_PATH"]
        container = network.start(
            "weaviate", self.means.weaviate, environment, mounts={network.volume("weaviate"): (data, "rw")}
        )
        self.beside.append(container)
        hosts["weaviate"] = network.host("weaviate")
        store = weaviate.of_container(container, self.params["docker_host"], timeout_option="boot_timeout")
        self._wait_for_store(container, store)
        self.found[VECTORS] = self._restore_vectors(backup, store)
        return hosts

    def _wait_for_store(self, container: Container, store: weaviate.VectorStore) -> None:
        deadline = time.monotonic() + self.params["boot_timeout"]
        while not store.is_ready():
            containers.refresh(container)
            if container.status != "running" or time.monotonic() > deadline:
                raise UnknownError(
                    f"The second vector store {container.name} is {container.status} and not ready\n"
                    f"Last lines of its log:\n{containers.log_tail(container)}",
                    hint="Check that the image of the vector store starts on this host.",
                )
            time.sleep(_POLL_SECONDS)

    def _restore_vectors(self, backup: Backup, store: weaviate.VectorStore) -> str:
        """Restore the vectors of the backup into an empty store. Raises BootError if the store refuses them."""
        fact = backup.manifest.vectors
        if not fact or not fact["backup"]:
            return NOTHING_TO_READ
        self.report("restore the vectors")
        archive, name = self.archive(backup, VECTORS), str(fact["backup"])
        store.stage(archive.pieces(), name, self.params["load_timeout"], unpack=archive.programs())
        try:
            store.replace(name, self.params["load_timeout"] or self.params["boot_timeout"])
        except ApiError as error:
            if not verdict.is_refusal(error) or not store.is_ready():
                raise
            raise BootError(f"The vectors do not restore: {error.message}") from error
        if sorted(store.classes()) != sorted(fact["classes"]):
            raise BootError(
                f"The restored vector store has the classes {', '.join(store.classes()) or 'none'}, and the manifest "
                f"says {', '.join(sorted(fact['classes']))}"
            )
        return f"{len(fact['classes'])} classes restored"

    def _wait(self, container: Container, api: Api, relay: Relay, *, has_cache: bool) -> None:
        """Wait until the backend is healthy. Raises ConvosphereError with the verdict if it does not become so."""
        started = time.monotonic()
        answer: str | None = None
        while True:
            containers.refresh(container)
            found = health.ask_platform(api) if container.status == "running" else {"status": health.UNREACHABLE}
            if found["status"] in health.SERVING or _lacks_cache_only(found, has_cache):
                return
            if found["status"] != health.UNREACHABLE:
                answer = "; ".join(found["problems"]) or str(found["status"])
            seconds = time.monotonic() - started
            if container.status != "running" or seconds > self.params["boot_timeout"]:
                raise verdict.judge(self._ending(container, relay, answer, seconds))
            time.sleep(_POLL_SECONDS)

    def _ask(self, container: Container, api: Api, relay: Relay, database: str) -> None:
        """Ask the backend. Raises BootError for a bad answer, with the end of its log."""
        self.report("log in and read")
        user = ProbeUser.new()
        self.hide(user.password)
        started = time.monotonic()
        with closing(Database({**self.params, "login_db": database}, read_only=False)) as connection:
            connection.open()  # a server that refuses it says nothing about the backup
            try:
                Questions(api, connection, user, self.found).ask()
            except BootError as error:
                ending = self._ending(container, relay, error.cause, time.monotonic() - started)
                explained = BootError(error.cause, ending.log, **error.details)
                raise (verdict.judge(ending) if verdict.outside(ending) else explained) from None
            except ApiError as error:
                judged = verdict.judge(self._ending(container, relay, None, time.monotonic() - started))
                raise judged from error

    def _ending(self, container: Container, relay: Relay, answer: str | None, seconds: float) -> Ending:
        containers.refresh(container)
        state = container.attrs["State"]
        is_running = container.status == "running"
        return Ending(
            None if is_running else int(state["ExitCode"]),
            bool(state.get("OOMKilled")),
            relay.connections,
            relay.problem or self._lost(),
            answer,
            containers.log_tail(container),
            seconds,
            containers.ended(self.beside),
        )

    def _lost(self) -> str | None:
        try:
            self.server.fetch("SELECT 1")
        except DatabaseError as error:
            return error.message
        return None


def compare_documents(backup: Backup, params: Mapping[str, Any], database: str, archive: Archive | None) -> str:
    """Compare the newest documents of a restored database with the uploads. Raises BootError if they differ."""
    fact = backup.manifest.uploads
    if not fact or archive is None:
        return NOTHING_TO_READ
    with closing(Database({**params, "login_db": database}, read_only=True)) as connection:
        rows = probe.documents(connection, DOCUMENTS)
    store = str(fact["store"])
    known = [found for found in (documents.document(row, store) for row in rows) if found]
    stored = documents.read(archive, {each.path for each in known}, store)
    problems = documents.problems(known, stored, store, fact)
    if problems:
        raise BootError(f"Documents and uploads do not agree: {'; '.join(problems[:5])}", problems=problems)
    return f"{len(known)} of {len(rows)} documents agree with their files" if known else NOTHING_TO_READ


def remove_leftovers(server: Server, params: Mapping[str, Any]) -> None:
    """Remove the containers, roles and directories that an interrupted boot left. Its side database must be gone.

    The engine is asked only if a role shows that there was a boot. On a host without one the role stays for the host
    that has the containers: it can log in for a few hours only, and to nothing of the platform.
    """
    live = str(params["login_db"])
    if not has_leftovers(server, live):
        return
    client = engine_client.connect_if_there(params["docker_host"], ENGINE_TIMEOUT)
    if client is None:
        return
    containers.remove_leftovers(client, containers.owner_of(params))
    drop_leftovers(server, live)
    if _FOLDER.is_dir():
        for path in _FOLDER.glob(f"{_PREFIX}*"):
            process = path.name[len(_PREFIX) :].partition("-")[0]
            if not Path(f"/proc/{process}").exists():
                shutil.rmtree(path, ignore_errors=True)


def _lacks_cache_only(found: Mapping[str, Any], has_cache: bool) -> bool:
    """Return whether a backend without Redis is healthy in all else."""
    parts = found.get("components") or {}
    others = [name for name, part in parts.items() if part["status"] != health.HEALTHY and name != "cache"]
    return found["status"] == health.DEGRADED and not has_cache and not others


@contextmanager
def _folder() -> Iterator[Path]:
    """Yield a directory for the socket. Other users of the host cannot enter the one around it."""
    try:
        _FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
        outer = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=_FOLDER))
    except OSError as error:
        raise ConvosphereError(f"Cannot create a directory in {_FOLDER}: {error}", hint="Use become: true.") from error
    try:
        inner = outer / "sockets"
        inner.mkdir(mode=0o755)
        yield inner
    finally:
        shutil.rmtree(outer, ignore_errors=True)
