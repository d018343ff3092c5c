# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give the backend of a boot a database role of its own, which may use nothing but the restored database.

The role exists while the boot lasts, and has a mark in its comment. It is granted everything on the objects of the side
database, owns none of them, and has no right on the live database.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
import secrets
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

from ..._core.errors import DatabaseError
from ..._postgres import database_comment
from ..._postgres.connection import literal, quoted_identifier
from ..database_server import Server
from .verdict import UnknownError

ROLE = "boot"
#: After this time a role that an interrupted run left can no longer log in.
_LONGEST = timedelta(hours=12)
_READ_ROLES = "SELECT rolname::text, shobj_description(oid, 'pg_authid') FROM pg_roles"
_SCHEMAS = """
SELECT nspname::text FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1
"""
#: Names of databases that mean the same to all who read a URL.
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_KINDS = ("TABLES", "SEQUENCES", "ROUTINES")
_LACKING = """
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT has_table_privilege(%s, c.oid, 'SELECT') ORDER BY 1 LIMIT 5
"""


@dataclass(frozen=True)
class BootRole:
    """A role of the server for one boot beside the database ``live``, and its password."""

    server: Server
    live: str
    name: str
    password: str

    @classmethod
    def new(cls, server: Server, live: str) -> BootRole:
        """Return a role that does not exist yet."""
        return cls(server, live, f"convosphere_boot_{secrets.token_hex(4)}", secrets.token_urlsafe(32))

    def create(self, database: str) -> None:
        """Create the role, and grant it everything on the objects of ``database``. Raises ConvosphereError."""
        from psycopg2.extensions import encrypt_password

        until = datetime.now(timezone.utc) + _LONGEST
        verifier = encrypt_password(self.password, self.name, self.server.connection)
        name = quoted_identifier(self.name)
        self.server.transact(
            [
                f"CREATE ROLE {name} LOGIN PASSWORD {literal(str(verifier))} VALID UNTIL {literal(until.isoformat())}",
                database_comment.comment_statement(self.name, {"role": ROLE, "of": self.live}, None, kind="ROLE"),
            ],
            step=f"create the role {self.name}",
        )
        with closing(Server(self.server.params, read_only=False, database=database)) as session:
            for (schema,) in session.fetch(_SCHEMAS):
                where = quoted_identifier(schema)
                grants = [f"GRANT ALL ON SCHEMA {where} TO {name}"]
                grants += [f"GRANT ALL ON ALL {kind} IN SCHEMA {where} TO {name}" for kind in _KINDS]
                for grant in grants:
                    session.execute(grant, step=f"grant the role {self.name} its rights")
            lacking = [row[0] for row in session.fetch(_LACKING, (self.name,))]
        if lacking:
            raise UnknownError(
                f"The role of login_user cannot grant the backend of a boot its rights on {', '.join(lacking)}",
                hint="Make it a superuser or a member of the owners of these tables, or set level to restore.",
            )

    def url(self, database: str, directory: str) -> str:
        """Return the backend's DATABASE_URL, by the socket in a directory of its container."""
        login = f"postgresql://{self.name}:{quote(self.password, safe='')}@/"
        if _PLAIN.fullmatch(database):
            return f"{login}{database}?host={directory}"
        # SQLAlchemy decodes a value of the query, and not the path.
        return f"{login}?host={directory}&dbname={quote(database, safe='')}"


def has_leftovers(server: Server, live: str) -> bool:
    """Return whether a role shows that a boot beside ``live`` was not cleaned up."""
    return bool(_leftovers(server, live))


def drop_leftovers(server: Server, live: str) -> None:
    """Drop the roles of boots beside ``live``, whose databases must be dropped before.

    If that fails, the next run drops them.
    """
    with suppress(DatabaseError):
        for name in _leftovers(server, live):
            server.execute(f"DROP ROLE {quoted_identifier(name)}", step=f"drop the role {name}")


def _leftovers(server: Server, live: str) -> list[str]:
    marks = [(name, database_comment.split_comment(comment)[1]) for name, comment in server.fetch(_READ_ROLES)]
    return [name for name, mark in marks if mark.get("role") == ROLE and mark.get("of") == live]
