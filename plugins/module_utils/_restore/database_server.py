# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server of the live database and of the databases beside it: its connection, its lock, and all its databases.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from .._core.errors import DatabaseError
from .._postgres import connection, database_comment, server_errors

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

#: The key, in the mark of a database that a restore creates or has rolled back, of the note on how to undo an
#: interrupted swap of uploads and vectors. It is stored in databases: never change it.
INTERRUPTED_SWAP = "halfway"

#: The database to connect to for work on databases as a whole.
MAINTENANCE = "postgres"
#: The second half of the advisory lock's key, for all work on side databases of one server.
LOCK_SIDE_DATABASES = 0x7265
#: How many seconds to retry a lost connection: recovery after a crash takes time.
SECONDS_TO_RENEW = 60

_READ = """
SELECT d.datname::text, shobj_description(d.oid, 'pg_database'), d.datallowconn, to_jsonb(d),
    pg_get_userbyid(d.datdba)::text, t.spcname::text
FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace
ORDER BY d.datname
"""


@dataclass(frozen=True)
class ServerDatabase:
    """One database on the server. ``mark`` is the collection's part of its comment, ``comment`` the rest."""

    name: str
    comment: str | None
    mark: Mapping[str, Any]
    open: bool
    owner: str
    tablespace: str
    connection_limit: int
    icu_locale: str | None

    def is_ours(self, live: str, *roles: str) -> bool:
        """Return True if the collection created it for ``live``, in one of these roles."""
        return self.mark.get("of") == live and self.mark.get("role") in roles

    @property
    def interrupted_swap(self) -> Mapping[str, Any]:
        """The note on how to undo a swap of uploads and vectors that was interrupted; empty without such a swap."""
        return self.mark.get(INTERRUPTED_SWAP) or {}


class Server:
    """A connection for statements outside of transactions, opened at its first use.

    With ``read_only`` the server itself refuses every change.
    """

    def __init__(self, params: Mapping[str, Any], *, read_only: bool, database: str = MAINTENANCE) -> None:
        self.params = {**params, "login_db": database}
        self.read_only = read_only
        self._connection: Connection | None = None

    @property
    def connection(self) -> Connection:
        """The connection, opened at the first use. A lost one stays closed until ``renew``."""
        if self._connection is None:
            self.connect()
        return cast("Connection", self._connection)

    def connect(self) -> None:
        """Open the connection. Raises DatabaseError."""
        self._connection = connection.connect(self.params)
        self._connection.set_session(autocommit=True, readonly=self.read_only)
        self.fetch(connection.LIFT_LIMITS)  # it idles with the lock while a dump is loaded

    def fetch(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return all rows of one query."""
        with asking("read the databases"), self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    def execute(self, statement: str, values: Sequence[Any] = (), *, step: str) -> None:
        """Run one statement that changes something. ``step`` describes it in an error."""
        with asking(step), self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)

    def transact(self, statements: Sequence[str], *, step: str) -> None:
        """Run all statements in one transaction: all of them take effect, or none."""
        with asking(step):  # around everything: each of these calls may find the connection lost
            self.connection.autocommit = False
            try:
                with self.connection.cursor() as cursor:
                    for statement in statements:
                        cursor.execute(statement)
                    self.connection.commit()
            finally:
                if not self.connection.closed:
                    self.connection.rollback()
                    self.connection.autocommit = True

    def lock(self, live: str) -> None:
        """Lock out other verifications and restores, on all hosts, until the connection ends. Raises DatabaseError."""
        if not self.fetch("SELECT pg_try_advisory_lock(%s, %s)", (connection.LOCK_SPACE, LOCK_SIDE_DATABASES))[0][0]:
            raise DatabaseError(
                f"Another run is verifying or restoring a backup beside database {live}",
                hint="Nothing was changed. Wait until that run has ended.",
            )

    def reconnect(self, live: str) -> None:
        """Replace a lost connection, and lock again.

        The server grants the lock once it has ended the statement of the lost connection. Raises DatabaseError.
        """
        deadline = time.monotonic() + SECONDS_TO_RENEW
        while self.connection.closed:
            try:
                self.connect()
                self.lock(live)
            except DatabaseError:
                self.connection.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)

    def version(self) -> str:
        """Return the server's version, such as "15.8"."""
        return str(self.fetch("SELECT current_setting('server_version')")[0][0]).split()[0]

    def databases(self) -> dict[str, ServerDatabase]:
        """Return all databases by name."""
        return {each.name: each for each in map(_database, self.fetch(_READ))}

    def close(self) -> None:
        """Close the connection, and with it release the lock."""
        if self._connection is not None:
            self._connection.close()


@contextmanager
def asking(step: str) -> Iterator[None]:
    """Turn errors of psycopg2 into a DatabaseError with a hint."""
    import psycopg2

    try:
        yield
    except psycopg2.Error as error:
        otherwise = None if _is_lost(error.pgcode or "") else "The live database was not changed"
        raise server_errors.explain(error, f"Cannot {step}", _HINTS, otherwise) from error


_HINTS = {
    "42501": "The role of login_user needs CREATEDB, and must own the database, or be a superuser",
    "55P03": "Another session is altering, copying or renaming one of these databases. The live one was not changed",
    "53100": "The disk of PostgreSQL is full. The live database was not changed",
    "22023": "The server does not know this encoding or locale: it differs from the backed-up server",
}


def _is_lost(code: str) -> bool:
    """Return True if the connection was lost, so that the outcome of the statement is unknown."""
    return not code or code.startswith(("08", "57P"))


def _database(row: Sequence[Any]) -> ServerDatabase:
    name, text, is_open, raw, owner, tablespace = row
    comment, mark = database_comment.split_comment(text)
    # The columns differ between versions of PostgreSQL: 15 has daticulocale, 17 datlocale.
    icu = raw.get("daticulocale") or (raw.get("datlocale") if raw.get("datlocprovider") == "i" else None)
    return ServerDatabase(name, comment, mark, is_open, owner, tablespace, raw["datconnlimit"], icu)
