# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the ledger of erased persons, in the database and beside the backups, so that no old backup takes one back.

The only file that knows the table erasures. An entry has no name and no e-mail address: the id of the user, and a hash
of the address, by which a person can be recognised only if the address is known.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from .._postgres import collection_schema
from .._postgres.connection import Database
from .registers import Kind, refuse_unfit, utc

TABLE = "erasures"
DELETE = "delete"
ANONYMISE = "anonymise"
MODES = (DELETE, ANONYMISE)
#: So that the hash of an address in this ledger is not its hash in the lists of others.
_DOMAIN = "convosphere.platform erasure ledger\n"
_COLUMNS = """
    user_id uuid PRIMARY KEY, email_hash text NOT NULL, begun_at timestamptz NOT NULL DEFAULT now(),
    erased_at timestamptz, mode text NOT NULL, documents text NOT NULL, assistants_to text NOT NULL DEFAULT '',
    run text NOT NULL
"""
_NAMES = "user_id, email_hash, begun_at, erased_at, mode, documents, assistants_to, run"


@dataclass(frozen=True)
class Entry:
    """The erasure of one person. Timestamps are ISO 8601 in UTC; ``erased_at`` is empty until the erasure is done.

    ``documents`` is what became of them, and ``assistants_to`` the id of the user who took over, or empty.
    """

    user_id: str
    email_hash: str
    begun_at: str
    erased_at: str
    mode: str
    documents: str
    assistants_to: str
    run: str

    @property
    def is_done(self) -> bool:
        """Whether the person's rows are gone."""
        return bool(self.erased_at)


def address_form(email: str) -> str:
    """Return an e-mail address in lower case, and in one form of Unicode."""
    return unicodedata.normalize("NFC", email.strip().lower())


def email_hash(email: str) -> str:
    """Return the hash of an e-mail address in the form of ``address_form``."""
    return hashlib.sha256((_DOMAIN + address_form(email)).encode()).hexdigest()


def listed(database: Database) -> list[Entry]:
    """Return all entries of the database, in the order of their beginning."""
    if not collection_schema.has_table(database, TABLE):
        return []
    statement = f"""
        SELECT user_id::text, email_hash, {utc("begun_at")}, coalesce({utc("erased_at")}, ''), mode, documents,
            assistants_to, run
        FROM {collection_schema.qualified(TABLE)} ORDER BY begun_at, user_id
    """  # noqa: S608 - names of this file
    return [Entry(*row) for row in database.fetch(statement)]


def missing_rights(database: Database) -> list[str]:
    """Return a problem if the first erasure could not be recorded."""
    return collection_schema.refuse_missing_rights(database, TABLE)


def begin(database: Database, entry: Entry) -> None:
    """Record that the erasure of a person begins; an interrupted one keeps its time. The caller commits."""
    collection_schema.ensure_table(database, TABLE, _COLUMNS)
    statement = f"""
        INSERT INTO {collection_schema.qualified(TABLE)} (user_id, email_hash, mode, documents, assistants_to, run)
        VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (user_id) DO UPDATE SET mode = excluded.mode,
        documents = excluded.documents, assistants_to = excluded.assistants_to, run = excluded.run
    """  # noqa: S608 - names of this file
    values = (entry.user_id, entry.email_hash, entry.mode, entry.documents, entry.assistants_to, entry.run)
    database.execute(statement, values, step="record the beginning of the erasure")


def finish(database: Database, user_id: str) -> None:
    """Record that the rows of a person are gone, in the transaction that removes the last of them."""
    statement = f"UPDATE {collection_schema.qualified(TABLE)} SET erased_at = now() WHERE user_id = %s"  # noqa: S608
    database.execute(statement, (user_id,), step="record the erasure")


def adopt(database: Database, entries: Iterable[Entry]) -> None:
    """Record finished erasures that another database or file knows. The caller commits."""
    rows = [asdict(entry) for entry in entries if entry.is_done]
    if not rows:
        return
    collection_schema.ensure_table(database, TABLE, _COLUMNS)
    table = collection_schema.qualified(TABLE)
    statement = f"""
        INSERT INTO {table} AS known ({_NAMES}) SELECT {_NAMES} FROM json_populate_recordset(NULL::{table}, %s)
        ON CONFLICT (user_id) DO UPDATE SET erased_at = excluded.erased_at WHERE known.erased_at IS NULL
    """  # noqa: S608 - names of this file
    database.execute(statement, (json.dumps(rows),), step="record the erasures of the ledger")


def merged(*sources: Iterable[Entry]) -> list[Entry]:
    """Return the entries of several ledgers, one for each user; one that is done wins."""
    found: dict[str, Entry] = {}
    for entry in (entry for source in sources for entry in source):
        known = found.get(entry.user_id)
        if known is None or (entry.is_done and not known.is_done):
            found[entry.user_id] = entry
    return sorted(found.values(), key=lambda entry: (entry.begun_at, entry.user_id))


def _entry(row: Any) -> Entry:
    """Return one entry. Raises ValueError for what the table, which a restore writes it to, would refuse."""
    entry = Entry(**row)
    values = asdict(entry).values()
    ids = (entry.user_id, entry.assistants_to or entry.user_id)
    refuse_unfit(values, ids, (entry.begun_at, entry.erased_at or entry.begun_at))
    if entry.mode not in MODES:
        raise ValueError("an unknown mode")
    return entry


def _merged_done(*sources: Iterable[Entry]) -> list[Entry]:
    return [entry for entry in merged(*sources) if entry.is_done]


#: The file beside the backups, and in every place of their copies: finished erasures only.
LEDGER: Kind[Entry] = Kind(
    name=TABLE,
    title="ledger of erasures",
    entry=_entry,
    merge=_merged_done,
    counts=lambda entry: entry.is_done,
    hint="Nothing was changed. A restore without it could take erased persons back. Put the file of another place in "
    "its place. Without one, move it away and run person.yml with do=erase once more for a person who is erased "
    "already: that writes all erasures of the live database into a new file.",
    former="erasures.json",
)
