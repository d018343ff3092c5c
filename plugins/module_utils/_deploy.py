# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploying a stack: write, bring up, gate, record; and going back to what served before where that fails.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.convosphere.platform.plugins.module_utils import (
    _engine,
    _environment_file,
    _files,
    _releases,
    _stack,
)
from ansible_collections.convosphere.platform.plugins.module_utils._errors import ConvosphereError, UnhealthyError

if TYPE_CHECKING:
    from docker import DockerClient

SECRETS_HEADER = (
    "Secrets of this environment, generated once and kept: Compose reads them by itself. Keep this file 0600."
)


@dataclass(frozen=True)
class Deployment:
    """One deploy of one stack. ``wait`` waits until all services are healthy, or raises."""

    stack: _stack.Stack
    client: DockerClient
    wait: Callable[[], None]
    timeout: float  # seconds for Compose to create and start everything

    def apply(self) -> None:
        """Bring the wanted stack up; where that fails, bring back what served before and raise why it failed."""
        try:
            self._write_wanted()
            self.stack.project.up(self.stack.compose_files(self.stack.directory), timeout=self.timeout)
            self.gate()
        except ConvosphereError as error:
            raise self._gone_back(error) from error

    def gate(self) -> None:
        """Raise UnhealthyError unless every service is healthy and runs the image that is wanted."""
        self.wait()
        running = _engine.project_containers(self.client, self.stack.name)
        for service, reference in self.stack.references().items():
            wanted = self.stack.image_ids[reference]
            for container in running.get(service, []):
                if container.attrs["Image"] != wanted:
                    raise UnhealthyError(
                        f"The service {service} runs the image {container.attrs['Image']}, not {reference} ({wanted})"
                    )

    def _write_wanted(self) -> None:
        directory = self.stack.directory
        if self.stack.variables != self.stack.present_variables:
            text = _environment_file.render(self.stack.variables, SECRETS_HEADER)
            _files.write_text(self.stack.secrets_path, text, "0600")
        for name, (text, mode) in self.stack.texts.items():
            if self.stack.present_texts.get(name) != text or self.stack.present_modes.get(name) != mode:
                _files.write_text(directory / name, text, mode)

    def _gone_back(self, error: ConvosphereError) -> ConvosphereError:
        release = _releases.current(self.stack.releases)
        if release is None or not self.stack.containers:
            return _told(error, "No release served before: the containers are left for you to look at.")
        try:
            self._bring_back()
        except ConvosphereError as second:
            return _told(error, f"Going back to release {release['id']} failed too: {second}")
        return _told(error, f"Release {release['id']} was brought back and serves.")

    def _bring_back(self) -> None:
        """Put the files and secrets of before in place again and start the images of before, by their ids."""
        stack = self.stack
        before = _environment_file.render(stack.present_variables, SECRETS_HEADER)
        _files.write_text(stack.secrets_path, before, "0600")
        for name, text in stack.present_texts.items():
            if text is None:
                (stack.directory / name).unlink(missing_ok=True)
            else:
                _files.write_text(stack.directory / name, text, stack.present_modes[name])
        files = [stack.directory / name for name in stack.present_compose_files()]
        project = stack.project_with(stack.present_variables)
        with tempfile.TemporaryDirectory(prefix="convosphere-") as directory:
            pins = Path(directory) / "pins.yaml"
            pins.write_text(_pins(stack), encoding="utf-8")
            project.up([*files, pins], timeout=self.timeout)
        self.wait()


def _pins(stack: _stack.Stack) -> str:
    """Compose text which names the images of before by id, for the services whose tag is another image by now."""
    lines = ["services:"]
    for service, containers in stack.containers.items():
        image_id, reference = containers[0].attrs["Image"], containers[0].attrs["Config"]["Image"]
        if stack.image_ids.get(reference) not in (None, image_id):
            lines += [f"  {service}:", f"    image: {image_id}"]
    return "\n".join(lines if len(lines) > 1 else ["services: {}"]) + "\n"


def record_release(stack: _stack.Stack, *, environment: str, released_by: str, keep: int) -> None:
    """Write down what serves now, and drop the oldest releases beyond ``keep``."""
    record: dict[str, Any] = {
        "id": _releases.new_id(),
        "environment": environment,
        "released_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "released_by": released_by,
        **_stack.wanted_release(stack),
    }
    _releases.save(stack.releases, record, {name: text for name, (text, _mode) in stack.texts.items()})
    _releases.prune(stack.releases, keep)


def _told(error: ConvosphereError, what_now: str) -> ConvosphereError:
    """The same error, with what serves now before why the deploy failed: the first thing an operator has to know."""
    return type(error)(f"The deploy failed. {what_now}\n{error.message}", hint=error.hint, **error.details)
