# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give one of the two login roles of a stack a new password, and end the other one.

Both act as the owner of the database, so that what the backend creates belongs to the owner whichever of them it uses.
Passwords are sent to the server as SCRAM verifiers only.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._core.errors import DatabaseError, InputError
from . import connection as postgres_connection
from .connection import Database, literal, quoted_identifier

COMMENT = "Login of convosphere.platform beside the owner of the database"
_ATTRIBUTES = ("rolsuper", "rolcreatedb", "rolcreaterole", "rolreplication", "rolbypassrls")
_WORDS = ("SUPERUSER", "CREATEDB", "CREATEROLE", "REPLICATION", "BYPASSRLS")
_READ = "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = %s"
_MAY_LOG_IN = "SELECT rolpassword IS NOT NULL FROM pg_authid WHERE rolname = %s"


def is_valid(params: Mapping[str, Any], login: str, password: str) -> bool:
    """Return whether a role can connect with a password."""
    try:
        postgres_connection.connect({**params, "login_user": login, "login_password": password}).close()
    except DatabaseError:
        return False
    return True


def refuse_foreign(database: Database, owner: str, login: str) -> None:
    """Raise InputError if the login role exists and was not created by ``give``."""
    rows = database.fetch(_READ, (login,))
    if login != owner and rows and rows[0][0] != COMMENT:
        raise InputError(
            f"PostgreSQL has a role {login}, which the rotation of its password would take over",
            hint=f"Nothing was changed. Rename or drop that role. If it is that of a rotation, run: COMMENT ON ROLE"
            f" {quoted_identifier(login)} IS {literal(COMMENT)}",
        )


def give(database: Database, owner: str, login: str, password: str) -> None:
    """Give a login role a password, and create it if it is missing. The caller commits."""
    name = quoted_identifier(login)
    if login != owner:
        _ensure_member(database, owner, login)
    verifier = literal(_encrypted(database, login, password))
    database.execute(f"ALTER ROLE {name} WITH LOGIN PASSWORD {verifier}", step=f"set the password of role {login}")


def may_log_in(database: Database, login: str) -> bool:
    """Return whether a role has a password."""
    rows = database.fetch(_MAY_LOG_IN, (login,))
    return bool(rows and rows[0][0])


def end(database: Database, owner: str, login: str) -> None:
    """Remove the password of a login role. The owner can still log in inside of the container. The caller commits."""
    login_word = "LOGIN" if login == owner else "NOLOGIN"
    database.execute(f"ALTER ROLE {quoted_identifier(login)} WITH {login_word} PASSWORD NULL", step=f"end role {login}")


def _ensure_member(database: Database, owner: str, login: str) -> None:
    name, group = quoted_identifier(login), quoted_identifier(owner)
    if not database.fetch(_READ, (login,)):
        database.execute(f"CREATE ROLE {name}", step=f"create role {login}")
        database.execute(f"COMMENT ON ROLE {name} IS {literal(COMMENT)}", step=f"create role {login}")
    columns = ", ".join(_ATTRIBUTES)
    [found] = database.fetch(f"SELECT {columns} FROM pg_roles WHERE rolname = %s", (owner,))  # noqa: S608 - constants
    words = " ".join(word if has else f"NO{word}" for word, has in zip(_WORDS, found))
    for statement in (
        f"ALTER ROLE {name} WITH {words}",
        f"GRANT {group} TO {name}",
        f"ALTER ROLE {name} SET role = {literal(owner)}",
    ):
        database.execute(statement, step=f"make role {login} a member of {owner}")


def _encrypted(database: Database, login: str, password: str) -> str:
    from psycopg2.extensions import encrypt_password

    return str(encrypt_password(password, login, database.connection, "scram-sha-256"))
