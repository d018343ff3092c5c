# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""convosphere_db_backup as a process of its own, without Ansible around it: to be killed, watched, and held up."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.sandbox import until

_PROGRAM = """
import json, sys
from pathlib import Path
from ansible.module_utils.testing import patch_module_args
from ansible_collections.convosphere.platform.plugins.modules import convosphere_db_backup
with patch_module_args(json.loads(Path(sys.argv[1]).read_text())):
    convosphere_db_backup.main()
"""
#: Stands before the real zstd in the PATH: nothing is read of a dump as long as the gate is closed.
_GATE = """\
#!{python}
import os, pathlib, sys, time
while pathlib.Path({closed!r}).exists():
    time.sleep(0.02)
os.execv({zstd!r}, sys.argv)
"""


@dataclass
class Run:
    """One run of the module that was started."""

    process: subprocess.Popen[bytes]
    folder: Path

    def kill(self) -> None:
        """End the module's process, and nothing else, without a chance to do anything more."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=60)

    def result(self) -> dict[str, Any]:
        """What the module returned, when it has ended."""
        output, errors = self.process.communicate(timeout=120)
        lines = [line for line in output.decode().splitlines() if line.startswith("{")]
        assert lines, output.decode() + errors.decode()
        found: dict[str, Any] = json.loads(lines[-1])
        return found

    def failure(self) -> str:
        """The message with which it failed."""
        found = self.result()
        assert found.get("failed"), found
        return str(found["msg"])


class BackupModule:
    """Starts the module with some options."""

    def __init__(self, options: dict[str, Any], folder: Path) -> None:
        self.options = options
        self.folder = folder
        self.directory = Path(options["backup_dir"])
        self.path = os.environ["PATH"]
        self.closed = folder / "closed"
        self.started = 0

    def start(self, **options: Any) -> Run:
        """Start it, and do not wait."""
        self.started += 1
        arguments = self.folder / f"arguments-{self.started}.json"
        arguments.write_text(json.dumps({**self.options, **options}))
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PATH": self.path},
        )
        return Run(process, self.folder)

    def run(self, **options: Any) -> dict[str, Any]:
        """Run it to a good end."""
        found = self.start(**options).result()
        assert not found.get("failed"), found["msg"]
        return found

    def without(self, *missing: str) -> None:
        """From now on these programs are not installed."""
        bare = self.folder / "bare"
        bare.mkdir()
        for program in {"docker", "nice", "zstd", "age"} - set(missing):
            (bare / program).symlink_to(str(shutil.which(program)))
        self.path = str(bare)

    def close_gate(self) -> None:
        """From now on a dump stands still when it has begun, until the gate is opened."""
        programs = self.folder / "gate"
        programs.mkdir(exist_ok=True)
        zstd = programs / "zstd"
        text = _GATE.format(python=sys.executable, closed=str(self.closed), zstd=shutil.which("zstd"))
        zstd.write_text(text)
        zstd.chmod(0o755)
        self.closed.touch()
        self.path = f"{programs}:{os.environ['PATH']}"

    def open_gate(self) -> None:
        """Let it go on."""
        self.closed.unlink()

    def start_and_wait(self, **options: Any) -> Run:
        """Start it behind the closed gate, and wait until it stands still in the middle of the dump."""
        self.close_gate()
        run = self.start(**options)
        unfinished = ".convosphere-*.dump.zst*"
        until(lambda: run.process.poll() is not None or [*self.directory.glob(unfinished)], "the dump to begin")
        assert run.process.poll() is None, run.result()
        return run

    def names(self) -> list[str]:
        """What is in the backup directory beside the lock, sorted."""
        return sorted(path.name for path in self.directory.iterdir() if path.name != ".lock")

    def manifests(self) -> list[dict[str, Any]]:
        """The manifests there, oldest first."""
        return [json.loads(path.read_text()) for path in sorted(self.directory.glob("*.manifest.json"))]
