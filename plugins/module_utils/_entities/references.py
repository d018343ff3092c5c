# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the rows of other tables that objects name.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .._postgres.connection import Database, quoted_identifier
from . import values
from .desired import Desired
from .entity import Planned, Reference
from .list_problems import Problems
from .names import Names
from .values import ValueProblem


def of(
    database: Database,
    reference: Reference,
    texts: Iterable[str],
    ids: Iterable[str],
    planned: Planned,
) -> Names:
    """Read the rows that are named by ``texts`` or have one of ``ids``; all rows if their names are not unique.

    Rows that are ``planned`` to be removed are not found, and others by the names that they are planned to have.
    """
    known = planned.get(f"{reference.kind.replace(' ', '_')}s") or ()
    names = known if isinstance(known, Mapping) else {}
    asked = {"texts": sorted(set(texts)), "ids": sorted({one for one in (*ids, *names) if _is_uuid(one)})}
    asked["lower"] = [text.lower() for text in asked["texts"]]
    known = () if names else known
    if reference.unique and not any(asked.values()):
        return Names((), known, reference.kind)
    others = [quoted_identifier(name) for name in reference.also]
    shown = quoted_identifier(reference.shown)
    conditions = [f"{shown} = ANY (%(texts)s::text[])", "id = ANY (%(ids)s::uuid[])"]
    conditions += [f"{other} = ANY (%(texts)s::text[])" for other in others]
    # lower() of a database with the locale C leaves letters unchanged: an exact text is found nevertheless.
    conditions += [f"lower({other}) = ANY (%(lower)s::text[])" for other in others]
    where = f" WHERE {' OR '.join(conditions)}" if reference.unique else ""
    rows = database.fetch(
        f"SELECT {', '.join(['id::text', shown, *others])} "  # noqa: S608 - names of declarations, quoted
        f"FROM {quoted_identifier(reference.table)}{where} ORDER BY id",
        asked,
    )
    gone = removed(planned)
    current = [(row[0], names.get(row[0], row[1]), *row[2:]) for row in rows if row[0] not in gone]
    new = set(names) - {row[0] for row in rows}
    return Names([*current, *((one, names[one]) for one in sorted(new))], known, reference.kind)


def removed(planned: Planned) -> set[str]:
    """Return the ids of rows that count as missing: in check mode an earlier task did not remove them."""
    return set(planned.get("removed") or ())


def resolved(found: Names, one: Desired, option: str, problems: Problems) -> list[str]:
    """Return the full names of an option with a list of names, sorted. Each one that does not exist is a problem."""
    full = set()
    for text in one.fields[option]:
        try:
            full.add(found.find(text))
        except ValueProblem as problem:
            problems.add(one.label, f"{option}: {problem}")
    return sorted(full)


def _is_uuid(text: str) -> bool:
    try:
        return values.as_uuid(text) == text
    except ValueProblem:
        return False  # a column of JSON may hold anything
