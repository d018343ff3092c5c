# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the record of what was deleted under which rule. The only file that knows the table deletions.

Each batch writes its row in its own transaction, so that the table is exact after a kill too. At the end of a run, or
by the next run, one JSON file for each run is written from it, and signed.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .._core import files, timestamps
from .._postgres import collection_schema
from .._postgres.connection import Database
from . import signatures
from .retention_batch import Done
from .retention_rules import Stage
from .signatures import Keys

TABLE = "deletions"
#: By which a signature is good for records of deletions only.
NAMESPACE = "convosphere-deletions"
SIGNATURE = ".sig"
_COLUMNS = """
    id uuid PRIMARY KEY, run text NOT NULL, rule text NOT NULL, records text NOT NULL, action text NOT NULL,
    definition json NOT NULL, tables json NOT NULL, first_at timestamptz, last_at timestamptz,
    deleted_at timestamptz NOT NULL, files json NOT NULL, written_at timestamptz, signature text
"""
_ISO = "to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
_TABLE = collection_schema.qualified(TABLE)
_FIELDS = ("id", "rule", "records", "action", "definition", "tables", "files")
_TIMES = ("first_at", "last_at", "deleted_at")


class DeletionRecords:
    """The records of one environment: rows of the table, and the files in ``directory``, which may be empty."""

    def __init__(self, database: Database, environment: str, run: str, directory: str) -> None:
        self.database = database
        self.environment = environment
        self.run = run
        self.directory = Path(directory) if directory else None
        self.keys = Keys()
        #: Signatures of records by a key that is not on the host, by run; and the texts that it has to sign.
        self.given: Mapping[str, str] = {}
        self.unsigned: dict[str, str] = {}
        self.done: dict[Stage, tuple[str, Counter[str]]] = {}
        self.kept: dict[Stage, list[Mapping[str, Any]]] = {}

    def missing_rights(self) -> list[str]:
        """Return a problem if the first record could not be written."""
        return collection_schema.refuse_missing_rights(self.database, TABLE)

    def add(self, stage: Stage, done: Done) -> None:
        """Record one batch in the transaction that deletes its rows, which the caller commits."""
        collection_schema.ensure_table(self.database, TABLE, _COLUMNS)
        identifier, tables = self.done.get(stage, (str(uuid.uuid4()), Counter()))
        self.done[stage] = identifier, tables + done.tables
        if done.file:
            self.kept[stage] = [*self.kept.get(stage, []), done.file]
        statement = f"""
            INSERT INTO {_TABLE} AS known
                (id, run, rule, records, action, definition, tables, first_at, last_at, files, deleted_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, now())
            ON CONFLICT (id) DO UPDATE SET tables = excluded.tables, files = excluded.files, deleted_at = now(),
                first_at = least(known.first_at, excluded.first_at), last_at = greatest(known.last_at, excluded.last_at)
        """  # noqa: S608 - names of this file
        counts = json.dumps(dict(sorted(self.done[stage][1].items())))
        rule = stage.rule
        definition = json.dumps({name: value for name, value in asdict(rule).items() if value})
        named = (identifier, self.run, rule.name, rule.records, stage.action)
        values = (*named, definition, counts, done.first, done.last, json.dumps(self.kept.get(stage, [])))
        self.database.execute(statement, values, step="record the deletion")

    def unwritten(self) -> list[str]:
        """Return the runs without a file: interrupted ones, and this one at its end."""
        if self.directory is None or not collection_schema.has_table(self.database, TABLE):
            return []
        statement = f"SELECT run FROM {_TABLE} WHERE written_at IS NULL GROUP BY run ORDER BY min(deleted_at)"  # noqa: S608
        return [row[0] for row in self.database.fetch(statement)]

    def write(self, run: str) -> Path | None:
        """Write the file of a run, and its signature if there is a key; then mark its rows.

        Return None if the key is not on the host, and its signature is not given: see ``unsigned``.
        """
        if self.directory is None:
            raise AssertionError("records need a directory")
        path = self.directory / f"{run.replace('/', '-')}.json"
        document = self.document(run)
        text = json.dumps(document, indent=2, sort_keys=True) + "\n"
        signature = self._signature(run, text)
        if self.keys.public and not signature:
            self.unsigned[run] = text
            return None
        if has_others(files.read_text(path), document["deletions"]):
            # The table is from a backup that was made during that run: the complete file is worth more.
            files.set_aside(path)
            files.set_aside(path.with_name(path.name + SIGNATURE))
        files.write_text(path, text, "0600")
        if signature:
            files.write_text(path.with_name(path.name + SIGNATURE), signature, "0600")
        marking = f"UPDATE {_TABLE} SET written_at = now(), signature = %s WHERE run = %s"  # noqa: S608
        self.database.execute(marking, (signature or None, run), step="mark the record as written")
        self.database.commit()
        return path

    def _signature(self, run: str, text: str) -> str:
        given = self.given.get(run, "")
        if given and not signatures.is_valid(text, given, self.keys.public, NAMESPACE):
            return ""  # another batch was recorded meanwhile: it is to be signed once more
        if given or not self.keys.private:
            return given
        return signatures.sign(text, self.keys.private, NAMESPACE)

    def document(self, run: str) -> Mapping[str, Any]:
        """Return what the file of a run says."""
        rows = _read(self.database, "run = %s ORDER BY rule, action", (run,))
        return {"environment": self.environment, "database": self.database.name, "run": run, "deletions": rows}


def has_others(text: str | None, deletions: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether the text of an existing file records deletions that are not among these."""
    if text is None:
        return False
    try:
        return any(each not in deletions for each in json.loads(text)["deletions"])
    except (ValueError, LookupError, TypeError):
        return True


def report(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of convosphere_deletion_info."""
    since = params["since"] and timestamps.since("since", params["since"], datetime.now(timezone.utc))
    with closing(Database(params, read_only=True)) as database:
        if not collection_schema.has_table(database, TABLE):
            return {"deletions": [], "total": 0}
        condition, values = "(%s::timestamptz IS NULL OR deleted_at >= %s)", (since, since)
        counting = f"SELECT count(*) FROM {_TABLE} WHERE {condition}"  # noqa: S608 - names of this file
        rows = _read(
            database,
            f"{condition} ORDER BY deletions.deleted_at DESC, id LIMIT %s",
            (*values, params["limit"]),
            further=("run", "signature IS NOT NULL AS signed"),
        )
        return {"deletions": rows, "total": int(database.fetch(counting, values)[0][0])}


def _read(
    database: Database, condition: str, values: tuple[Any, ...], further: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    selected = ", ".join([*_FIELDS, *further, *(f"{_ISO.format(name)} AS {name}" for name in _TIMES)])
    statement = f"SELECT row_to_json(found) FROM (SELECT {selected} FROM {_TABLE} WHERE {condition}) found"  # noqa: S608
    return [row[0] for row in database.fetch(statement, values)]
