# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide whether a backup may be restored as a database: its key, origin, versions, schema revisions and roles.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .._backup import file_reader, run_key
from .._backup.catalogue import Backup, Scope
from .._core.errors import InputError
from .._postgres.client_tools import PostgresTools
from . import missing_roles, server_rights, verification
from .database_server import Server
from .missing_roles import MissingRoles


@dataclass(frozen=True)
class Requirements:
    """The requirements of one restore. ``known_revisions`` returns None if nothing reports the backend's revisions."""

    params: Mapping[str, Any]
    scope: Scope
    server: Server
    tools: PostgresTools
    known_revisions: Callable[[], set[str] | None]

    def check(self, backup: Backup) -> MissingRoles:
        """Return the roles that the server lacks. Raises InputError with every reason not to restore the backup."""
        if not run_key.is_readable(backup, self.params["identity_file"]):
            raise InputError(run_key.objection(backup), hint="Nothing was changed. Set identity_file.")
        if backup.manifest.recipients and self.params["identity_file"]:
            file_reader.refuse_key(self.params["identity_file"])
        problems = self._problems(backup)
        if problems and not self.params["force"]:
            raise InputError.of(problems, hint="Nothing was changed. To restore it anyway, set force: true.")
        live: str = self.params["login_db"]
        found = missing_roles.find(self.server, live, backup.manifest, self.params["restore_roles"])
        server_rights.read(self.server.fetch, live).refuse_roles(found.names)
        return found

    def _problems(self, backup: Backup) -> list[str]:
        """Return the reasons that ``force`` overrides."""
        record, name = verification.database_record(backup), f"The backup {backup.manifest.id}"
        problems = self.scope.objections(backup.manifest)
        if int(record.server_version.split(".")[0]) != self.tools.major:
            problems.append(f"{name} is of PostgreSQL {record.server_version}, and the server is {self.tools.major}")
        known = self.known_revisions()
        unknown = sorted(set(record.schema_revisions) - known) if known is not None else []
        if unknown:
            problems.append(f"{name} is at schema revision {', '.join(unknown)}, which the backend does not know")
        return problems
