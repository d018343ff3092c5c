# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roll a failed deploy back to the release that served before it.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._core import files as core_files
from .._core.errors import ConvosphereError
from .._engine import client as engine_client
from .._engine import compose_cli
from .._host import served_release
from . import deploy_plan, state
from .activation import Activation

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass(frozen=True)
class Rollback:
    """The way from a failed deploy of ``stack`` to its previous release.

    ``wait`` waits until the containers of the services of these names are healthy, or raises. ``timeout`` is in
    seconds, for Compose to create and start all containers.
    """

    stack: state.Stack
    client: DockerClient
    wait: Callable[[Iterable[str]], None]
    timeout: float

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
            self._restore(release)
        except Exception as second:  # noqa: BLE001 - whatever it is, the operator must know that nothing may serve
            return self._explained(error, f"Rolling back to release {release['id']} failed too: {second}")
        undone = self._undone_changes(release["files"])
        return self._explained(error, f"It was rolled back: release {release['id']} serves.{undone}")

    def _explained(self, error: ConvosphereError, outcome: str) -> ConvosphereError:
        """Return the same error with the outcome of the rollback in front of its cause."""
        return type(error)(f"The deploy failed. {outcome}\n{error.message}", hint=error.hint, **error.details)

    def _restore(self, release: Mapping[str, Any]) -> None:
        """Restore the release's files and the previous secrets, and start the release's images by their ids."""
        stack, steps = self.stack, Activation(self.stack, self.client)
        stack.secrets.restore()
        texts = self._texts_of(release)
        written = self._write(texts, steps)
        files = [stack.directory / name for name in compose_cli.FILE_NAMES if texts.get(name) is not None]
        compose = stack.compose_with(stack.secrets.previous)
        model = compose.model(files)
        running = engine_client.project_containers(self.client, stack.name)
        with core_files.unnamed(self._pins(model, release["images"]), "images") as pins:
            compose.up([*files, pins], timeout=self.timeout)
        steps.give_volumes()
        steps.restart_stale(model["services"], running, texts, written)
        # The platform is not asked: it may have been reached at another port. Its containers' own checks ask it.
        self.wait(name for name, service in model["services"].items() if state.replicas(service))

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

    def _pins(self, model: Mapping[str, Any], images: Mapping[str, str]) -> str:
        """Return Compose text that pins the release's images by id if their reference means another image by now."""
        pinned = {}
        for name, service in model["services"].items():
            previous = state.image_id(self.client, images.get(name, "").rpartition("@")[2] or service["image"])
            if previous and state.image_id(self.client, service["image"]) != previous:
                pinned[name] = {"image": previous}
        return json.dumps({"services": pinned})
