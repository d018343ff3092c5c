# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Walk through a module's options and the options inside them.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def walk(
    spec: Mapping[str, Any], options: Mapping[str, Any], place: str = ""
) -> Iterator[tuple[str, Mapping[str, Any], Any]]:
    """Yield ``(name, declaration, value)`` of each option, at any depth, with None for what is not given.

    The name is that of a message, such as ``copy_to[1].bucket``.
    """
    for name, option in spec.items():
        value = options.get(name)
        yield f"{place}{name}", option, value
        if option.get("options"):
            for index, item in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(item, Mapping):
                    inside = f"{place}{name}[{index}]." if isinstance(value, list) else f"{place}{name}."
                    yield from walk(option["options"], item, inside)
