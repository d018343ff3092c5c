# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the numbers among a module's options, at any depth, before any of them is used.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from .option_walk import walk

LARGEST_PORT = 65535
#: Docker Engine's minimum for a container (moby, daemon/daemon_unix.go): bytes of memory, and processors.
LEAST_MEMORY = 6 * 1024**2
LEAST_CPUS = 0.01


def out_of_range(spec: Mapping[str, Any], options: Mapping[str, Any], least: Mapping[str, int]) -> Iterator[str]:
    """Yield a sentence, without its final dot, for each number that is out of range.

    Counts, sizes, periods and ages are never negative, and ports are TCP ports. ``least`` has other minimums, by the
    names of top-level options.
    """
    for name, _option, value in walk(spec, options):
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            fault = _fault(name.rpartition(".")[2], value, least.get(name, 0))
            if fault:
                yield f"The option {name} is {value:g}: {fault}"


def _fault(name: str, value: float, least: int) -> str | None:
    if name == "port" or name.endswith("_port"):
        return None if 1 <= value <= LARGEST_PORT else f"give a port from 1 to {LARGEST_PORT}"
    if not math.isfinite(value):
        return "give a finite number"
    if value >= least:
        return None
    return f"give a number of at least {least}" if least else "it cannot be negative"
