# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Erase the persons of the ledger from a database that was loaded from a backup, before it becomes the live one.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .._core.errors import DatabaseError
from .._postgres.connection import Database
from . import erasure, erasure_ledger, holds, person, references
from .erasure_ledger import ANONYMISE, DELETE, Entry
from .holds import Hold
from .person import Person

_HAS_USERS = "SELECT to_regclass('public.users') IS NOT NULL"
_ALL = "SELECT id::text, email, coalesce(created_at, '-infinity') < %s::timestamptz FROM users"
#: Who takes over assistants that others use, if the user who did is not in the backup.
_ADMINISTRATOR = """
SELECT id::text FROM users WHERE status = 'ACTIVE' AND role IN ('SUPER_ADMIN', 'ADMIN') AND NOT id::text = ANY (%s)
AND NOT starts_with(username, %s)
ORDER BY role = 'SUPER_ADMIN' DESC, created_at, id LIMIT 1
"""
_USES = "SELECT EXISTS (SELECT FROM assistants WHERE creator_id = %s)"
#: An erasure in this mode was only possible without legal holds.
_RELEASED = "UPDATE extended_audit_logs SET legal_hold = false WHERE legal_hold AND user_id = %s"


@dataclass
class Reapplied:
    """Who was erased again, by id, and what of them lies outside the database: files and ids of the vector store."""

    users: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)


def reapply(database: Database, entries: Sequence[Entry], placed: Sequence[Hold]) -> Reapplied:
    """Erase again, and record the ledger and the holds of the live database, in one transaction.

    Raises DatabaseError, after which the database is unchanged and must not become the live one.
    """
    done = [entry for entry in entries if entry.is_done]
    result = Reapplied()
    if not (done or placed) or not database.fetch(_HAS_USERS)[0][0]:
        database.rollback()
        return result
    found = _found(database, done)
    if found:
        unknown = references.problems(database)
        if unknown:
            raise DatabaseError(
                f"Cannot erase {len(found)} persons of the ledger again: {'; '.join(unknown)}",
                hint="Nothing was changed. Upgrade the collection to one that knows this schema.",
            )
    gone = {one.id for one, _entry in found}
    for one, entry in found:
        _erase(database, one, entry, gone, result)
    erasure_ledger.adopt(database, done)
    for hold in placed:
        if hold.id not in gone:
            holds.place(database, hold.kind, hold.id, hold.reason, hold.held_by, since=hold.since)
    for identifier in gone:
        holds.release(database, holds.USER, identifier)
    database.commit()
    return result


def _found(database: Database, entries: Sequence[Entry]) -> list[tuple[Person, Entry]]:
    """Return the persons of the ledger that the database has, by id, or by the address of an older account."""
    found: dict[str, tuple[Person, Entry]] = {}
    for entry in entries:
        rows = database.fetch(_ALL, (entry.erased_at,))
        for identifier, email, is_older in rows:
            same = is_older and erasure_ledger.email_hash(email) == entry.email_hash
            if identifier != entry.user_id and not same:
                continue
            one = person.by_id(database, identifier)
            if one and one.email != f"erased-{one.id}@erased.invalid":
                found.setdefault(identifier, (one, entry))
    return list(found.values())


def _erase(database: Database, one: Person, entry: Entry, gone: set[str], result: Reapplied) -> None:
    heir = _heir(database, one, entry, gone)
    work = erasure.of_entry(database, one, entry, heir)
    files, ids = work.outside()
    if entry.mode == DELETE:
        database.execute(_RELEASED, (one.id,), step="release what was no longer on legal hold at the erasure")
    work.finish_once()
    result.users.append(one.id)
    result.files += files
    result.ids += ids


def _heir(database: Database, one: Person, entry: Entry, gone: set[str]) -> str | None:
    """Return who takes over the assistants: the user of the erasure, or else an administrator. None without any."""
    if not database.fetch(_USES, (one.id,))[0][0] and not entry.assistants_to:
        return None
    if entry.assistants_to and entry.assistants_to not in gone and person.by_id(database, entry.assistants_to):
        return entry.assistants_to
    used = erasure.of_entry(database, one, entry, None).used_assistants()
    if not used and not (entry.mode == ANONYMISE and entry.assistants_to):
        return None
    rows = database.fetch(_ADMINISTRATOR, (list(gone), person.RUN_ACCOUNTS))
    if not rows:
        raise DatabaseError(
            f"Cannot erase the user {one.id} of the ledger again: others use assistants of that user, and the backup "
            "has no active administrator to take over",
            hint="Nothing was changed. Restore another backup.",
        )
    return str(rows[0][0])
