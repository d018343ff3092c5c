# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove, lock and connect: the beginning of every run that changes a stack.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from .._core import files, locks
from .._core.work import Invocation, Work
from .._engine import client as engine_client
from .._host import environment_directory
from . import project_owner

if TYPE_CHECKING:
    from docker import DockerClient


class StackRun(Work):
    """A run on the stack in ``project_src``, which no other run changes at the same time."""

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self.params = invocation.params
        self.name: str = invocation.params["project_name"]
        self.environment: str = invocation.params["environment_name"]
        self.directory = Path(invocation.params["project_src"])
        self.client: DockerClient | None = None
        self.held = ExitStack()

    def start(self) -> None:
        """Prove that the directory and the project are the environment's, lock the directory, and connect."""
        environment_directory.refuse_foreign_directory(self.directory, self.environment, "project_src", self.name)
        if not self.invocation.check_mode and self.directory.is_dir():
            self.held.enter_context(locks.locked(self.directory / locks.LOCK, f"the stack {self.name}"))
            files.remove_temporary(self.directory)
        connect = engine_client.connect_if_there if self.invocation.check_mode else engine_client.connect
        self.client = connect(self.params["docker_host"], self.params["timeout"])
        if self.client:
            project_owner.refuse_foreign_project(self.client, self.name, self.environment, self.directory)

    def close(self) -> None:
        """Release the lock."""
        self.held.close()
