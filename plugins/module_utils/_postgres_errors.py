# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read PostgreSQL's errors by their fields, and the output of its programs, without the values of any row.

A decision is taken by the SQLSTATE, never by the words: those are in the language of the server.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._errors import DatabaseError

#: Classes whose DETAIL quotes rows: cardinality, data exception, integrity, check option.
_WITH_ROWS = ("21", "22", "23", "44")
#: Classes of errors of the server and its surroundings, which say nothing about the data: connection, transaction
#: rolled back, resources, object in use, operator intervention, system, configuration, internal.
_OF_SURROUNDINGS = ("08", "40", "53", "55", "57", "58", "F0", "XX")
#: The characters of an error that a message shows.
_SHOWN = 2000
_STATEMENT = "Command was: "
#: What a program of PostgreSQL says itself, in English because it runs with LC_ALL=C.
_OWN = re.compile(r"^(?:pg_dump|pg_restore|psql)\S*: ", re.MULTILINE)
#: A field of the server's message that libpq prints in a line of its own: a name in any language, a colon, two spaces.
#: Not the lines that quote a statement, which have a number or a third space.
_FIELD = re.compile(r"[^\W\d]+:  \S")
#: The end of a line that may hold values: of the keys or the row of a DETAIL, or of the line of a COPY.
#: What makes a COPY fail is kept, up to a value that ends it: invalid input syntax for type integer: "...".
_VALUES = re.compile(
    r"(=\().*$|(\()(?=[^()\n]*, ).*$|(\bCOPY failed for table .*: )\".*$|(\bCOPY (?!failed for table)[^:\n]*:).*$",
    re.MULTILINE,
)


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
        """Read what psycopg2 raised."""
        fields = getattr(error, "diag", None)
        code = getattr(error, "pgcode", None)
        message = _line(getattr(fields, "message_primary", None)) or _line(str(error)) or type(error).__name__
        detail = _text(getattr(fields, "message_detail", None))
        return cls(
            code,
            message,
            None if code is None or code.startswith(_WITH_ROWS) else detail,
            _text(getattr(fields, "message_hint", None)),
            _line(getattr(fields, "context", None)),
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
        """Return what is known beside the message."""
        found = {"sqlstate": self.sqlstate, "detail": self.detail, "server_hint": self.hint}
        return {name: value for name, value in found.items() if value is not None or name == "sqlstate"}


def explain(error: Exception, step: str, hints: Mapping[str, str], otherwise: str | None) -> DatabaseError:
    """Build a DatabaseError that keeps the server's fields. ``hints`` are by SQLSTATE, ``otherwise`` is for others."""
    found = Diagnosis.of(error)
    return found.error(step, hints.get(found.sqlstate or "", otherwise))


def shown(text: str) -> str | None:
    """Return what a message shows of a PostgreSQL program's standard error: each error whole, without rows.

    Of the statement that failed the first line is shown, up to the first value in it. Return None if ``text`` is not
    the output of such a program.
    """
    if not _OWN.search(text):
        return None
    blocks = [_block(block) for block in _blocks(text)]
    errors = [block for block in blocks if " error: " in block.split("\n")[0] and "worker process died" not in block]
    return "\n".join(errors or [block for block in blocks if block])[:_SHOWN]


def failed_statement(text: str) -> str | None:
    """Return the whole statement that a PostgreSQL program says has failed, or None."""
    for block in _blocks(text):
        before, found, statement = block.partition(f"\n{_STATEMENT}")
        if found and before:
            return statement.strip() or None
    return None


def _blocks(text: str) -> list[str]:
    """Split the output at each line that the program itself begins."""
    starts = [0, *(match.start() for match in _OWN.finditer(text)), len(text)]
    return [text[begin:end].strip("\n") for begin, end in zip(starts, starts[1:]) if text[begin:end].strip()]


def _block(block: str) -> str:
    said, _found, statement = block.partition(f"\n{_STATEMENT}")
    first, *rest = said.split("\n")
    # The other lines of a field may go on with the values of a row; the position in a query is drawn, not said.
    lines = [first, *(line for line in rest if _FIELD.match(line))] if _OWN.match(first) else [first, *rest]
    kept = _VALUES.sub(lambda match: f"{next(filter(None, match.groups()))}...", "\n".join(lines))
    begun = _line(statement)
    return f"{kept}\n{_STATEMENT}{begun.partition(chr(39))[0][:200]}" if begun else kept


def _place(fields: Any) -> str | None:
    named = {kind: getattr(fields, f"{kind}_name", None) for kind in ("constraint", "column", "table")}
    found = [f"{kind} {name}" for kind, name in named.items() if name]
    return " of ".join(found) or None


def _line(text: str | None) -> str:
    return next((line.strip() for line in (text or "").splitlines() if line.strip()), "")


def _text(text: str | None) -> str | None:
    return " ".join(text.split()) if text else None
