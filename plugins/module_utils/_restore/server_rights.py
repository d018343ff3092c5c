# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the rights that a verification by restore or a restore needs on the server, and the role lacks.

The role of a managed PostgreSQL often has only its own database. Without these rights a run would fail after it has
changed something.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .._core.errors import InputError
from .._postgres.connection import quoted_identifier

Fetch = Callable[[str, Sequence[Any]], Sequence[Any]]

_READ = """
SELECT r.rolname::text, r.rolsuper, r.rolcreatedb, r.rolcreaterole, pg_get_userbyid(d.datdba)::text,
    pg_has_role(d.datdba, 'USAGE')
FROM pg_roles r LEFT JOIN pg_database d ON d.datname = %s WHERE r.rolname = current_user
"""
_NOT_VERIFIED = (
    "or read the files only, by level: checksum. A migration takes no backup that was verified by its checksum: "
    "without CREATEDB it needs skip_backup_gate: true, after a snapshot of the server"
)
_NOT_REHEARSED = "or rehearse the upgrade on a server with another role"
_NOT_RESTORED = "or restore by the means of the server's operator, such as a snapshot"


@dataclass(frozen=True)
class Rights:
    """The rights of the connection's role. ``owner`` is that of the live database; None if it does not exist."""

    role: str
    is_superuser: bool
    may_create_databases: bool
    may_create_roles: bool
    owner: str | None
    is_owner: bool

    def refuse_verification(self) -> None:
        """Raise InputError unless the role may load a backup into a side database."""
        problems = self._without_createdb("a verification by restore loads the backup into")
        self._refuse(problems, "These backups were not verified", _NOT_VERIFIED)

    def refuse_rehearsal(self) -> None:
        """Raise InputError unless the role may load a backup into a side database, to migrate it there."""
        problems = self._without_createdb("a rehearsal loads the backup into")
        self._refuse(problems, "Nothing was changed", _NOT_REHEARSED)

    def refuse_restore(self, live: str) -> None:
        """Raise InputError unless the role may load a backup into a side database, and rename that to ``live``."""
        problems = self._without_createdb(f"a restore loads the backup into and then renames to {live}")
        if self.owner is not None and not self.is_owner and not self.is_superuser:
            problems.append(
                f"The role {self.role} may not rename the database {live}, which a restore keeps under another name: "
                f"its owner is {self.owner}"
            )
        self._refuse(problems, "Nothing was changed", _NOT_RESTORED)

    def refuse_roles(self, names: Sequence[str]) -> None:
        """Raise InputError if a restore would create these roles, and the role may not."""
        if names and not (self.is_superuser or self.may_create_roles):
            raise InputError(
                f"The role {self.role} may not create roles (CREATEROLE), and the backup needs {', '.join(names)}",
                hint="Nothing was changed. Create them on the server, each by CREATE ROLE ... NOLOGIN, and set "
                "restore_roles: require.",
            )

    def _without_createdb(self, purpose: str) -> list[str]:
        if self.is_superuser or self.may_create_databases:
            return []
        return [f"The role {self.role} may not create databases (CREATEDB), such as the side database that {purpose}"]

    def _refuse(self, problems: list[str], unchanged: str, otherwise: str) -> None:
        if problems:
            role = quoted_identifier(self.role)
            granted = [f"ALTER ROLE {role} CREATEDB"] if not (self.is_superuser or self.may_create_databases) else []
            if len(problems) > len(granted):
                granted.append(f"GRANT {quoted_identifier(str(self.owner))} TO {role}")
            raise InputError.of(
                problems,
                hint=f"{unchanged}. Next: have an administrator of the server run {' and '.join(granted)}, "
                f"{otherwise}.",
            )


def read(fetch: Fetch, live: str) -> Rights:
    """Return the rights of the role of a connection, to any database of the server."""
    return Rights(*fetch(_READ, (live,))[0])
