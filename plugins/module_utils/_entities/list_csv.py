# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read CSV as spreadsheets write it: separated by commas, semicolons or tabs, with headers in various spellings.

Accepted are the separator with which the header has names of options, and headers that equal an option but for case,
spaces, hyphens and underscores. Anything else is one error that lists the options.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from .._core.display import printable
from .._core.errors import InputError
from . import option_names

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
#: The number of rows that an error lists.
_LISTED = 5


def parse(text: str, shown: str, known: Collection[str]) -> list[Mapping[str, Any]]:
    """Return the rows by the names of options. An empty cell is an option that is not given. Raises InputError.

    ``known`` are the options, ``shown`` is the file's name.
    """
    text, separator = _declared(text)
    # A line of separators is not a header.
    if not text.strip("\r\n\t ,;"):
        raise InputError(f"{shown} is empty", hint=_expected(known))
    lines = list(_rows(text, separator or _separator(text, shown, known), shown))
    header, rows = lines[0][1], lines[1:]
    names = _names(header, shown, known)
    _refuse_uneven(names, rows, shown)
    found = [{name: cell for name, cell in zip(names, cells) if name and cell != ""} for _line, cells in rows]
    return [row for row in found if row]


def _declared(text: str) -> tuple[str, str | None]:
    """Return the text without a first line such as ``sep=;``, which Excel writes, and the declared separator."""
    match = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)
    return (text[match.end() :], match[1]) if match else (text, None)


def _rows(text: str, separator: str, shown: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, each with its last line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise InputError(f"{shown}, line {reader.line_num}: {error}") from error


def _separator(text: str, shown: str, known: Collection[str]) -> str:
    """Return the separator with which most names of the header are options."""
    counts = {}
    for separator in SEPARATORS:
        try:
            _line, header = next(_rows(text, separator, shown), (0, []))
        except InputError:  # quotes are misplaced only if it is not the separator
            header = []
        counts[separator] = sum(option_names.same_name(name, known) is not None for name in header)
    best = max(counts.values())
    fitting = [separator for separator, count in counts.items() if count == best]
    if best:
        return fitting[0]  # with one column only, any of them does
    header = [part for part in re.split(r"[,;\t|]", text.lstrip().splitlines()[0]) if part]
    raise InputError(_unknown(header, shown, known), hint=_expected(known))


def _names(header: Sequence[str], shown: str, known: Collection[str]) -> list[str]:
    """Return the option of each column; an empty text for a column without a header."""
    names = [option_names.same_name(cell, known) or "" for cell in header]
    unknown = [cell for cell, name in zip(header, names) if not name and cell.strip()]
    if unknown:
        raise InputError(_unknown(unknown, shown, known), hint=_expected(known))
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        columns = " and ".join(f"'{cell}'" for cell, name in zip(header, names) if name == twice[0])
        raise InputError(f"{shown}: the option {twice[0]} has two columns, {columns}", hint="Remove one of them.")
    return names


def _unknown(cells: Sequence[str], shown: str, known: Collection[str]) -> str:
    described = ", ".join(f"'{printable(cell)}'{option_names.suggestion(cell, known)}" for cell in cells[:20])
    return f"{shown}: the header has columns that are not options: {described}"


def _expected(known: Collection[str]) -> str:
    return (
        "Expected: a first line with names of options, separated by commas, semicolons or tabs. "
        f"The options are {', '.join(sorted(known))}."
    )


def _refuse_uneven(names: Sequence[str], rows: Sequence[tuple[int, list[str]]], shown: str) -> None:
    """Raise InputError for rows with more or fewer cells than the header: one may have been cut off."""
    uneven = [(line, len(cells)) for line, cells in rows if len(cells) != len(names)]
    if uneven:
        listed = ", ".join(f"line {line} has {count}" for line, count in uneven[:_LISTED])
        more = f", and {len(uneven) - _LISTED} more rows do not fit" if len(uneven) > _LISTED else ""
        raise InputError(
            f"{shown}: the header has {len(names)} columns, but {listed}{more}",
            hint="A cell that holds the separator or a line break must be put in double quotes.",
        )
    nameless = [line for line, cells in rows for name, cell in zip(names, cells) if not name and cell.strip()]
    if nameless:
        raise InputError(f"{shown}: line {nameless[0]} has a cell in a column without a header")
