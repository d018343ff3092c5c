# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find out why a backup cannot be loaded on a server, which says nothing about the backup itself.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from .._backup import dump_requirements, run_key
from .._backup.catalogue import Backup
from .._postgres.client_tools import PostgresTools
from . import verification
from .database_server import Server


def find(backup: Backup, server: Server, tools: PostgresTools, identity_file: str | None) -> list[str]:
    """Return a sentence, without its final dot, for each obstacle. ``tools`` know the server's major version."""
    record, name = verification.database_record(backup), backup.manifest.id
    problems = dump_requirements.lacking(server.fetch, record).problems(name, roles=True)
    if not run_key.is_readable(backup, identity_file):
        problems.append(run_key.objection(backup))
    if int(record.server_version.split(".")[0]) > (tools.major or 0):
        problems.append(f"The backup {name} is of PostgreSQL {record.server_version}, newer than the server")
    return problems
