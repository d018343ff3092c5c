# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read PostgreSQL's errors by their fields, without the values of any row.

Decisions use the SQLSTATE, never the text, which is in the language of the server.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._core.errors import DatabaseError
from .._core.program_output import first_line

#: Classes whose DETAIL quotes rows: cardinality, data exception, integrity, check option.
_WITH_ROWS = ("21", "22", "23", "44")
#: Classes of errors of the server and its environment rather than of the data: connection, transaction
#: rolled back, resources, object in use, operator intervention, system, configuration, internal.
_OF_SURROUNDINGS = ("08", "40", "53", "55", "57", "58", "F0", "XX")


@dataclass(frozen=True)
class Diagnosis:
    """One error of the server. ``place`` names the constraint, column and table it is about, if any."""

    sqlstate: str | None
    message: str
    detail: str | None = None
    hint: str | None = None
    context: str | None = None
    place: str | None = None

    @classmethod
    def of(cls, error: Exception) -> Diagnosis:
        """Read an error of psycopg2."""
        fields = getattr(error, "diag", None)
        code = getattr(error, "pgcode", None)
        message = first_line(getattr(fields, "message_primary", None)) or first_line(str(error)) or type(error).__name__
        detail = _text(getattr(fields, "message_detail", None))
        return cls(
            code,
            message,
            None if code is None or code.startswith(_WITH_ROWS) else detail,
            _text(getattr(fields, "message_hint", None)),
            first_line(getattr(fields, "context", None)),
            _place(fields),
        )

    @property
    def is_of_surroundings(self) -> bool:
        """Return True if the error is the server's, its disk's or its connection's, and not the data's."""
        return self.sqlstate is None or self.sqlstate.startswith(_OF_SURROUNDINGS)

    def __str__(self) -> str:
        parts = [self.message, f"({self.place})" if self.place else "", f"({self.detail})" if self.detail else ""]
        code = f"[SQLSTATE {self.sqlstate}]" if self.sqlstate else ""
        return " ".join(part for part in (*parts, code) if part)

    def error(self, step: str, hint: str | None = None) -> DatabaseError:
        """Build the error of ``step``. The server's own hint comes before ``hint``."""
        hints = [text.rstrip(".") for text in (self.hint, hint) if text]
        return DatabaseError(f"{step}: {self}", hint=f"{'. '.join(hints)}." if hints else None, **self.details())

    def details(self) -> dict[str, Any]:
        """Return the fields that are returned beside the message."""
        found = {"sqlstate": self.sqlstate, "detail": self.detail, "server_hint": self.hint}
        return {name: value for name, value in found.items() if value is not None or name == "sqlstate"}


def explain(error: Exception, step: str, hints: Mapping[str, str], otherwise: str | None) -> DatabaseError:
    """Build a DatabaseError that keeps the server's fields. ``hints`` are by SQLSTATE, ``otherwise`` is for others."""
    found = Diagnosis.of(error)
    return found.error(step, hints.get(found.sqlstate or "", otherwise))


def _place(fields: Any) -> str | None:
    named = {kind: getattr(fields, f"{kind}_name", None) for kind in ("constraint", "column", "table")}
    found = [f"{kind} {name}" for kind, name in named.items() if name]
    return " of ".join(found) or None


def _text(text: str | None) -> str | None:
    return " ".join(text.split()) if text else None
