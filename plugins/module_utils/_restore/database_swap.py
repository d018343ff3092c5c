# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Swap two databases by rename, in one transaction, together with the settings that belong to the live database.

Only the transaction changes anything: whenever the run is interrupted, either the previous or the new database is live.
New connections to either wait until the transaction has ended.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from .._core.errors import DatabaseError
from .._postgres.connection import literal, quoted_identifier
from .._postgres.database_comment import comment_statement
from .database_server import Server, ServerDatabase

SECONDS_BETWEEN = 0.05
#: How many seconds to retry the renames while clients reconnect as fast as their connections are ended.
SECONDS_TO_TRY = 60
OBJECT_IN_USE = "55006"
#: How many seconds to wait for a session that changes or copies one of the databases as a whole: the services are
#: stopped meanwhile, and new connections wait too.
LOCK_TIMEOUT = 10

_SETTINGS = """
SELECT r.rolname::text, e.entry FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole,
    LATERAL unnest(s.setconfig) WITH ORDINALITY AS e (entry, number)
WHERE s.setdatabase = (SELECT oid FROM pg_database WHERE datname = %s) ORDER BY 1, number
"""
_PRIVILEGES = """
SELECT CASE WHEN a.grantee <> 0 THEN pg_get_userbyid(a.grantee)::text END, a.privilege_type, a.is_grantable
FROM pg_database d, LATERAL aclexplode(d.datacl) a WHERE d.datname = %s ORDER BY 1, 2
"""
_BUSY = """
SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND state <> 'idle' AND backend_type = 'client backend'
"""
_END = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = ANY (%s) AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
#: Settings whose values are lists of names, which must not become one name with commas in it.
_LISTS = (
    *("local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries"),
    *("temp_tablespaces", "unix_socket_directories"),
)
_ITEM = re.compile(r'"((?:[^"]|"")*)"|([^,\s"]+)')


class DatabaseSwap:
    """Rename databases of one server, and carry over the settings that belong to the database itself."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def replace(
        self, new: str, live: ServerDatabase, previous: str, mark: Mapping[str, Any], previous_mark: Mapping[str, Any]
    ) -> None:
        """Rename ``live`` to ``previous`` and ``new`` to ``live``. Raises DatabaseError.

        The new database gets the live one's settings, privileges, connection limit and comment; its owner is the same.
        """
        self._run(
            [live.name, new],
            [
                f"ALTER DATABASE {quoted_identifier(live.name)} RENAME TO {quoted_identifier(previous)}",
                f"ALTER DATABASE {quoted_identifier(new)} RENAME TO {quoted_identifier(live.name)}",
                f"ALTER DATABASE {quoted_identifier(live.name)} RESET ALL",
                *self._privileges(live),
                *self._settings(live),
                f"ALTER DATABASE {quoted_identifier(live.name)} CONNECTION LIMIT {live.connection_limit}",
                comment_statement(live.name, mark, live.comment),
                comment_statement(previous, previous_mark, live.comment),
            ],
        )

    def put_in_place(self, new: str, name: str, mark: Mapping[str, Any]) -> None:
        """Rename ``new`` to ``name`` if there is no live database. Raises DatabaseError."""
        self._run(
            [new],
            [
                f"ALTER DATABASE {quoted_identifier(new)} RENAME TO {quoted_identifier(name)}",
                f"ALTER DATABASE {quoted_identifier(name)} RESET ALL",
                comment_statement(name, mark, None),
            ],
        )

    def undo(self, live: ServerDatabase, previous: str, aside: str, mark: Mapping[str, Any]) -> None:
        """Revert ``replace``: rename the live database to ``aside`` and ``previous`` to ``live``."""
        self._run(
            [live.name, previous],
            [
                f"ALTER DATABASE {quoted_identifier(live.name)} RENAME TO {quoted_identifier(aside)}",
                f"ALTER DATABASE {quoted_identifier(previous)} RENAME TO {quoted_identifier(live.name)}",
                comment_statement(live.name, live.mark, live.comment)
                if live.mark
                else f"COMMENT ON DATABASE {quoted_identifier(live.name)} IS "
                f"{literal(live.comment) if live.comment else 'NULL'}",
                comment_statement(aside, mark, None),
            ],
        )

    def drain(self, name: str, seconds: float) -> None:
        """Wait until no client runs a statement or a transaction, for at most ``seconds``."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.server.fetch(_BUSY, (name,))[0][0]:
            time.sleep(SECONDS_BETWEEN)

    def _run(self, used: list[str], statements: Sequence[str]) -> None:
        """Run the statements in one transaction, with no connection to the databases ``used``."""
        deadline = time.monotonic() + SECONDS_TO_TRY
        while True:
            with self._ending(used) as problems:
                try:
                    bounded = [f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}s'", *statements]
                    self.server.transact(bounded, step=f"rename the database {used[0]}")
                except DatabaseError as error:
                    if error.details.get("sqlstate") != OBJECT_IN_USE or time.monotonic() > deadline:
                        raise (problems[0] if problems else error) from error
                    continue
            return

    @contextmanager
    def _ending(self, names: list[str]) -> Iterator[list[DatabaseError]]:
        """End every connection to these databases, repeatedly, while the block runs.

        A rename waits up to five seconds for the last connection to end, and new connections wait for the rename.
        """
        over = threading.Event()
        problems: list[DatabaseError] = []
        server = Server(self.server.params, read_only=False)
        server.connect()

        def end() -> None:
            while True:
                try:
                    server.fetch(_END, (names,))
                except DatabaseError as error:
                    problems.append(error)
                    return
                if over.wait(SECONDS_BETWEEN):
                    return

        thread = threading.Thread(target=end, daemon=True)
        thread.start()
        try:
            yield problems
        finally:
            over.set()
            thread.join()
            server.close()

    def _privileges(self, live: ServerDatabase) -> list[str]:
        rows = self.server.fetch(_PRIVILEGES, (live.name,))
        if not rows:
            return []  # none were ever granted or revoked: the defaults apply
        name = quoted_identifier(live.name)
        statements = [f"REVOKE ALL ON DATABASE {name} FROM PUBLIC, {quoted_identifier(live.owner)}"]
        for grantee, privilege, grantable in rows:
            role = "PUBLIC" if grantee is None else quoted_identifier(grantee)
            option = " WITH GRANT OPTION" if grantable and grantee != live.owner else ""
            statements.append(f"GRANT {privilege} ON DATABASE {name} TO {role}{option}")
        return statements

    def _settings(self, live: ServerDatabase) -> list[str]:
        statements = []
        for role, entry in self.server.fetch(_SETTINGS, (live.name,)):
            setting, _equals, value = entry.partition("=")
            scope = f"ROLE {quoted_identifier(role)} IN " if role else ""
            statements.append(
                f"ALTER {scope}DATABASE {quoted_identifier(live.name)} SET {quoted_identifier(setting)} TO "
                f"{_value(setting, value)}"
            )
        return statements


def _value(setting: str, value: str) -> str:
    if setting.lower() not in _LISTS:
        return literal(value)
    names = [plain or in_quotes.replace('""', '"') for in_quotes, plain in _ITEM.findall(value)]
    return ", ".join(map(literal, names)) or "''"
