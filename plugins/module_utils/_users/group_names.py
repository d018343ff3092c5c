# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names that groups are called by. The platform allows several groups of one name.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from .._postgres.connection import Database
from .field_types import ValueProblem


class GroupNames:
    """All groups by the label that the module compares and shows: the name, or the id where that is not enough.

    ``planned`` are names that count as there, without an id: in check mode nothing has made them yet.
    """

    def __init__(self, rows: Iterable[tuple[str, str]], planned: Iterable[str] = ()) -> None:
        self.by_name: dict[str, list[str]] = {}
        for identifier, name in rows:
            self.by_name.setdefault(name, []).append(identifier)
        self.labels = {
            identifier: name if len(ids) == 1 else identifier
            for name, ids in self.by_name.items()
            for identifier in ids
        }
        self.ids: Mapping[str, str] = {label: identifier for identifier, label in self.labels.items()}
        self.planned = set(planned)
        self.find = lru_cache(maxsize=None)(self._find)

    @classmethod
    def of(cls, database: Database, planned: Iterable[str] = ()) -> GroupNames:
        """Those in the database."""
        return cls(database.fetch("SELECT id, name FROM user_groups"), planned)

    def _find(self, text: str) -> str:
        """The label of the group that ``text``, a name or an id, stands for. Raises ValueProblem."""
        ids = self.by_name.get(text, [])
        if len(ids) > 1:
            raise ValueProblem(f"'{text}' is the name of several groups, {', '.join(sorted(ids))}: give one's id")
        if ids or text in self.planned:
            return text
        if text.lower() in self.labels:
            return self.labels[text.lower()]
        raise ValueProblem(f"there is no group '{text}'")
