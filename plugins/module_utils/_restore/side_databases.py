# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases beside the live one: made for a verification or a restore, or kept from before a restore.

Each carries a mark in its comment that says what it is and of which database. Whatever has no such mark is somebody
else's, and is never touched, whatever its name.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from .._backup import dump_requirements
from .._backup.manifest import DatabaseRecord
from .._core.errors import DatabaseError
from .._postgres import connection, database_comment, server_errors
from .._postgres.connection import literal, quoted

VERIFY = "verify"
RESTORE = "restore"
BEFORE = "before"
#: What a restore has put in the place of the live one and taken away again, after something was written to it.
REJECTED = "rejected"

#: Where one connects to for work on databases as a whole.
MAINTENANCE = "postgres"
#: The second half of the advisory lock's key, for all work of this kind on one server.
LOCK_SCRATCH = 0x7265
#: For how many seconds a connection that was lost is tried again: a server that recovers from a crash takes its time.
SECONDS_TO_RENEW = 60
#: PostgreSQL cuts longer names off, and two that differ in their ends only would be one.
_NAME_BYTES = 63

#: What makes loading faster, and is taken back before anybody else uses the database.
_FASTER = ("SET synchronous_commit TO off", "SET maintenance_work_mem TO '128MB'")

_READ = """
SELECT d.datname::text, shobj_description(d.oid, 'pg_database'), d.datallowconn, to_jsonb(d),
    pg_get_userbyid(d.datdba)::text, t.spcname::text
FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace
ORDER BY d.datname
"""


@dataclass(frozen=True)
class Found:
    """One database on the server. ``mark`` is what the collection wrote of it, ``comment`` what others did."""

    name: str
    comment: str | None
    mark: Mapping[str, Any]
    open: bool
    owner: str
    tablespace: str
    connection_limit: int
    icu_locale: str | None

    def is_ours(self, live: str, *roles: str) -> bool:
        """Whether the collection made it for ``live``, in one of these roles."""
        return self.mark.get("of") == live and self.mark.get("role") in roles

    @property
    def halfway(self) -> Mapping[str, Any]:
        """What of the platform was being exchanged beside it when its run was killed; empty where nothing was."""
        return self.mark.get(database_comment.HALFWAY) or {}

    def is_half_made(self, live: str) -> bool:
        """Whether a run was killed between making it and marking it: nobody can ever have connected to it."""
        pattern = rf"{re.escape(_base(live, VERIFY))}_({VERIFY}|{RESTORE})_[0-9a-f]{{8}}"
        return not self.open and not self.mark and self.comment is None and bool(re.fullmatch(pattern, self.name))


