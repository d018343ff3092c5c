# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read from named pipes that programs in containers write to.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO


class FifoWriters:
    """A writer's end of each named pipe, kept open until its program has ended.

    Without it the reader would take a program that has not opened the pipe yet for one that has ended.
    """

    def __init__(self) -> None:
        self._descriptors: dict[int, int] = {}

    def open(self, index: int, fifo: Path) -> IO[bytes]:
        """Return the reader's end of the pipe of the program ``index``, and keep a writer's end open."""
        self._descriptors[index] = os.open(fifo, os.O_RDWR | os.O_CLOEXEC)
        return fifo.open("rb", buffering=0)

    def close(self, index: int) -> None:
        """Close the writer's end of a program that has ended, if it has one."""
        if index in self._descriptors:
            os.close(self._descriptors.pop(index))

    def close_all(self) -> None:
        """Close the writers' ends of all programs."""
        for index in list(self._descriptors):
            self.close(index)
