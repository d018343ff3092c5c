# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide whether a host has the memory for a boot beside the platform that serves.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping

_MIB = 1024 * 1024
#: The MiB to reckon with for a service of which no container runs here.
_UNKNOWN = {"backend": 768, "weaviate": 256, "redis": 32}
#: The least MiB of a service: it takes more while it starts than when it idles.
_LEAST = {"backend": 256, "weaviate": 64, "redis": 16}
#: The MiB that have to stay free beside the boot.
MARGIN = 256


def needed(used: Mapping[str, int | None], given: int | None) -> int:
    """Return the bytes that the services of a boot take together.

    ``used`` are the bytes that the containers which serve use now, None for an unknown number. They count with a
    quarter more. ``given`` is the operator's number in MiB, which counts instead.
    """
    if given is not None:
        return given * _MIB
    total = 0
    for service, unknown in _UNKNOWN.items():
        if service in used:
            current = used[service]
            total += unknown * _MIB if current is None else max(current * 5 // 4, _LEAST[service] * _MIB)
    return total


def objection(required: int, available: int | None) -> str | None:
    """Return a sentence if the host lacks the memory; None if it has it, or if its kernel does not report it."""
    if available is None or available >= required + MARGIN * _MIB:
        return None
    return (
        f"A boot takes about {required // _MIB} MiB of memory, {MARGIN} MiB have to stay free beside it, and the host "
        f"has {available // _MIB} MiB"
    )
