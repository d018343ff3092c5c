# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create roles that a dump names and the server lacks: permanently, or only while the dump is loaded.

A dump is always loaded with its owners and privileges. A role to skip exists meanwhile, with a mark, and is dropped
before the database is used: PostgreSQL itself then reassigns its objects and revokes its privileges.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from .._backup import dump_requirements
from .._backup.manifest import Manifest
from .._core import plan as core_plan
from .._core.errors import DatabaseError, InputError
from .._core.plan import Change, Plan
from .._postgres import database_comment
from .._postgres.connection import quoted_identifier
from .database_server import Server

REQUIRE = "require"
CREATE = "create"
SKIP = "skip"
HOWS = (REQUIRE, CREATE, SKIP)
_WAYS = (
    "; for the roles set restore_roles: create, which creates them without login, password and memberships, or "
    "restore_roles: skip, which gives their objects to the owner of the database and omits their privileges"
)
#: The mark of a role that is dropped again.
_TEMPORARY = "skipped"


@dataclass(frozen=True)
class MissingRoles:
    """The roles ``names`` that a restore of the database ``live`` lacks. ``how`` is one of HOWS.

    ``subscriptions`` are never restored.
    """

    server: Server
    live: str
    names: Sequence[str] = ()
    how: str = REQUIRE
    subscriptions: Sequence[str] = ()

    @contextmanager
    def present(self) -> Iterator[None]:
        """Create the roles for the block. Drop those to skip afterwards, also if it fails."""
        for name in self.names:
            self._create(name)
        try:
            yield
        finally:
            if self.names and self.how == SKIP:
                with suppress(DatabaseError):  # if the connection is lost, the next run drops them
                    drop_leftovers(self.server, self.live)

    def hand_over(self, database: str) -> None:
        """Give the objects of skipped roles in ``database`` to its owner, and drop the roles with their privileges."""
        if not self.names or self.how != SKIP:
            return
        owner = self.server.databases()[database].owner
        session = Server(self.server.params, read_only=False, database=database)
        try:
            for name in self.names:
                role, step = quoted_identifier(name), f"reassign the objects of the role {name}"
                session.execute(f"REASSIGN OWNED BY {role} TO {quoted_identifier(owner)}", step=step)
                session.execute(f"DROP OWNED BY {role}", step=step)
                session.execute(f"DROP ROLE {role}", step=f"drop the role {name}")
        finally:
            session.close()

    def plan(self) -> Plan:
        """Return a creation for each role that stays."""
        names = self.names if self.how == CREATE else ()
        return Plan(tuple(Change(f"role {name}", core_plan.CREATE, None, {"login": False}) for name in names))

    def skipped(self) -> list[str]:
        """Return a sentence for each role and subscription that is not restored."""
        skipped = self.names if self.how == SKIP else ()
        return [
            f"role {name}: its objects belong to the owner of the database, its privileges and policies are omitted"
            for name in skipped
        ] + [f"subscription {name}: create it again if it is needed" for name in self.subscriptions]

    def _create(self, name: str) -> None:
        statements = [f"CREATE ROLE {quoted_identifier(name)} NOLOGIN"]
        if self.how == SKIP:
            statements.append(
                database_comment.comment_statement(name, {"role": _TEMPORARY, "of": self.live}, None, kind="ROLE")
            )
        if not self.server.fetch("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")[0][0]:
            statements.append(f"GRANT {quoted_identifier(name)} TO CURRENT_USER")  # required to grant it anything
        self.server.transact(statements, step=f"create the role {name}")


def find(server: Server, live: str, manifest: Manifest, how: str) -> MissingRoles:
    """Return the roles that a backup needs and the server lacks.

    Raises InputError that names everything the server lacks, and the alternatives, unless only roles are missing and
    ``how`` decides about them.
    """
    if manifest.database is None:
        return MissingRoles(server, live)
    lacking = dump_requirements.lacking(server.fetch, manifest.database)
    problems = lacking.problems(manifest.id, roles=how == REQUIRE)
    if problems:
        ways = _WAYS if lacking.roles and how == REQUIRE else ""
        raise InputError.of(problems, hint=f"Nothing was changed. Add the missing objects to the server{ways}.")
    return MissingRoles(server, live, lacking.roles, how, (manifest.database.requires or {}).get("subscriptions", ()))


def drop_leftovers(server: Server, live: str) -> None:
    """Drop the roles that an interrupted restore left. PostgreSQL keeps a role that owns something by now."""
    rows = server.fetch("SELECT rolname::text, shobj_description(oid, 'pg_authid') FROM pg_roles")
    for name, comment in rows:
        mark = database_comment.split_comment(comment)[1]
        if mark.get("role") == _TEMPORARY and mark.get("of") == live:
            with suppress(DatabaseError):
                server.execute(f"DROP ROLE {quoted_identifier(name)}", step=f"drop the role {name}")
