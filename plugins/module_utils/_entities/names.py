# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find rows by their names, and name rows by their ids. Pure: no input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from .._core.display import printable
from .values import ValueProblem


class Names:
    """Rows by label: the name, or the id if several rows have that name.

    ``rows`` have an id, a name, and further texts by which the row is found too, also in another case. ``planned`` are
    names that count as existing, without an id: in check mode an earlier task did not create them.
    """

    def __init__(self, rows: Iterable[Sequence[Any]], planned: Iterable[str] = (), noun: str = "row") -> None:
        self.noun = noun
        self.by_name: dict[str, list[str]] = {}
        #: The names by the further texts, as they are written, and in lower case.
        self.others: dict[str, set[str]] = {}
        self.alike: dict[str, set[str]] = {}
        for identifier, name, *others in rows:
            self.by_name.setdefault(name, []).append(identifier)
            for other in others:
                if other is not None:
                    self.others.setdefault(other, set()).add(name)
                    self.alike.setdefault(other.lower(), set()).add(name)
        self.labels = {
            identifier: name if len(ids) == 1 else identifier
            for name, ids in self.by_name.items()
            for identifier in ids
        }
        self.ids: dict[str, str] = {label: identifier for identifier, label in self.labels.items()}
        self.planned = set(planned)
        self.find = lru_cache(maxsize=None)(self._find)

    def add_planned(self, new: Mapping[str | None, str]) -> None:
        """Let the names of new rows count as existing. ``new`` maps them to ids."""
        for name, identifier in new.items():
            if name is not None and name not in self.by_name:
                self.planned.add(name)
                self.ids[name] = identifier

    def _find(self, text: str) -> str:
        """Return the label of the row with the name or id ``text``. Raises ValueProblem."""
        name = text if text in self.by_name else self._of_other(text)
        ids = self.by_name.get(name, [])
        if len(ids) > 1:
            raise ValueProblem(
                f"'{text}' is the name of several {self.noun}s: give the id of one, {', '.join(sorted(ids))}"
            )
        if ids or name in self.planned:
            return name
        if text.lower() in self.labels:
            return self.labels[text.lower()]
        # An email needs no quotes.
        shown = printable(text) if "@" in text and " " not in text else f"'{printable(text)}'"
        raise ValueProblem(f"there is no {self.noun} {shown}")

    def _of_other(self, text: str) -> str:
        """Return the name of the row with a further text: one that has it exactly before those in another case."""
        names = self.others.get(text) or self.alike.get(text.lower()) or {text}
        if len(names) > 1:
            raise ValueProblem(
                f"{printable(text)} belongs to several {self.noun}s: give the name of one, {', '.join(sorted(names))}"
            )
        return next(iter(names))
