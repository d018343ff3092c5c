# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define what the table of parameters in _parameters.py consists of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Parameter:
    """One parameter, given with ``-e name=value``. One name may have other values for other playbooks.

    ``type`` is str, bool, int, list or dict; ``minimum`` is the lowest int; ``choices`` are those of each element of a
    list.
    ``verbs`` are the playbooks that read it, () for all of them. ``default`` None means that a value is required.
    """

    name: str
    type: str
    meaning: str
    verbs: tuple[str, ...]
    example: str
    default: Any = None
    choices: tuple[str, ...] = ()
    minimum: int = 0
    #: Whether it narrows what the playbook is for, so that an empty text is refused.
    narrows: bool = False
