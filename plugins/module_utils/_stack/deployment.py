# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploying a stack: write, bring up, gate, record; and going back to what served before where that fails.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .._core import dotenv
from .._core import files as core_files
from .._core.errors import (
    CommandError,
    ConvosphereError,
    UnhealthyError,
)
from .._engine import client as engine_client
from .._engine import compose_cli, health_waiter, writable_mounts
from .._engine import project as engine_project
from .._host import served_release
from . import deploy_plan, releases, stale_mounts, state

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

SECRETS_HEADER = (
    "Secrets of this environment, generated once and kept: Compose reads them by itself. Keep this file 0600."
)


@dataclass(frozen=True)
class Deployment:
    """One deploy of one stack.

    ``wait`` waits until the containers of the services of these names are healthy, or raises; ``ask_platform`` raises
    unless the wanted stack itself says that it is, where it will be reached.
    """

    stack: state.Stack
    client: DockerClient
    wait: Callable[[Iterable[str]], None]
    ask_platform: Callable[[], None]
    timeout: float  # seconds for Compose to create and start everything

    def apply(self) -> None:
        """Bring the wanted stack up; where that fails, bring back what served before and raise why it failed.

        What nobody thought of leads back as well: half a deploy must not be what serves.
        """
        with self._going_back():
            self._write_wanted()
            self._up()
            self._give_volumes()
            self._reload(self.stack.references(), self.stack.containers, self.stack.texts, self.stack.differing_texts())
            self.gate()

    def complete(self) -> None:
        """Gate what a run that was killed had brought up but not recorded; where that fails, go back as ``apply`` does.

        Where the release that serves has these images and files too, there is nothing else to go back to.
        """
        wanted, served = deploy_plan.wanted_release(self.stack), served_release.current(self.stack.releases) or {}
        if all(served.get(part) == wanted[part] for part in ("images", "files")):
            self.gate()
            return
        with self._going_back():
            self._give_volumes()
            self.gate()

    def gate(self) -> None:
        """Raise UnhealthyError unless every service is healthy and runs the image that is wanted."""
        self.wait(self.stack.references())
        self.ask_platform()
        running = engine_client.project_containers(self.client, self.stack.name)
        for service, reference in self.stack.references().items():
            wanted = self.stack.image_ids[reference]
            for container in running.get(service, []):
                if container.attrs["Image"] != wanted:
                    raise UnhealthyError(
                        f"The service {service} runs the image {container.attrs['Image']}, not {reference} ({wanted})"
                    )

    def _write_wanted(self) -> None:
        stack = self.stack
        if any(stack.present_variables.get(name) != value for name, value in stack.variables.items()):
            text = dotenv.merge(stack.present_secrets or "", stack.variables, SECRETS_HEADER)
            core_files.write_text(stack.secrets_path, text, "0600")
        for name in stack.differing_texts():
            text, mode = stack.texts[name]
            core_files.write_text(stack.directory / name, text, mode)
        for name in stack.present_texts.keys() - stack.texts.keys():
            self._remove(name)

    def _remove(self, name: str) -> None:
        """What no release has may be all that somebody has of it: only its name is taken from it."""
        path = self.stack.directory / name
        (core_files.set_aside if name in self.stack.foreign else core_files.remove)(path)

    def _up(self) -> None:
        stale = [name for name in self.stack.references() if deploy_plan.stale_environment(self.stack, name)]
        try:
            # First, or what depends on one that its old proxy keeps from being healthy would wait for it in vain.
            if stale:
                self.stack.project.recreate(self.stack.compose_files(), stale, timeout=self.timeout)
            self.stack.project.up(self.stack.compose_files(), timeout=self.timeout)
        except CommandError as error:
            # Where one service waits for the health of another in vain, Compose names it and says nothing of why.
            project = engine_project.read_project(self.client, self.stack.name)
            ended = "returncode" in error.details  # or else it waited in vain until its time was up
            hopeless = {"unhealthy"} if ended else {"unhealthy", "starting"}
            ill = [each for each in project.services.values() if each.health in hopeless or _has_ended(project, each)]
            if not ill:
                raise
            symptoms = health_waiter.unhealthy(ill, "did not come up")
            raise UnhealthyError(f"{error.message}\n{symptoms.message}", **symptoms.details) from error

    def _give_volumes(self) -> None:
        """Have each service of the stack able to write its volumes, now that its containers run."""
        found = engine_client.project_containers(self.client, self.stack.name).values()
        writable_mounts.give(self.client, self.stack.name, [item for several in found for item in several])

    def _reload(
        self,
        services: Collection[str],
        before: Mapping[str, Sequence[Container]],
        names: Iterable[str],
        written: Collection[str],
    ) -> None:
        """Restart the containers that Compose has let run on and that have read another text of a file than is there.

        Those of ``services`` only: what somebody started by hand is left alone. ``before`` are the containers from
        before the files ``written`` were.
        """
        stale, started = [], {item.id: item.attrs["State"]["StartedAt"] for found in before.values() for item in found}
        for service, found in engine_client.project_containers(self.client, self.stack.name).items():
            for item in found if service in services else ():
                newer = written if started.get(item.id) == item.attrs["State"]["StartedAt"] else ()
                if stale_mounts.stale(self.stack.directory, names, item, newer):
                    stale.append(item)
        engine_client.in_parallel(_restart, stale)

    @contextmanager
    def _going_back(self) -> Iterator[None]:
        try:
            yield
        except ConvosphereError as error:
            raise self._gone_back(error) from error
        except Exception as error:
            told = ConvosphereError(f"Unexpected {type(error).__name__}: {error}", hint="Please report this defect.")
            raise self._gone_back(told) from error

    def _gone_back(self, error: ConvosphereError) -> ConvosphereError:
        release = served_release.current(self.stack.releases)
        if release is None or not self.stack.containers:
            return self._told(error, "No release served before: the containers are left for you to look at.")
        try:
            self._bring_back(release)
        except Exception as second:  # noqa: BLE001 - whatever it is, the operator has to know that nothing may serve
            return self._told(error, f"Going back to release {release['id']} failed too: {second}")
        return self._told(
            error, f"Release {release['id']} was brought back and serves.{self._dropped(release['files'])}"
        )

    def _told(self, error: ConvosphereError, what_now: str) -> ConvosphereError:
        """The same error, with what serves now before why it failed: the first thing an operator has to know."""
        return type(error)(f"The deploy failed. {what_now}\n{error.message}", hint=error.hint, **error.details)

    def _bring_back(self, release: Mapping[str, Any]) -> None:
        """Put the release's files and the secrets of before in place and start the release's images, by their ids."""
        stack = self.stack
        if stack.present_secrets is not None:
            # One that was made up may be what a service began its data with: the next deploy must find it again.
            made_up = {name: stack.variables[name] for name in stack.made_up}
            kept = dotenv.merge(stack.present_secrets, made_up, SECRETS_HEADER) if made_up else None
            core_files.write_text(stack.secrets_path, kept or stack.present_secrets, "0600")
        texts, written = self._texts_of(release), []
        for name, text in texts.items():
            path, mode = stack.directory / name, stack.present_modes.get(name, "0640")
            if text is None:
                self._remove(name)
            elif core_files.read_text(path) != text or core_files.mode_of(path) != mode:
                core_files.write_text(path, text, mode)
                written.append(name)
        files = [stack.directory / name for name in compose_cli.FILE_NAMES if texts.get(name) is not None]
        before = {name: stack.present_variables[name] for name in stack.variables if name in stack.present_variables}
        project = stack.project_with(before)
        model = project.model(files)
        running = engine_client.project_containers(self.client, stack.name)
        with core_files.unnamed(self._pins(model, release["images"]), "images") as pins:
            project.up([*files, pins], timeout=self.timeout)
        self._give_volumes()
        self._reload(model["services"], running, texts, written)
        # The platform is not asked: it may have been reached at another port. Its containers' own checks ask it.
        self.wait(name for name, service in model["services"].items() if state.replicas(service))

    def _texts_of(self, release: Mapping[str, Any]) -> dict[str, str | None]:
        """The texts of the release that serves, None for a file that it does not have.

        What was found may be the work of a deploy that was killed, or of a hand: it never served as a release.
        """
        before: dict[str, str | None] = {}
        for name, found in self.stack.present_texts.items():
            if found is not None and deploy_plan.digest(found) == release["files"].get(name):
                before[name] = found
                continue
            before[name] = core_files.read_text(self.stack.releases / served_release.CURRENT / name)
            if before[name] is None and name in release["files"]:
                raise ConvosphereError(
                    f"It has no copy of its {name} in {self.stack.releases / served_release.CURRENT}"
                )
        return before

    def _dropped(self, files: Mapping[str, str]) -> str:
        """What to tell of texts that are gone now: those that were found and neither served nor are wanted."""
        names = [
            name
            for name, found in self.stack.present_texts.items()
            if found not in (None, self.stack.texts.get(name, (None,))[0])
            and deploy_plan.digest(found) != files.get(name)
        ]
        if not names:
            return ""
        return f" What was found in {', '.join(names)}, changed by hand or by a deploy that was killed, is undone."

    def _pins(self, model: Mapping[str, Any], images: Mapping[str, str]) -> str:
        """Compose text which names the images of the release by id, where the reference is another by now or none."""
        pinned = {}
        for name, service in model["services"].items():
            before = state.image_id(self.client, images.get(name, "").rpartition("@")[2] or service["image"])
            if before and state.image_id(self.client, service["image"]) != before:
                pinned[name] = {"image": before}
        return json.dumps({"services": pinned})


def _restart(container: Container) -> None:
    engine_client.stop_container(container, None)
    engine_client.start_container(container, None)


def _has_ended(project: engine_project.Project, service: engine_project.Service) -> bool:
    states = {container.status for container in service.containers}
    return bool(states & {"exited", "restarting", "dead"}) and not project.is_settled(service.name)


def record_release(stack: state.Stack, *, environment: str, released_by: str, keep: int) -> None:
    """Write down what serves now, and drop the oldest releases beyond ``keep``."""
    record: dict[str, Any] = {
        "id": releases.new_id(),
        "environment": environment,
        "released_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "released_by": released_by,
        "secrets": sorted(stack.variables),  # their names, to know later which of them were lost
        "schema": stack.schema,  # whether the database is where the code wants it can then be told without a container
        **deploy_plan.wanted_release(stack),
    }
    releases.save(stack.releases, record, {name: text for name, (text, _mode) in stack.texts.items()})
    releases.prune(stack.releases, keep)