class Server:
    """A connection for what cannot be done in a transaction, or concerns the server as a whole.

    ``read_only`` has the server itself refuse every change.
    """

    def __init__(self, params: Mapping[str, Any], *, read_only: bool, database: str = MAINTENANCE) -> None:
        self.params = {**params, "login_db": database}
        self.read_only = read_only
        self._connect()

    def _connect(self) -> None:
        self.connection = connection.connect(self.params)
        self.connection.set_session(autocommit=True, readonly=self.read_only)
        self.fetch(connection.LIFT_LIMITS)  # it holds the lock, and does nothing else, as long as a dump is loaded

    def fetch(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of one query."""
        with asking("read the databases"), self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    def execute(self, statement: str, values: Sequence[Any] = (), *, step: str) -> None:
        """Run one statement that changes something. ``step`` is said of it where it fails."""
        with asking(step), self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)

    def transact(self, statements: Sequence[str], *, step: str) -> None:
        """Run all statements in one transaction: all of them count, or none."""
        with asking(step):  # all of it: each of these may find that the connection is gone
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
        """Keep others, on whichever host, from work of this kind. Held until the connection ends."""
        if not self.fetch("SELECT pg_try_advisory_lock(%s, %s)", (connection.LOCK_SPACE, LOCK_SCRATCH))[0][0]:
            raise DatabaseError(
                f"Another run is verifying or restoring a backup beside database {live} right now",
                hint="Wait for it to end.",
            )

    def renew(self, live: str) -> None:
        """Where the connection was lost make a new one, with the lock, which the server gives once it has ended what
        the lost one has asked for. Raises DatabaseError.
        """
        deadline = time.monotonic() + SECONDS_TO_RENEW
        while self.connection.closed:
            try:
                self._connect()
                self.lock(live)
            except DatabaseError:
                self.connection.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)

    def version(self) -> str:
        """The server's version, such as "15.8"."""
        return str(self.fetch("SELECT current_setting('server_version')")[0][0]).split()[0]

    def databases(self) -> dict[str, Found]:
        """All databases by name."""
        return {found.name: found for found in map(_found, self.fetch(_READ))}

    def close(self) -> None:
        """End the connection, and with it the lock."""
        self.connection.close()


class Scratch:
    """Makes and removes databases beside the one called ``live``."""

    def __init__(self, server: Server, live: str) -> None:
        self.server = server
        self.live = live

    def create(self, role: str, record: DatabaseRecord) -> str:
        """An empty one, of the same encoding and sorting as the one that was backed up; its name.

        It belongs to the live one's owner, if there is one, and lies in the same tablespace.
        """
        name = f"{_base(self.live, role)}_{role}_{uuid.uuid4().hex[:8]}"
        there = self.server.databases().get(self.live)
        options = [
            "TEMPLATE template0",
            f"ENCODING {literal(record.encoding)}",
            f"LC_COLLATE {literal(record.collate)}",
            f"LC_CTYPE {literal(record.ctype)}",
            # Nobody can connect until it is marked: what has no mark then is known to hold nothing of anybody.
            "ALLOW_CONNECTIONS false",
        ]
        if there:
            # Named only where it must be: that takes a right to it, which nobody needs for the usual one.
            options += [f"TABLESPACE {quoted(there.tablespace)}"] if there.tablespace != "pg_default" else []
            options.append(f"OWNER {quoted(there.owner)}")
        major = int(self.server.version().split(".")[0])
        options += dump_requirements.locale_options(record, there.icu_locale if there else None, major)
        self.server.execute(f"CREATE DATABASE {quoted(name)} {' '.join(options)}", step=f"make the database {name}")
        self.mark(name, {"role": role, "of": self.live})
        for setting in (*_FASTER, "ALLOW_CONNECTIONS true"):
            self.server.execute(f"ALTER DATABASE {quoted(name)} {setting}", step=f"open the database {name}")
        return name

    def mark(self, name: str, mark: Mapping[str, Any], comment: str | None = None) -> None:
        """Write what a database is into its comment, below what others wrote there."""
        self.server.execute(database_comment.comment_statement(name, mark, comment), step=f"mark the database {name}")

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.server.execute(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)", step=f"remove the database {name}")

    def drop_if_possible(self, name: str) -> None:
        """Remove a leftover while something else has failed, maybe the server: what cannot be is the next run's."""
        with suppress(DatabaseError):
            self._drop_leftover(name)
            return
        with suppress(DatabaseError):
            server = Server(self.server.params, read_only=False)
            Scratch(server, self.live)._drop_leftover(name)
            server.close()

    def leftovers(self) -> list[str]:
        """What killed runs left: only for whoever holds the lock, since others may be at work with theirs.

        Not what says how to undo an exchange that stopped halfway: that has to be undone first.
        """
        return [
            found.name
            for found in self.server.databases().values()
            if found.name != self.live
            and not found.halfway
            and (found.is_ours(self.live, VERIFY, RESTORE) or found.is_half_made(self.live))
        ]

    def _drop_leftover(self, name: str) -> None:
        if name in self.leftovers():
            self.drop(name)

    def remove_leftovers(self) -> list[str]:
        """Remove them; their names."""
        names = self.leftovers()
        for name in names:
            self.drop(name)
        return names

    def kept(self) -> list[str]:
        """The databases that restores have replaced or rejected, oldest first."""
        found = [each for each in self.server.databases().values() if each.is_ours(self.live, BEFORE, REJECTED)]
        return [each.name for each in sorted(found, key=lambda each: (str(each.mark.get("at")), each.name))]


def dated_name(live: str, role: str, stamp: str, taken: Mapping[str, Any]) -> str:
    """What a database is called that is kept as BEFORE or REJECTED. ``stamp`` is such as 20261123T150102Z."""
    name = f"{_base(live, role)}_{role}_{stamp}"
    while name in taken:  # two restores within one second
        name = f"{_cut(name, _NAME_BYTES - 9)}_{uuid.uuid4().hex[:8]}"
    return name


@contextmanager
def asking(step: str) -> Iterator[None]:
    """Turn what psycopg2 raises into a DatabaseError that says what to do about it."""
    import psycopg2

    try:
        yield
    except psycopg2.Error as error:
        otherwise = None if _is_lost(error.pgcode or "") else "The live database was not changed"
        raise server_errors.explain(error, f"Cannot {step}", _HINTS, otherwise) from error


_HINTS = {
    "42501": "The role of login_user needs CREATEDB, and must own the database, or be a superuser",
    "55P03": "Somebody is altering, copying or renaming one of these databases. The live one was not changed",
    "53100": "The disk of PostgreSQL is full. The live database was not changed",
    "22023": "The server does not know this encoding or locale: it differs from the one that was backed up",
}


def _is_lost(code: str) -> bool:
    """Whether the connection has ended, so that nobody knows how far the server came."""
    return not code or code.startswith(("08", "57P"))


def _base(live: str, role: str) -> str:
    """The beginning of the name: cut so that the whole is not cut by PostgreSQL, and within no character."""
    ending = len(f"_{role}_20261123T150102Z") if role in (BEFORE, REJECTED) else len(f"_{RESTORE}_12345678")
    return _cut(live, _NAME_BYTES - ending)


def _cut(name: str, size: int) -> str:
    return name.encode()[:size].decode(errors="ignore")


def _found(row: Sequence[Any]) -> Found:
    name, text, is_open, raw, owner, tablespace = row
    comment, mark = database_comment.split_comment(text)
    # The columns differ between versions of PostgreSQL: 15 has daticulocale, 17 datlocale.
    icu = raw.get("daticulocale") or (raw.get("datlocale") if raw.get("datlocprovider") == "i" else None)
    return Found(name, comment, mark, is_open, owner, tablespace, raw["datconnlimit"], icu)
