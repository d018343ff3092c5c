# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide what the failed load of a dump says of the backup: that it is corrupt, or only that it does not load here.

The checksums were compared before: the bytes are those that were written. What is left to know of the file, a
pg_restore reports that reads it to its end without any server.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .._backup import corruption
from .._backup.corruption import (
    COULD_NOT_TELL,
    CorruptError,
    NotLoadedError,
)
from .._backup.file_reader import Archive
from .._core import program_output
from .._core.errors import (
    CommandError,
    ConvosphereError,
    DatabaseError,
)
from .._postgres.client_tools import PostgresTools
from .._postgres.server_errors import Diagnosis
from .side_databases import Server

#: What is asked again: only what stays in the side database, and reaches for nothing outside of it.
_HARMLESS = re.compile(r"(?:CREATE|ALTER) (?!SUBSCRIPTION|PUBLICATION|SERVER|USER|ROLE|DATABASE|EVENT)")
#: As pg_restore has it: names count only with their schema.
_AS_LOADED = (
    "SET LOCAL statement_timeout = '60s'",
    "SET LOCAL search_path = ''",
    "SET LOCAL check_function_bodies = off",
)
_SEARCH_PATH = (
    "Something that is computed while loading (an index, a generated column, a constraint, a materialized view) calls "
    "a function that finds other objects by the search_path only, which is empty then. In the live database: "
    "ALTER FUNCTION <name> SET search_path = public, pg_temp (or the schemas that it needs); then make a new backup"
)
_ROWS = "Rows of the backup contradict one of its constraints. Correct them in the live database, and make a new backup"
_HINTS = {
    "42883": _SEARCH_PATH,
    "42P01": _SEARCH_PATH,
    "3F000": _SEARCH_PATH,
    "42704": "This server lacks an object that the backup needs, such as a role, tablespace or collation: create it",
    "42501": "The role of login_user lacks a right to create this: use a superuser, or the role that owns the database",
    "0A000": "This server lacks an extension or a feature that the backup needs: install it",
    **dict.fromkeys(("23502", "23503", "23505", "23514", "23P01"), _ROWS),
}
_OTHERWISE = "Correct what the server names, in the live database if it comes from there, and make a new backup"


@dataclass(frozen=True)
class Rejection:
    """Judges failed loads of one dump. ``timeout`` is in seconds, for reading it once more."""

    archive: Archive
    tools: PostgresTools
    server: Server
    timeout: float | None

    def judge(self, error: CommandError, database: str) -> ConvosphereError:
        """Return the error to raise: CorruptError, NotLoadedError, or ``error`` if it says nothing of the backup."""
        if error.details.get("program") != "pg_restore":
            return self.archive.unreadable(error)
        if not corruption.ended_by_itself(error):
            return error
        found = self._ask_again(error, database)
        if found and found.is_of_surroundings:
            return found.error(error.message)
        try:
            self.archive.read_through(
                self.tools.command("pg_restore", "--file=/dev/null"), self.tools.environment, self.timeout
            )
        except CorruptError as corrupt:
            return corrupt
        except ConvosphereError:
            return error
        return self._not_loaded(error, found)

    def _ask_again(self, error: CommandError, database: str) -> Diagnosis | None:
        """Return the server's own fields, which pg_restore does not print; None if they cannot be had."""
        statement = program_output.failed_statement(error.output) or ""
        if not _HARMLESS.match(statement):
            return None
        try:
            session = Server(self.server.params, read_only=False, database=database)
        except DatabaseError as lost:
            return Diagnosis.of(lost.__cause__) if isinstance(lost.__cause__, Exception) else None
        try:
            session.transact([*_AS_LOADED, statement], step="ask again")
        except DatabaseError as again:
            return Diagnosis.of(again.__cause__) if isinstance(again.__cause__, Exception) else None
        finally:
            session.close()
        return None

    def _not_loaded(self, error: CommandError, found: Diagnosis | None) -> NotLoadedError:
        advice = _HINTS.get((found.sqlstate if found else None) or "", _OTHERWISE)
        backup = self.archive.backup.manifest.id
        fields = found.details() if found else {"sqlstate": None}
        return NotLoadedError(
            f"{error.message}\nThe backup {backup} does not load here, and is not corrupt: its checksums are right, "
            "and pg_restore reads it to its end. Its verification was not changed",
            hint=f"{advice}.",
            **{**error.details, **fields, "verdict": COULD_NOT_TELL, "not_loaded": backup},
        )
