# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Erase one person from a database: count, refuse, disable, delete in batches, finish in one transaction.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._core.errors import DatabaseError
from .._entities import managed_marks
from .._postgres.connection import Database
from . import erasure_ledger, erasure_steps, holds, leftovers, references, temporary_index
from .erasure_ledger import ANONYMISE, Entry
from .erasure_steps import CHANGE, REMOVE, Choice, Step
from .holds import Hold
from .person import Person

#: The rows of one transaction.
BATCH = 5000
#: With fewer rows to delete, an index takes longer than it saves.
_MANY = 50
#: How often the last transaction is tried, if the platform changes the same rows meanwhile.
_ATTEMPTS = 3
#: A row that the platform added meanwhile, or changed.
_CONFLICTS = ("23503", "40001")
_USED = """
SELECT count(*) FROM conversations WHERE assistant_id IN (SELECT id FROM assistants WHERE creator_id = %(user)s)
AND (%(all)s OR user_id <> %(user)s)
"""
_HELD = """
SELECT 'conversation', id::text FROM conversations WHERE user_id = %(user)s AND id::text = ANY (%(conversations)s)
UNION
SELECT 'assistant', id::text FROM assistants WHERE creator_id = %(user)s AND id::text = ANY (%(assistants)s)
UNION
SELECT 'assistant', assistant_id::text FROM conversations
WHERE user_id = %(user)s AND assistant_id::text = ANY (%(held_assistants)s)
ORDER BY 1, 2
"""
_LEGAL_HOLD = "SELECT count(*) FROM extended_audit_logs WHERE legal_hold AND user_id = %(user)s"
#: A file of which another user has a document too is not deleted.
_DOCUMENTS = """
SELECT id::text, CASE WHEN NOT EXISTS (
    SELECT FROM documents AS other WHERE other.file_path = own.file_path AND other.user_id <> own.user_id
) THEN file_path END FROM documents AS own WHERE user_id = %(user)s
"""
_ASSISTANTS = "SELECT id::text FROM assistants WHERE creator_id = %(user)s"
_CONVERSATIONS = "SELECT id::text FROM conversations WHERE user_id = %(user)s"
_RIGHTS = {
    REMOVE: "SELECT, DELETE",
    CHANGE: "SELECT, UPDATE",
}


