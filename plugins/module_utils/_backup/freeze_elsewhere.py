# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a snapshot while the run that called this module pauses the backends of other hosts.

Both talk through two files. The module announces in the one that it is ready for its snapshot, that everything is read,
or that it is over. The run answers in the other one that the backends are paused, and whether they were until the end.
A run that was killed does not answer: then there is no backup.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._core import files
from .._core.errors import ConvosphereError, EngineError

#: What the module announces.
READY, READ, OVER = "ready", "read", "over"
#: The keys of an answer: the paused containers, and at the end why the backup is not valid, empty if it is.
PAUSED, PROBLEM = "paused", "problem"
#: How many seconds the run may take for an answer, which is a task on each of the hosts.
PATIENCE = 120
_POLL = 0.05


@dataclass
class Elsewhere:
    """The backends of other hosts. ``path`` is that of the option ``freeze_elsewhere``."""

    path: Path
    patience: float = PATIENCE
    #: The paused containers, as the run names them.
    paused: list[str] = field(default_factory=list)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Run the block while the run pauses these backends. Raises EngineError if they were not until its end."""
        self._remove_earlier()
        self.announce(READY)
        self.paused = [str(name) for name in self._wait(PAUSED, "paused the backends of the other hosts")]
        yield
        self.announce(READ)
        problem = self._wait(
            PROBLEM, "said whether the backends of the other hosts stood still until everything was read"
        )
        if problem:
            raise EngineError(
                f"The backup would be inconsistent: {problem}",
                hint="No backup was created. Run it again once these hosts can be reached. If the time was over, raise "
                "freeze_timeout (database_freeze_timeout).",
            )

    def announce(self, step: str) -> None:
        """Tell the run what it waits for. Raises ConvosphereError."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.write_text(self._named("backup"), step + "\n", "0600")

    def end(self) -> None:
        """Tell the run that nothing more is coming, and remove its answers."""
        with suppress(ConvosphereError, OSError):
            self.announce(OVER)
            files.remove(self._named("run"))

    def _remove_earlier(self) -> None:
        """Remove the files of earlier runs, whose names differ in what follows the last dash."""
        prefix, dash, _id = self.path.name.rpartition("-")
        for each in self.path.parent.glob(f"{prefix}-*") if dash else ():
            if not each.name.startswith(f"{self.path.name}."):
                files.remove(each)

    def _wait(self, key: str, step: str) -> Any:
        """Return the run's answer. Raises EngineError without one."""
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            found = self._answer()
            if key in found:
                return found[key]
            time.sleep(_POLL)
        raise EngineError(
            f"The run that began this backup has not {step} for {self.patience:g} s: it was probably interrupted",
            hint="No backup was created. Run it again.",
        )

    def _answer(self) -> Mapping[str, Any]:
        try:
            found = json.loads(files.read_text(self._named("run")) or "{}")
        except ValueError:  # written in more than one step
            return {}
        return found if isinstance(found, dict) else {}

    def _named(self, part: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{part}")


def of(params: Mapping[str, Any]) -> Elsewhere | None:
    """Return the backends of other hosts, if the options of a backup name them."""
    return Elsewhere(Path(params["freeze_elsewhere"])) if params.get("freeze_elsewhere") else None
