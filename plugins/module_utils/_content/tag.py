# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare tags of documents.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re

from .._core.display import printable
from .._entities.entity import Entity
from .._entities.field_types import NAME, Field
from .._entities.values import ValueProblem

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


def _check_color(text: str) -> None:
    if not _COLOR.fullmatch(text):
        raise ValueProblem(f"must be a color such as #1a2b3c, not '{printable(text)}'")


TAG = Entity(
    name="tag",
    table="tags",
    key=("name",),
    fields={
        "name": Field(NAME, required=True),
        "description": Field(),
        "color": Field(check=_check_color),
    },
    creation={"is_system": False, "usage_count": 0, "created_at": "now", "updated_at": "now"},
)