@dataclass(frozen=True)
class Erasure:
    """The erasure of one person. ``entry`` is that of the ledger, and ``heir`` the id of the user who takes over."""

    database: Database
    person: Person
    choice: Choice
    entry: Entry
    heir: str | None = None
    batch: int = BATCH
    #: The holds in force. The rows of users on hold stay unchanged.
    placed: Sequence[Hold] = ()

    @property
    def steps(self) -> list[Step]:
        """The steps before the last one."""
        return erasure_steps.steps(self.choice)

    @property
    def values(self) -> dict[str, Any]:
        """The values of all statements."""
        held = sorted(hold.id for hold in self.placed if hold.kind == holds.USER)
        given = {"heir": self.heir, "batch": self.batch, "held": held}
        return {**self.person.values, **given, "all": self.choice.mode == ANONYMISE}

    def problems(self) -> list[str]:
        """Return why the erasure is refused: unknown foreign keys, missing rights, holds, assistants in use."""
        return [
            *references.problems(self.database),
            *self.database.missing_rights(self._rights()),
            *erasure_ledger.missing_rights(self.database),
            *self._holds(),
            *self.used_assistants(),
        ]

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many rows will be deleted and updated, by table: the row of the user too."""
        found: dict[str, dict[str, int]] = {REMOVE: {}, CHANGE: {}}
        earlier: dict[str, list[str]] = {}
        for step in [*self.steps, self._last]:
            also = "".join(f" AND ({condition}) IS NOT TRUE" for condition in earlier.get(step.table, ()))
            statement = f"SELECT count(*) FROM {step.table} WHERE ({step.condition}){also}"  # noqa: S608
            _add(found, step, int(self.database.fetch(statement, self.values)[0][0]))
            if step.action == REMOVE:
                earlier.setdefault(step.table, []).append(step.condition)
        return found

    def leftovers(self, *, predicted: bool) -> tuple[dict[str, int], list[dict[str, str]]]:
        """Return the rows that name the person after the erasure; ``predicted``: before it, by what it will do."""
        handled: dict[str, list[str]] = {}
        for step in [*self.steps, self._last] if predicted else []:
            handled.setdefault(step.table, []).append(step.condition)
        keeps_id = self.choice.mode == ANONYMISE
        return leftovers.search(self.database, self.values, keeps_id=keeps_id, handled=handled)

    def outside(self) -> tuple[list[str], list[str]]:
        """Return the paths of files, and the ids of documents and conversations of which the vector store may know."""
        documents = [] if self.choice.documents_handed_over else self.database.fetch(_DOCUMENTS, self.values)
        conversations = self.database.fetch(_CONVERSATIONS, self.values)
        ids = [*(row[0] for row in documents), *(row[0] for row in conversations)]
        return [row[1] for row in documents if row[1]], ids

    def begin(self) -> None:
        """Record the beginning, and disable the account: the person can do nothing that adds rows."""
        erasure_ledger.begin(self.database, self.entry)
        self._execute(erasure_steps.DISABLED.statement, erasure_steps.DISABLED)
        self.database.commit()

    def run_batches(self, warn: Callable[[str], None]) -> Iterator[tuple[Step, int]]:
        """Delete and rewrite what may be many rows, a batch in each transaction. Yield each step with its rows."""
        indexes = temporary_index.needed(self.database, erasure_steps.INDEXED) if self._are_many() else []
        self.database.rollback()
        with temporary_index.present(self.database, indexes, warn):
            for step in self.steps:
                done = self.batch if step.in_batches else 0
                while done == self.batch:
                    done = self._execute(step.batch, step)
                    self.database.commit()
                    yield step, done

    def finish(self, write: Callable[[], None]) -> dict[str, dict[str, int]]:
        """Do all the rest in one transaction, with the entry of the ledger and what ``write`` adds. Return the counts.

        It is tried again if the platform added or changed rows of the person meanwhile.
        """
        for attempt in range(_ATTEMPTS):
            try:
                counts = self.finish_once()
                erasure_ledger.finish(self.database, self.person.id)
                write()
                self.database.commit()
                return counts
            except DatabaseError as error:
                self.database.rollback()
                if error.details.get("sqlstate") not in _CONFLICTS or attempt + 1 == _ATTEMPTS:
                    raise
        raise AssertionError("the last attempt raises")

    def finish_once(self) -> dict[str, dict[str, int]]:
        """Do all the rest, without a commit. Return the counts."""
        counts: dict[str, dict[str, int]] = {REMOVE: {}, CHANGE: {}}
        # No session can add a row that refers to the user from now on.
        self.database.fetch("SELECT FROM users WHERE id = %(user)s FOR UPDATE", self.values)
        marked = {} if self.heir else {"assistant": _ASSISTANTS}
        marked |= {} if self.choice.documents_handed_over else {"document": _DOCUMENTS}
        for entity, query in marked.items():
            managed_marks.forget(self.database, entity, [row[0] for row in self.database.fetch(query, self.values)])
        for step in [*self.steps, self._last]:
            _add(counts, step, self._execute(step.statement, step))
        return counts

    def used_assistants(self) -> list[str]:
        """Return a problem if conversations that stay use assistants that would be deleted."""
        if self.choice.has_heir:
            return []
        used = int(self.database.fetch(_USED, self.values)[0][0])
        whose = "conversations" if self.choice.mode == ANONYMISE else "conversations of others"
        return [f"{used} {whose} use assistants of {self.person.email}: give assistants_to"] if used else []

    @property
    def _last(self) -> Step:
        return erasure_steps.USER_ROW[self.choice.mode]

    def _execute(self, statement: str, step: Step) -> int:
        return self.database.execute(statement, self.values, step=f"erase a person from the table {step.table}")

    def _rights(self) -> Mapping[str, str]:
        rights: dict[str, set[str]] = {}
        for step in [*self.steps, self._last, erasure_steps.DISABLED]:
            rights.setdefault(step.table, set()).update(_RIGHTS[step.action].split(", "))
        return {table: ", ".join(sorted(names)) for table, names in rights.items()}

    def _are_many(self) -> bool:
        statement = "SELECT count(*) FROM (SELECT FROM conversations WHERE user_id = %(user)s LIMIT %(many)s) AS found"
        return int(self.database.fetch(statement, {**self.values, "many": _MANY})[0][0]) >= _MANY

    def _holds(self) -> list[str]:
        placed = {(hold.kind, hold.id): hold for hold in self.placed}
        found = [(holds.USER, self.person.id)] if (holds.USER, self.person.id) in placed else []
        ids = {kind: [key[1] for key in placed if key[0] == kind] for kind in (holds.CONVERSATION, holds.ASSISTANT)}
        values = {**self.values, "conversations": ids[holds.CONVERSATION], "assistants": ids[holds.ASSISTANT]}
        # A hold on an assistant keeps the conversations with it, also after a new owner took it over.
        values["held_assistants"] = ids[holds.ASSISTANT]
        if self.choice.has_heir:
            values["assistants"] = []
        found += [tuple(row) for row in self.database.fetch(_HELD, values)]
        texts = [
            f"the {kind} {identifier} is on hold since {placed[kind, identifier].since}, by "
            f"{placed[kind, identifier].held_by}: {placed[kind, identifier].reason}"
            for kind, identifier in found
        ]
        kept = int(self.database.fetch(_LEGAL_HOLD, self.values)[0][0])
        if kept and self.choice.mode != ANONYMISE:
            texts.append(
                f"{kept} rows of extended_audit_logs are on legal hold and refer to the user: mode anonymise keeps them"
            )
        return texts


def _add(counts: dict[str, dict[str, int]], step: Step, number: int) -> None:
    if number:
        tables = counts[step.action]
        tables[step.table] = tables.get(step.table, 0) + number


def sum_of(*parts: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Return the sums of counts by action and table."""
    total: dict[str, dict[str, int]] = {REMOVE: {}, CHANGE: {}}
    for part in parts:
        for action, tables in part.items():
            for table, number in tables.items():
                total[action][table] = total[action].get(table, 0) + number
    return total


def new_entry(person: Person, choice: Choice, heir: str | None, run: str) -> Entry:
    """Return the entry of an erasure that begins."""
    documents = "hand_over" if choice.documents_handed_over else "delete"
    hashed = erasure_ledger.email_hash(person.email)
    return Entry(person.id, hashed, "", "", choice.mode, documents, heir or "", run)


def of_entry(
    database: Database, person: Person, entry: Entry, heir: str | None, placed: Sequence[Hold] = ()
) -> Erasure:
    """Return the erasure that an entry of the ledger describes, for a database that does not know of it."""
    choice = Choice(entry.mode, bool(heir), bool(heir) and entry.documents == "hand_over")
    return Erasure(database, person, choice, replace(entry, assistants_to=heir or ""), heir, placed=placed)
