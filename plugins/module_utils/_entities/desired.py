# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold one object of a list, and one row to change. A list may have 100,000 of them, so both take little memory.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._core.plan import Change

PRESENT = "present"
ABSENT = "absent"


class Desired:
    """One object of the list. ``fields`` are the given options, normalised; None clears one.

    ``label`` is its place in the list, ``options`` are those that say how it is changed. ``id`` is given, ``row`` is
    the id of the row that it is about, or that of a new one.
    """

    __slots__ = ("exists", "fields", "id", "label", "options", "row")

    def __init__(
        self,
        label: str,
        fields: dict[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        id: str | None = None,  # noqa: A002 - the name of the option
        row: str = "",
    ) -> None:
        self.label = label
        self.fields = {} if fields is None else fields
        self.options: Mapping[str, Any] = {} if options is None else options
        self.id = id
        self.row = row
        self.exists = False

    @property
    def absent(self) -> bool:
        """Whether the object is to be removed."""
        return bool(self.options.get("state") == ABSENT)


@dataclass(frozen=True)
class Task:
    """One row to change. ``desired`` is None for a row that the list does not name."""

    __slots__ = ("change", "desired", "id")

    change: Change
    id: str
    desired: Desired | None

    @property
    def after(self) -> Mapping[str, Any]:
        """The new values; none for a deletion."""
        return self.change.after or {}
