# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connect to the platform's PostgreSQL, and read and write whole lists in one transaction.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import missing_required_lib

from .._core.errors import DatabaseError
from . import credentials, server_errors, session_settings
from .catalog import READ_COLUMNS, READ_REFERENCES, Column, Reference

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

DATABASE_OPTIONS: dict[str, Any] = {
    "login_host": {"type": "str", "default": "127.0.0.1"},
    "login_port": {"type": "int", "default": 5432},
    "login_user": {"type": "str", "default": "convosphere"},
    "login_password": {"type": "str", "no_log": True},
    "login_env_file": {"type": "path"},
    "login_db": {"type": "str", "default": "convosphere"},
    "login_unix_socket": {"type": "path"},
    "ssl_mode": {
        "type": "str",
        "choices": ["allow", "disable", "prefer", "require", "verify-ca", "verify-full"],
        "default": "prefer",
    },
    "ca_cert": {"type": "path", "aliases": ["ssl_rootcert"]},
    "connect_timeout": {"type": "int", "default": 10},
}

#: Values of login_host that mean the host itself.
LOOPBACK = ("127.0.0.1", "::1", "localhost")
#: The application_name of the collection's connections.
APPLICATION = "convosphere.platform"
#: The number of rows in one statement: few round trips, and bounded memory.
BATCH = 5000
#: The number of seconds to wait for a lock: of another run, or for a row or a table that another session has locked.
LOCK_TIMEOUT = 300
#: The first half of the advisory lock's key, which distinguishes this collection's locks from those of other programs.
LOCK_SPACE = 0x636F6E76

#: Lift the limits that the server or ALTER ROLE sets, for a session that may take long and wait for others. Which
#: limits exist depends on the server's version.
LIFT_LIMITS = """
SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN (
    'statement_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout'
)
"""
#: A limit of the server or of ALTER ROLE that is shorter stays.
_BOUND_WAITS = """
SELECT set_config(name, %s, false) FROM pg_settings WHERE name = 'lock_timeout' AND NOT setting::int BETWEEN 1 AND %s
"""


