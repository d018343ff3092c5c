# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a test host, which has nothing but Python: collects all command lines until its input ends, and prints them.

They are separated by null characters, the arguments within one by spaces.
"""

from __future__ import annotations

import select
import sys
from pathlib import Path

SECONDS_BETWEEN = 0.03

found: set[bytes] = set()
while not select.select([sys.stdin], [], [], SECONDS_BETWEEN)[0]:
    for process in Path("/proc").iterdir():
        try:
            found.add((process / "cmdline").read_bytes().strip(b"\0").replace(b"\0", b" "))
        except OSError:
            continue  # no process, or one that has ended
sys.stdout.buffer.write(b"\0".join(found))
