# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shorten what PostgreSQL's programs print to standard error, without the values of any row.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re

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
    begun = first_line(statement)
    return f"{kept}\n{_STATEMENT}{begun.partition(chr(39))[0][:200]}" if begun else kept


def first_line(text: str | None) -> str:
    """Return the first line of a text that is not blank, stripped; or an empty text."""
    return next((line.strip() for line in (text or "").splitlines() if line.strip()), "")