class Database:
    """One database and the connection to it, which is opened when it is first used.

    ``params`` are DATABASE_OPTIONS. If ``read_only``, the server itself refuses every write.
    """

    def __init__(self, params: Mapping[str, Any], *, read_only: bool) -> None:
        self.params = params
        self.name = params["login_db"]
        self.read_only = read_only
        self._connection: Connection | None = None

    @property
    def connection(self) -> Connection:
        """The open connection. Raises DatabaseError if the server refuses it."""
        return self._connect()

    def open(self) -> Database:
        """Connect now rather than at the first statement. Raises DatabaseError."""
        self._connect()
        return self

    def _connect(self) -> Connection:
        if self._connection is None:
            connection = connect(self.params)
            connection.set_session(isolation_level="REPEATABLE READ", readonly=self.read_only)
            self._connection = connection
            # The platform leaves transactions open: what one of them has locked is not waited for without an end.
            self.fetch(_BOUND_WAITS, (f"{LOCK_TIMEOUT}s", LOCK_TIMEOUT * 1000))
            self.commit()  # otherwise the next rollback would undo it
        return self._connection

    def close(self) -> None:
        """Close the connection, which also releases its locks. The next statement opens another one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def columns(self, table: str, expected: Iterable[str]) -> dict[str, Column]:
        """Return the table's columns by name. Raises DatabaseError that names each of ``expected`` that is missing."""
        rows = self.fetch(READ_COLUMNS, (table,))
        found = {name: Column(kind, nullable, length, tuple(labels)) for name, kind, nullable, length, labels in rows}
        missing = [name for name in expected if name not in found]
        if not found:
            raise DatabaseError(
                f"The database {self.name} has no table {table}",
                hint="The platform creates its tables when the backend first starts: deploy it, or check login_db.",
            )
        if missing:
            raise DatabaseError(
                f"The table {table} of database {self.name} has no column {', '.join(missing)}",
                hint="Migrate the schema to this version of the platform. Nothing was changed.",
            )
        return found

    def references(self, table: str) -> list[Reference]:
        """Return every foreign key that refers to the table, sorted by table and column."""
        return [Reference(*row) for row in self.fetch(READ_REFERENCES, (table,))]

    def missing_rights(self, needed: Mapping[str, str]) -> list[str]:
        """Return a problem for each privilege on a table, for example INSERT or DELETE, that the role lacks."""
        rows = self.fetch(
            "SELECT current_user::text, t, p FROM unnest(%s::text[], %s::text[]) AS needed (t, p) "
            "WHERE NOT has_table_privilege(t, p)",
            _pairs(needed),
        )
        return [f"the database role {role} has no right to {right} in table {table}" for role, table, right in rows]

    def fetch(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """Return all rows of one query. Without ``values`` a percent sign in it is not a placeholder."""
        with self.asking("read"), self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall()

    def stream(
        self, statement: str, values: Sequence[Any] | Mapping[str, Any] = (), *, batch: int = BATCH
    ) -> Iterator[Any]:
        """Yield the rows of one query, of which ``batch`` are in memory."""
        with self.asking("read"), self.connection.cursor("convosphere") as cursor:
            cursor.itersize = batch
            cursor.execute(statement, values or None)
            yield from cursor

    def execute(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = (), *, step: str = "write") -> int:
        """Run one statement, which an error calls ``step``. Return the number of rows that it changed."""
        with self.asking(step), self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return int(cursor.rowcount)

    def insert(self, table: str, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
        """Insert rows that all have these columns, as JSON that the server casts to the table's types."""
        names = ", ".join(quoted_identifier(name) for name in columns)
        statement = f"INSERT INTO {quoted_identifier(table)} ({names}) SELECT {names} FROM json_populate_recordset(NULL::{quoted_identifier(table)}, %s)"  # noqa: S608, E501
        for batch in batches(rows):
            self.execute(statement, (json.dumps(batch),), step=f"insert rows into {table}")

    def update(self, table: str, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
        """Update rows by their ``id``. A column that a row does not name keeps its value in that row."""
        settings = ", ".join(f"{quoted_identifier(name)} = new.{quoted_identifier(name)}" for name in columns)
        statement = f"""
            UPDATE {quoted_identifier(table)} AS present SET {settings}
            FROM json_array_elements(%s) AS given
            JOIN {quoted_identifier(table)} AS old ON old.id = (given.value ->> 'id')::uuid
            CROSS JOIN LATERAL json_populate_record(old, given.value) AS new
            WHERE present.id = old.id
        """  # noqa: S608 - names that come from the catalog, quoted
        for batch in batches(rows):
            self.execute(statement, (json.dumps(batch),), step=f"update rows of {table}")

    def lock(self, what: str, number: int, seconds: int = LOCK_TIMEOUT) -> None:
        """Wait ``seconds`` until no other run of the collection works on ``what``; the lock ends with the connection.

        The session takes it before the transaction begins, which then sees the changes of the other run.
        """
        with self.asking(f"wait for another run that is changing {what}"), self.connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = %s", (f"{seconds}s",))
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", (LOCK_SPACE, number))
        self.connection.commit()

    def read_to_the_end(self) -> None:
        """Lift all time limits of this session, and have it fail rather than see only the rows that a policy allows."""
        self.fetch(LIFT_LIMITS)
        self.fetch("SELECT set_config('row_security', 'off', false)")
        self.commit()  # otherwise the next rollback would undo it

    def commit(self) -> None:
        """Commit the transaction."""
        with self.asking("commit"):
            self.connection.commit()

    def rollback(self) -> None:
        """Roll the transaction back, if there is one."""
        if self._connection is not None:
            self._connection.rollback()

    @contextmanager
    def asking(self, step: str) -> Iterator[None]:
        """Turn errors of psycopg2 into DatabaseError. The transaction is undone."""
        import psycopg2

        try:
            yield
        except (psycopg2.Error, ValueError) as error:  # ValueError: a text that PostgreSQL cannot store
            hints = {**_HINTS, **(_HINTS_FOR_READING if step == "read" else {})}
            raise server_errors.explain(
                error, f"Cannot {step} in database {self.name}", hints, "Nothing was changed"
            ) from error


_HINT_OWN = "Check that the service postgres runs, and that the login_ options are those of this environment."
_HINT_ELSEWHERE = (
    "Check that this host may reach the server at that port, that the login_ options are those of this environment, "
    "and that ca_cert is the authority that issued the server's certificate for this name."
)
_HINTS = {
    "42501": "The database role of login_user needs the privilege for this object",
    "23505": "The platform changed the same rows meanwhile. Nothing was changed: run it again",
    "40001": "The platform changed the same rows meanwhile. Nothing was changed: run it again",
    "55P03": "Another session has locked what this step needs. Wait for its end and run it again, or find it in "
    "pg_stat_activity, perhaps with the state idle in transaction, and end it with pg_terminate_backend",
}
_HINTS_FOR_READING = {"42501": "The database role of login_user needs the privilege to read this object"}


def connect(params: Mapping[str, Any]) -> Connection:
    """Open a connection by DATABASE_OPTIONS. Raises DatabaseError."""
    try:
        import psycopg2
    except ImportError as error:
        raise DatabaseError(
            missing_required_lib("psycopg2"),
            hint="Run the playbook setup.yml for this environment, which installs it (Debian: python3-psycopg2).",
        ) from error
    where = params["login_unix_socket"] or params["login_host"]
    user, password = credentials.find(params)
    try:
        connection = psycopg2.connect(
            host=where,
            port=params["login_port"],
            user=user,
            password=password,
            dbname=params["login_db"],
            sslmode=params["ssl_mode"],
            sslrootcert=params["ca_cert"],
            connect_timeout=params["connect_timeout"],
            application_name=APPLICATION,
            **session_settings.BOUNDS,
        )
        session_settings.prepare(connection)
        return connection
    except psycopg2.Error as error:
        raise DatabaseError(
            f"Cannot connect to database {params['login_db']} at {where}, port {params['login_port']}, "
            f"as {user}: {str(error).strip()}",
            hint=_HINT_ELSEWHERE if is_elsewhere(params) else _HINT_OWN,
        ) from error


def is_elsewhere(params: Mapping[str, Any]) -> bool:
    """Return whether the server is on another machine, by the address of the connection."""
    return not params["login_unix_socket"] and params["login_host"] not in LOOPBACK


def _pairs(needed: Mapping[str, str]) -> tuple[list[str], list[str]]:
    pairs = [(table, right) for table, rights in needed.items() for right in rights.split(", ")]
    return [table for table, _right in pairs], [right for _table, right in pairs]


def quoted_identifier(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as an SQL literal for any value of standard_conforming_strings."""
    escaped = text.replace("'", "''")
    return f"E'{escaped}'".replace("\\", "\\\\") if "\\" in escaped else f"'{escaped}'"


def batches(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Yield the rows in lists of at most BATCH."""
    iterator = iter(rows)
    while batch := list(islice(iterator, BATCH)):
        yield batch
