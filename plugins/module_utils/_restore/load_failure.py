# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide whether a failed load of a dump shows that the backup is corrupt, or only that it does not load here.

The checksums were compared before: the bytes are those that were written. Whether the file is intact in itself, a
pg_restore that reads it to its end without a server decides.

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
from .database_server import Server

#: Statements that may be repeated: those that change only the side database.
_HARMLESS = re.compile(r"(?:CREATE|ALTER) (?!SUBSCRIPTION|PUBLICATION|SERVER|USER|ROLE|DATABASE|EVENT)")
#: The settings of pg_restore: names are found only with their schema.
_AS_LOADED = (
    "SET LOCAL statement_timeout = '60s'",
    "SET LOCAL search_path = ''",
    "SET LOCAL check_function_bodies = off",
)
_SEARCH_PATH = (
    "An index, a generated column, a constraint or a materialized view calls a function that finds other objects by "
    "the search_path only, which is empty during a load. In the live database: "
    "ALTER FUNCTION <name> SET search_path = public, pg_temp (or the schemas that it needs); then create a new backup"
)
_ROWS = "Rows of the backup violate one of its constraints. Correct them in the live database, and create a new backup"
_HINTS = {
    "42883": _SEARCH_PATH,
    "42P01": _SEARCH_PATH,
    "3F000": _SEARCH_PATH,
    "42704": "This server lacks an object that the backup needs, such as a role, tablespace or collation. Create it",
    "42501": "The role of login_user lacks a privilege for this object. Use a superuser, or the owner of the database",
    "0A000": "This server lacks an extension or a feature that the backup needs. Install it",
    **dict.fromkeys(("23502", "23503", "23505", "23514", "23P01"), _ROWS),
}
_OTHERWISE = "Correct the object that the server names. If it comes from the live database, create a new backup"


@dataclass(frozen=True)
class Rejection:
    """Classify failed loads of one dump. ``timeout`` is in seconds, for reading the dump once more."""

    archive: Archive
    tools: PostgresTools
    server: Server
    timeout: float | None

    def judge(self, error: CommandError, database: str) -> ConvosphereError:
        """Return the error to raise: CorruptError, NotLoadedError, or ``error`` if it says nothing about the backup."""
        if error.details.get("program") != "pg_restore":
            return self.archive.unreadable(error)
        if not corruption.ended_by_itself(error):
            return error
        diagnosis = self._repeat(error, database)
        if diagnosis and diagnosis.is_of_surroundings:
            return diagnosis.error(error.message)
        try:
            self.archive.read_through(
                self.tools.command("pg_restore", "--file=/dev/null"), self.tools.environment, self.timeout
            )
        except CorruptError as corrupt:
            return corrupt
        except ConvosphereError:
            return error
        return self._not_loaded(error, diagnosis)

    def _repeat(self, error: CommandError, database: str) -> Diagnosis | None:
        """Repeat the failed statement for the server's error fields, which pg_restore omits. None without any."""
        statement = program_output.failed_statement(error.output) or ""
        if not _HARMLESS.match(statement):
            return None
        session = Server(self.server.params, read_only=False, database=database)
        try:
            session.transact([*_AS_LOADED, statement], step="repeat the failed statement")
        except DatabaseError as again:
            return Diagnosis.of(again.__cause__) if isinstance(again.__cause__, Exception) else None
        finally:
            session.close()
        return None

    def _not_loaded(self, error: CommandError, diagnosis: Diagnosis | None) -> NotLoadedError:
        advice = _HINTS.get((diagnosis.sqlstate if diagnosis else None) or "", _OTHERWISE)
        backup = self.archive.backup.manifest.id
        fields = diagnosis.details() if diagnosis else {"sqlstate": None}
        return NotLoadedError(
            f"{error.message}\nThe backup {backup} does not load here, and is not corrupt: its checksums match, "
            "and pg_restore reads it to its end. Its verification was not changed",
            hint=f"{advice}.",
            **{**error.details, **fields, "verdict": COULD_NOT_TELL, "not_loaded": backup},
        )
