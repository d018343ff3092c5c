# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""convosphere_db_backup as a process of its own, which can be held up in the middle of a dump."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from support.module_process import ModuleProcess
from support.sandbox import until

#: Stands before the real zstd in the PATH: nothing is read of a dump as long as the gate is closed.
_GATE = """\
#!{python}
import os, pathlib, sys, time
while pathlib.Path({closed!r}).exists():
    time.sleep(0.02)
os.execv({zstd!r}, sys.argv)
"""


class BackupModule:
    """Starts the module with some options."""

    def __init__(self, options: dict[str, Any], folder: Path) -> None:
        self.options = options
        self.folder = folder
        self.directory = Path(options["backup_dir"])
        self.path = os.environ["PATH"]
        self.closed = folder / "closed"

    def start(self, **options: Any) -> ModuleProcess:
        """Start it, and do not wait."""
        return ModuleProcess("convosphere_db_backup", {**self.options, **options}, self.folder, PATH=self.path)

    def run(self, **options: Any) -> dict[str, Any]:
        """Run it to a good end."""
        found = self.start(**options).result()
        assert not found.get("failed"), found["msg"]
        return found

    def without(self, *missing: str) -> None:
        """Make these programs unavailable from now on."""
        bare = self.folder / "bare"
        bare.mkdir()
        for program in {"docker", "nice", "zstd", "age"} - set(missing):
            (bare / program).symlink_to(str(shutil.which(program)))
        self.path = str(bare)

    def close_gate(self) -> None:
        """Pause each dump from now on after it has begun, until the gate is opened."""
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

    def start_and_wait(self, **options: Any) -> ModuleProcess:
        """Start it behind the closed gate, and wait until it stands still in the middle of the dump."""
        self.close_gate()
        run = self.start(**options)
        unfinished = ".convosphere-*.dump.zst*"
        until(lambda: not run.running or [*self.directory.glob(unfinished)], "the dump to begin")
        assert run.running, run.result()
        return run

    def names(self) -> list[str]:
        """Return what is in the backup directory beside the lock, sorted."""
        return sorted(path.name for path in self.directory.iterdir() if path.name != ".lock")

    def manifests(self) -> list[dict[str, Any]]:
        """Return the manifests there, oldest first."""
        return [json.loads(path.read_text()) for path in sorted(self.directory.glob("*.manifest.json"))]
