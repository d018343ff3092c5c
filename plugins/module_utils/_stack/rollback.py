# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roll a failed deploy back to the release that served before it.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core import files as core_files
from .._core.errors import ConvosphereError
from .._engine import client as engine_client
from .._engine import compose_cli
from .._engine.project import RUNNING, is_done
from .._host import served_release
from . import beside, deploy_plan, published_ports, state, upstream_files
from .activation import Activation
from .mcp_registration import Ready
from .rollout import Gate, Rollout
from .target import Target

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container


@dataclass(frozen=True)
class Rollback:
    """The way from a failed deploy of ``stack`` to its previous release.

    ``wait`` waits until the containers of the services of these names are healthy, or raises. ``timeout`` is in
    seconds, for Compose to create and start all containers. ``ready`` completes containers that are healthy.
    """

    stack: state.Stack
    client: DockerClient
    wait: Callable[[Iterable[str]], None]
    timeout: float
    wait_for: Gate
    warn: Callable[[str], None]
    drain_timeout: float
    ready: Ready

    @contextmanager
    def on_failure(self) -> Iterator[None]:
        """Roll back if the block fails, and raise its error with the outcome of the rollback.

        Unexpected errors trigger a rollback too: half a deploy must never serve.
        """
        try:
            yield
        except ConvosphereError as error:
            raise self._rolled_back(error) from error
        except Exception as error:
            defect = ConvosphereError(f"Unexpected {type(error).__name__}: {error}", hint="Please report this defect.")
            raise self._rolled_back(defect) from error

    def _rolled_back(self, error: ConvosphereError) -> ConvosphereError:
        release = served_release.current(self.stack.releases)
        if release is None or not self.stack.containers:
            return self._explained(error, "No release served before: the containers are kept for inspection.")
        try:
            self.restore(release)
        except Exception as second:  # noqa: BLE001 - whatever it is, the operator must know that nothing may serve
            return self._explained(error, f"Rolling back to release {release['id']} failed too: {second}")
        undone = self._undone_changes(release["files"])
        return self._explained(error, f"It was rolled back: release {release['id']} serves.{undone}")

    def _explained(self, error: ConvosphereError, outcome: str) -> ConvosphereError:
        """Return the same error with the outcome of the rollback in front of its cause."""
        return type(error)(f"The deploy failed. {outcome}\n{error.message}", hint=error.hint, **error.details)

    def restore(self, release: Mapping[str, Any]) -> None:
        """Restore the release's files and the previous secrets, and start the release's images by their ids."""
        stack, steps = self.stack, Activation(self.stack, self.client)
        stack.secrets.restore()
        texts = self._texts_of(release)
        of_edge = {name: text for name, text in texts.items() if stack.edge and stack.edge.owns(name)}
        written = self._write({name: text for name, text in texts.items() if name not in of_edge}, steps)
        files = [stack.directory / name for name in compose_cli.FILE_NAMES if texts.get(name) is not None]
        running = engine_client.project_containers(self.client, stack.name)
        with self._target(files, release["images"]) as target:
            if beside.applies(stack, target.services, running):
                self._replace(target, steps, running, (texts, written, of_edge))
                return
            written += self._write(of_edge, steps)
            steps.name_upstreams(target, running)
            upstream_files.write(stack.directory, self._upstreams())
            target.compose.up(target.files, timeout=self.timeout)
            steps.give_volumes()
            steps.restart_stale(target.services, running, texts, written)
            steps.reload_edge(running)
            # The platform is not asked: it may have been reached at another port. Its containers' own checks ask it.
            self.wait(target.names())
            self.ready(engine_client.project_containers(self.client, stack.name))
            if stack.phase == "all":
                steps.settle_edge(target)

    def _upstreams(self) -> dict[str, list[str]]:
        """Return the addresses that served before, if the edge serves containers of several hosts."""
        return {name: text.split() for name, text in self.stack.upstreams.items()} if self.stack.phase != "all" else {}

    def _replace(
        self,
        target: Target,
        steps: Activation,
        running: beside.Containers,
        files: tuple[Mapping[str, str | None], Sequence[str], Mapping[str, str | None]],
    ) -> None:
        """Return to the release by the steps of a deploy. Containers of the release that still run stay as they are.

        ``files`` are the release's texts, the names of those that were written, and the texts that the edge loads.
        """
        texts, written, of_edge = files
        hooks = (self.wait, self.wait_for, self.warn, self.timeout, self.drain_timeout)
        rollout = Rollout(self.stack, self.client, target, steps, *hooks)
        rollout.converge([name for name in rollout.others() if not _is_back(target, name, running.get(name, []))])
        read = [name for name in target.names() if name not in rollout.ports]
        steps.restart_stale(read, running, texts, written)
        rollout.create()
        rollout.gate()
        self.ready(rollout.serving)
        self._write(of_edge, steps)
        rollout.switch(self._upstreams() or rollout.upstreams())
        self.wait(read)
        added = running.keys() - self.stack.containers.keys() - target.services.keys()
        rollout.finish(sorted(added))

    @contextmanager
    def _target(self, files: Sequence[Path], images: Mapping[str, str]) -> Iterator[Target]:
        """Yield the release as the target. Images of which the reference means another one by now are pinned by id."""
        compose = self.stack.compose_with(self.stack.secrets.previous)
        model = compose.model(files)
        ids = self._image_ids(model, images)
        pinned = {
            name: {"image": found}
            for name, found in ids.items()
            if found and state.image_id(self.client, model["services"][name]["image"]) != found
        }
        with core_files.unnamed(json.dumps({"services": pinned}), "images") as pins:
            every = [compose.hashes(files)] if self.stack.beside else []
            every += [compose.hashes([*files, pins])] if self.stack.beside and pinned else []
            hashes = {name: {found.get(name, "") for found in every} for name in model["services"]}
            for name, found in self._other_hashes(compose, [*files, pins]).items():
                hashes.get(name, set()).update(found)
            yield Target(compose, [*files, pins], model["services"], hashes, ids, lambda _name, _item: False)

    def _other_hashes(self, compose: compose_cli.Compose, files: Sequence[Path]) -> Mapping[str, set[str]]:
        """Return the hashes of the release at other ports that containers publish."""
        running = engine_client.project_containers(self.client, self.stack.name)
        return published_ports.other_hashes(compose, files, self.stack.port_ranges, running)

    def _image_ids(self, model: Mapping[str, Any], images: Mapping[str, str]) -> dict[str, str | None]:
        """Return the id of the image of each service in the release, whose ``images`` are ``reference@id``."""
        return {
            name: state.image_id(self.client, images.get(name, "").rpartition("@")[2] or service["image"])
            for name, service in model["services"].items()
        }

    def _write(self, texts: Mapping[str, str | None], steps: Activation) -> list[str]:
        """Write the texts that differ from the files, remove files without a text, and return the names written."""
        written = []
        for name, text in texts.items():
            path, mode = self.stack.directory / name, self.stack.current_modes.get(name, "0640")
            if text is None:
                steps.remove_file(name)
            elif core_files.read_text(path) != text or core_files.mode_of(path) != mode:
                core_files.write_text(path, text, mode)
                written.append(name)
        return written

    def _texts_of(self, release: Mapping[str, Any]) -> dict[str, str | None]:
        """Return the texts of the release that serves, None for a file that it does not have.

        A file on the host that differs was written by an interrupted deploy or by hand: it never served as a release.
        """
        texts: dict[str, str | None] = {}
        for name, current in self.stack.current_texts.items():
            if current is not None and deploy_plan.digest(current) == release["files"].get(name):
                texts[name] = current
                continue
            texts[name] = core_files.read_text(self.stack.releases / served_release.CURRENT / name)
            if texts[name] is None and name in release["files"]:
                raise ConvosphereError(
                    f"{self.stack.releases / served_release.CURRENT} has no copy of {name}, which the release needs"
                )
        return texts

    def _undone_changes(self, files: Mapping[str, str]) -> str:
        """Return a sentence about texts that are gone: those found in files that are neither released nor desired."""
        names = [
            name
            for name, current in self.stack.current_texts.items()
            if current not in (None, self.stack.texts.get(name, (None,))[0])
            and deploy_plan.digest(current) != files.get(name)
        ]
        if not names:
            return ""
        return f" The changes found in {', '.join(names)}, made by hand or by an interrupted deploy, are undone."


def _is_back(target: Target, name: str, containers: Sequence[Container]) -> bool:
    """Return whether the containers of a service are those of the release, and run or have completed their job."""
    alive = [item for item in containers if item.status == RUNNING or is_done(item)]
    return bool(alive) and alive == list(containers) and all(target.is_fresh(name, item) for item in alive)
