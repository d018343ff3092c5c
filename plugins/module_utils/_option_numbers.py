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

LARGEST_PORT = 65535


def out_of_range(
    spec: Mapping[str, Any], options: Mapping[str, Any], least: Mapping[str, int], place: str = ""
) -> Iterator[str]:
    """Yield a sentence, without its final dot, for each number that an option cannot be.

    Counts, sizes, periods and ages are never negative, and a port is one of TCP's. ``least`` are further bounds, by the
    names of the options at the top.
    """
    for name, option in spec.items():
        value = options.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            fault = _fault(name, value, least.get(place + name, 0))
            if fault:
                yield f"The option {place}{name} is {value:g}: {fault}"
        elif option.get("options"):
            for index, item in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(item, Mapping):
                    inside = f"{place}{name}[{index}]." if isinstance(value, list) else f"{place}{name}."
                    yield from out_of_range(option["options"], item, least, inside)


def _fault(name: str, value: float, least: int) -> str | None:
    if name == "port" or name.endswith("_port"):
        return None if 1 <= value <= LARGEST_PORT else f"give a port from 1 to {LARGEST_PORT}"
    if not math.isfinite(value):
        return "give a finite number"
    if value >= least:
        return None
    return f"give a number of at least {least}" if least else "it cannot be negative"
