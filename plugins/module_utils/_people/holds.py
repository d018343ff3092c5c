# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep legal holds: what erasure and retention must not delete, and why. The only file that knows the table holds.

A hold that was released stays as an entry without its reason, so that no older backup or file places it again.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from .._postgres import collection_schema
from .._postgres.connection import Database
from .registers import Kind, refuse_unfit, utc

USER = "user"
CONVERSATION = "conversation"
ASSISTANT = "assistant"
KINDS = (USER, CONVERSATION, ASSISTANT)
TABLE = "holds"
_COLUMNS = """
    subject_kind text NOT NULL, subject_id text NOT NULL, reason text NOT NULL, held_by text NOT NULL,
    held_since timestamptz NOT NULL DEFAULT now(), changed_at timestamptz NOT NULL DEFAULT now(),
    released_at timestamptz, PRIMARY KEY (subject_kind, subject_id)
"""
#: The columns that a table of an earlier version lacks.
_LATER = """
    ADD COLUMN IF NOT EXISTS changed_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN IF NOT EXISTS released_at timestamptz
"""
_NAMES = "subject_kind, subject_id, reason, held_by, held_since, changed_at, released_at"
_SINCE_FORM = "%Y-%m-%dT%H:%M:%SZ"
_SINCE = """to_char(held_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
#: The columns of a table of an earlier version too.
_CHANGED = "coalesce((to_jsonb(known) ->> 'changed_at')::timestamptz, held_since)"
_RELEASED = "(to_jsonb(known) ->> 'released_at')::timestamptz"
#: A later change has a later time, also if the clock was set back.
_NEXT = "greatest(now(), known.changed_at + interval '1 microsecond')"


@dataclass(frozen=True)
class Hold:
    """One hold. ``id`` is that of a row of users, conversations or assistants; times are ISO 8601 in UTC.

    ``released_at`` is empty while it holds. Of several entries for one subject, that of the last change counts.
    """

    kind: str
    id: str
    reason: str
    held_by: str
    since: str
    changed_at: str
    released_at: str = ""

    @property
    def is_active(self) -> bool:
        """Whether the subject is on hold."""
        return not self.released_at

    @property
    def described(self) -> dict[str, str]:
        """What a module returns of a hold."""
        return {name: getattr(self, name) for name in ("kind", "id", "reason", "held_by", "since")}


def held(database: Database, kind: str) -> frozenset[str]:
    """Return the ids of one of KINDS that are on hold. Without the table there are no holds."""
    return frozenset(hold.id for hold in listed(database) if hold.kind == kind)


def listed(database: Database) -> list[Hold]:
    """Return all holds, sorted by kind and id."""
    return [hold for hold in recorded(database) if hold.is_active]


def recorded(database: Database) -> list[Hold]:
    """Return all holds and those that were released, sorted by kind and id."""
    if not collection_schema.has_table(database, TABLE):
        return []
    statement = f"""
        SELECT subject_kind, subject_id, reason, held_by, {_SINCE}, {utc(_CHANGED)}, coalesce({utc(_RELEASED)}, '')
        FROM {collection_schema.qualified(TABLE)} AS known ORDER BY subject_kind, subject_id
    """  # noqa: S608 - names of this file
    return [Hold(*row) for row in database.fetch(statement)]


def merged(*sources: Iterable[Hold]) -> list[Hold]:
    """Return one entry for each subject of several lists: that of the last change. Of two equal times a hold counts."""
    found: dict[tuple[str, str], Hold] = {}
    for hold in (hold for source in sources for hold in source):
        known = found.get((hold.kind, hold.id))
        if known is None or (hold.changed_at, hold.is_active) > (known.changed_at, known.is_active):
            found[hold.kind, hold.id] = hold
    return sorted(found.values(), key=lambda hold: (hold.kind, hold.id))


def missing_rights(database: Database) -> list[str]:
    """Return a problem if the first hold could not be recorded."""
    return collection_schema.refuse_missing_rights(database, TABLE)


def place(database: Database, kind: str, identifier: str, reason: str, held_by: str) -> None:
    """Record a hold, or the new reason of an existing one, which keeps its time. The caller commits."""
    _ensure(database)
    statement = f"""
        INSERT INTO {collection_schema.qualified(TABLE)} AS known (subject_kind, subject_id, reason, held_by)
        VALUES (%s, %s, %s, %s) ON CONFLICT (subject_kind, subject_id)
        DO UPDATE SET reason = excluded.reason, held_by = excluded.held_by, changed_at = {_NEXT}, released_at = NULL,
            held_since = CASE WHEN known.released_at IS NULL THEN known.held_since ELSE excluded.held_since END
    """  # noqa: S608 - names of this file
    database.execute(statement, (kind, identifier, reason, held_by), step=f"place a hold on {kind} {identifier}")


def release(database: Database, kind: str, identifier: str) -> None:
    """End a hold, if there is one, and forget its reason, which may name a person. The caller commits."""
    if collection_schema.has_table(database, TABLE):
        _ensure(database)
        statement = f"""
            UPDATE {collection_schema.qualified(TABLE)} AS known
            SET released_at = {_NEXT}, changed_at = {_NEXT}, reason = '', held_by = ''
            WHERE subject_kind = %s AND subject_id = %s AND released_at IS NULL
        """  # noqa: S608 - names of this file
        database.execute(statement, (kind, identifier), step=f"release the hold on {kind} {identifier}")


def adopt(database: Database, entries: Iterable[Hold]) -> None:
    """Record holds and releases that another database or file knows, if they are newer. The caller commits."""
    rows = [_row(hold) for hold in entries]
    if not rows:
        return
    _ensure(database)
    table = collection_schema.qualified(TABLE)
    settings = ", ".join(f"{name} = excluded.{name}" for name in _NAMES.split(", ")[2:])
    statement = f"""
        INSERT INTO {table} AS known ({_NAMES}) SELECT {_NAMES} FROM json_populate_recordset(NULL::{table}, %s)
        ON CONFLICT (subject_kind, subject_id) DO UPDATE SET {settings} WHERE known.changed_at <= excluded.changed_at
    """  # noqa: S608 - names of this file
    database.execute(statement, (json.dumps(rows),), step="record the holds of the register")


def since_text(now: datetime) -> str:
    """Return the time since which a hold is in force, in the form of an entry."""
    return now.strftime(_SINCE_FORM)


def _row(hold: Hold) -> dict[str, str | None]:
    values = asdict(hold)
    return {
        "subject_kind": values["kind"],
        "subject_id": values["id"],
        "reason": values["reason"],
        "held_by": values["held_by"],
        "held_since": values["since"],
        "changed_at": values["changed_at"],
        "released_at": values["released_at"] or None,
    }


def _ensure(database: Database) -> None:
    collection_schema.ensure_table(database, TABLE, _COLUMNS)
    if not {"changed_at", "released_at"} <= collection_schema.columns(database, TABLE):
        step = "add the columns of releases to the table holds"
        database.execute(f"ALTER TABLE {collection_schema.qualified(TABLE)} {_LATER}", step=step)
        # Not the time of this statement: an entry of a file may have been changed since.
        statement = f"UPDATE {collection_schema.qualified(TABLE)} SET changed_at = held_since"  # noqa: S608
        database.execute(statement, step=step)


def _entry(row: Any) -> Hold:
    """Return one entry. Raises ValueError for what the table, which a restore writes it to, would refuse."""
    hold = Hold(**row)
    refuse_unfit(asdict(hold).values(), [hold.id], [hold.changed_at, hold.released_at or hold.changed_at])
    # Python reads digits of any script, and PostgreSQL does not.
    if datetime.strptime(hold.since, _SINCE_FORM).strftime(_SINCE_FORM) != hold.since:
        raise ValueError("a time in another form")
    if hold.kind not in KINDS:
        raise ValueError("an unknown kind")
    return hold


#: The file beside the backups, and in every place of their copies.
HOLDS: Kind[Hold] = Kind(
    name=TABLE,
    title="list of holds",
    entry=_entry,
    merge=merged,
    counts=lambda hold: hold.is_active,
    hint="Nothing was changed. A restore without it could lose holds. Put the file of another place in its place. "
    "Without one, move it away and place or release any hold once more: that writes all holds of the live database "
    "into a new file.",
)
