# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Erase the persons of the ledger from a database that was loaded from a backup, before it becomes the live one.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from .._core.errors import DatabaseError
from .._postgres.connection import Database
from . import erasure, erasure_ledger, holds, person, references
from .erasure_ledger import ANONYMISE, DELETE, Entry
from .holds import Hold
from .person import Person
from .registers import utc

_HAS_USERS = "SELECT to_regclass('public.users') IS NOT NULL"
_ALL = f"SELECT id::text, email, coalesce({utc('created_at')}, '') FROM users"  # noqa: S608
_IDS = "SELECT id::text FROM users"
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
    """Who was erased again, by id, and what of them lies outside the database: files and ids of the vector store.

    ``held`` are those who were not, because they are on hold.
    """

    users: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)


def living(database: Database) -> frozenset[str]:
    """Return the ids of all users of the live database."""
    return frozenset(row[0] for row in database.fetch(_IDS)) if database.fetch(_HAS_USERS)[0][0] else frozenset()


def reapply(
    database: Database, entries: Sequence[Entry], placed: Sequence[Hold], spared: Collection[str] = ()
) -> Reapplied:
    """Erase again, and record the ledger, the holds and the releases, in one transaction.

    ``placed`` are those of the live database and of the register. ``spared`` are the users of the live database: only
    their own entry is about them, not one of the same address.
    Raises DatabaseError, after which the database is unchanged and must not become the live one.
    """
    done = [entry for entry in entries if entry.is_done]
    result = Reapplied()
    if not (done or placed) or not database.fetch(_HAS_USERS)[0][0]:
        database.rollback()
        return result
    held = _held_users(placed)
    # The hold of a backup does not keep a person whom an entry names by the id: it was released before the erasure.
    kept = {*spared, *_held_users(holds.merged(placed, holds.recorded(database)))}
    known = _found(database, done, kept)
    found = [(one, entry) for one, entry in known if one.id not in held]
    result.held = [one.id for one, _entry in known if one.id in held]
    if found:
        unknown = references.problems(database)
        if unknown:
            raise DatabaseError(
                f"Cannot erase {len(found)} persons of the ledger again: {'; '.join(unknown)}",
                hint="Nothing was changed. Upgrade the collection to one that knows this schema.",
            )
    gone = {one.id for one, _entry in found}
    for one, entry in found:
        _erase(database, one, entry, gone, [hold for hold in placed if hold.is_active], result)
    erasure_ledger.adopt(database, done)
    holds.adopt(database, placed)
    for identifier in gone:
        holds.release(database, holds.USER, identifier)
    database.commit()
    return result


def _held_users(placed: Sequence[Hold]) -> set[str]:
    return {hold.id for hold in placed if hold.kind == holds.USER and hold.is_active}


def _found(database: Database, entries: Sequence[Entry], spared: Collection[str]) -> list[tuple[Person, Entry]]:
    """Return the persons of the ledger that the database has, by id, or by the address of an older account.

    An address may have passed to another person since: it says nothing of a user who lives on in the live database,
    and nothing about a database that was made after the erasure, and so has its entry.
    """
    applied = {entry.user_id for entry in erasure_ledger.listed(database) if entry.is_done}
    addresses: dict[str, list[tuple[str, str]]] = {}
    users = database.fetch(_ALL) if entries else []
    for identifier, email, created_at in users:
        addresses.setdefault(erasure_ledger.email_hash(email), []).append((identifier, created_at))
    found: dict[str, tuple[Person, Entry]] = {}
    for entry in entries:
        ids = [row[0] for row in users if row[0] == entry.user_id]
        # Who has the address in another case beside the erased account is another person.
        if entry.user_id not in applied and not ids:
            older = [each for each, created_at in addresses.get(entry.email_hash, ()) if created_at < entry.erased_at]
            ids += [each for each in older if each not in spared]
        for identifier in ids:
            one = person.by_id(database, identifier)
            if one and not one.is_erased:
                found.setdefault(identifier, (one, entry))
    return list(found.values())


def _erase(
    database: Database, one: Person, entry: Entry, gone: set[str], placed: Sequence[Hold], result: Reapplied
) -> None:
    heir = _heir(database, one, entry, gone)
    work = erasure.of_entry(database, one, entry, heir, placed)
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
