# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archive, delete or anonymise rows in batches, each in its own transaction with its record.

A killed run keeps the batches that it has done, and the next one carries on with the others.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._core import files
from .._postgres.connection import Database
from . import retention_repository
from .retention_rules import ARCHIVE, CONVERSATIONS, DELETE, RESET_TOKENS, Rule, Stage
from .retention_sql import OF_MESSAGES, SOURCES, Conditions, assignments, differs

#: The rows of one transaction: locks are short. A conversation brings its messages.
_ROWS, _CONVERSATIONS = 2000, 500
_TIME = "to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
_CLEAR_TOKEN = "password_reset_token = NULL, password_reset_expires_at = NULL"  # noqa: S105 - a column


@dataclass(frozen=True)
class Done:
    """What one batch did: rows by table, and when the first and the last of the rows were used."""

    tables: Counter[str]
    first: str
    last: str
    #: The file that has the rows now, with its checksum and their number; None if no file has them.
    file: Mapping[str, Any] | None = None


class Batches:
    """The batches of one run, by its rules and from its time on. Files of rows are written into ``directory``."""

    def __init__(self, database: Database, rules: Sequence[Rule], now: str, directory: Path | None) -> None:
        self.database = database
        self.rules = rules
        self.now = now
        self.directory = directory

    def run(self, stage: Stage, ids: Sequence[str]) -> Iterator[Done]:
        """Do what a stage does with these rows, and yield after each batch. The caller commits.

        A row that another session has locked, that was used meanwhile, or that is on hold by now stays.
        """
        size = _CONVERSATIONS if stage.rule.records == CONVERSATIONS else _ROWS
        for start in range(0, len(ids), size):
            # Each statement sees what was committed before it: a message that came while the batch waited for a lock.
            self.database.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", step="begin a batch")
            due, first, last = self._lock(stage, ids[start : start + size])
            if due:
                file = self._keep(stage, due, first) if stage.moves else None
                yield Done(self._change(stage, due), first, last, file)
            self.database.rollback()

    def _lock(self, stage: Stage, ids: Sequence[str]) -> tuple[list[str], str, str]:
        """Lock the rows; return those that still expired, and when the first and the last of them were used."""
        held = retention_repository.read_held(self.database)
        conditions = Conditions(self.rules, stage.rule.records, held, self.now, batch=ids)
        locking = f"SELECT r.id::text FROM {conditions.source.table} r WHERE r.id = ANY (%(batch)s::uuid[]) FOR UPDATE SKIP LOCKED"  # noqa: S608, E501
        locked = [row[0] for row in self.database.fetch(locking, conditions.values)]
        conditions = Conditions(self.rules, stage.rule.records, held, self.now, batch=locked)
        used = conditions.source.used_at
        statement = f"""
            SELECT array_agg(r.id::text), {_TIME.format(f"min({used})")}, {_TIME.format(f"max({used})")}
            FROM {conditions.rows} WHERE {conditions.expired(stage)} AND NOT {conditions.held}
        """  # noqa: S608 - texts of retention_sql
        due, first, last = self.database.fetch(statement, conditions.values)[0]
        return due or [], first or "", last or ""

    def _keep(self, stage: Stage, ids: list[str], first: str) -> dict[str, Any]:
        """Write the rows into a file of JSON Lines; after a kill before the commit another file has them too."""
        if self.directory is None:
            raise AssertionError("an archive needs a directory")
        source = SOURCES[stage.rule.records]
        selected = f"SELECT row_to_json(r)::text FROM {source.table} r WHERE id = ANY (%s::uuid[])"  # noqa: S608
        rows = [row[0] for row in self.database.fetch(f"{selected} ORDER BY {source.used_at}, id", (ids,))]
        content = "".join(f"{row}\n" for row in rows).encode()
        path = self.directory / f"{source.table}-{first[:10]}-{uuid.uuid4().hex[:8]}.jsonl"
        files.write_bytes(path, content, "0600")
        return {"name": path.name, "rows": len(rows), "sha256": hashlib.sha256(content).hexdigest()}

    def _change(self, stage: Stage, ids: list[str]) -> Counter[str]:
        records = stage.rule.records
        table = SOURCES[records].table
        if records == RESET_TOKENS:
            return Counter({table: self._update(table, _CLEAR_TOKEN, ids)})
        if stage.action == DELETE or stage.moves:
            done: Counter[str] = self._delete_children(ids) if records == CONVERSATIONS else Counter()
            deletion = f"DELETE FROM {table} WHERE id = ANY (%s::uuid[])"  # noqa: S608 - names of retention_sql
            done[table] = self._write(deletion, ids, table)
            return done
        if stage.action == ARCHIVE:
            return Counter({table: self._update(table, "is_archived = true, updated_at = now()", ids)})
        return self._anonymize(records, table, ids)

    def _delete_children(self, ids: list[str]) -> Counter[str]:
        done = Counter({"messages": self._write("DELETE FROM messages WHERE conversation_id = ANY (%s::uuid[])", ids)})
        for table in retention_repository.mentions(self.database):
            done[table] = self._write(f"DELETE FROM {table} WHERE resource_id = ANY (%s::text[])", ids)  # noqa: S608
        return done

    def _anonymize(self, records: str, table: str, ids: list[str]) -> Counter[str]:
        done: Counter[str] = Counter()
        settings = assignments(SOURCES[records].anonymous)
        if records == CONVERSATIONS:
            settings += ", updated_at = now()"
            redacted = f"UPDATE messages SET {assignments(OF_MESSAGES)}"  # noqa: S608 - names of retention_sql
            of_these = f"WHERE conversation_id = ANY (%s::uuid[]) AND ({differs(OF_MESSAGES)})"
            done["messages"] = self._write(f"{redacted} {of_these}", ids)
        done[table] = self._update(table, settings, ids)
        return done

    def _update(self, table: str, settings: str, ids: list[str]) -> int:
        return self._write(f"UPDATE {table} SET {settings} WHERE id = ANY (%s::uuid[])", ids, table)  # noqa: S608

    def _write(self, statement: str, ids: list[str], table: str = "messages") -> int:
        return self.database.execute(statement, (ids,), step=f"apply the rules of retention to {table}")
