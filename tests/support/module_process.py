# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module as a process of its own, without a playbook around it: to be killed, or watched while it works."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.common.parameters import PASS_VARS

#: Options of Ansible with which a module returns all that it can: `invocation` has to be asked for from 2.21 on.
SHOW_ALL: dict[str, bool] = {
    "_ansible_diff": True,
    **({"_ansible_inject_invocation": True} if "inject_invocation" in PASS_VARS else {}),
}


def printed(text: str) -> dict[str, Any]:
    """Return the task's result that a module printed, without the secrets that it reports to Ansible 2.22."""
    found: dict[str, Any] = json.loads(text)
    found.pop("_ansible_new_secrets", None)
    return found


class ModuleProcess:
    """One run of a module that has begun. It reads its options from a file in ``folder``.

    ``environment`` is added to this process's own. ``output`` is all that it printed once its result was asked for, and
    ``errors`` what of it went to its standard error.
    """

    def __init__(
        self, module: str, options: Mapping[str, Any], folder: Path, *, check: bool = False, **environment: str
    ) -> None:
        arguments = folder / f"arguments-{uuid.uuid4().hex[:8]}.json"
        arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {**options, **SHOW_ALL, "_ansible_check_mode": check}}))
        name = f"ansible_collections.convosphere.platform.plugins.modules.{module}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", name, str(arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        self.output = self.errors = ""

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.poll() is None

    def kill(self) -> None:
        """End it at once, as a power cut would: nothing is left to it to do."""
        if self.running:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def kill_after(self, seconds: float) -> bool:
        """Kill it unless it ends within so many seconds; whether it was killed."""
        try:
            self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return True
        return False

    def result(self, timeout: float = 300) -> dict[str, Any]:
        """Return the module's result, failed or not."""
        stdout, stderr = self.process.communicate(timeout=timeout)
        assert stdout.strip().startswith("{"), stdout + stderr
        found = printed(stdout)
        self.output, self.errors = json.dumps(found) + stderr, stderr
        return found

    def failure(self) -> str:
        """Return the message of the failure."""
        found = self.result()
        assert found.get("failed"), found
        return str(found["msg"])


def run_module(
    module: str, options: Mapping[str, Any], folder: Path, *, check: bool = False, **environment: str
) -> dict[str, Any]:
    """Run a module to its end: what it returned, failed or not."""
    return ModuleProcess(module, options, folder, check=check, **environment).result()
