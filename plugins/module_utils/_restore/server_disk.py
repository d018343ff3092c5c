# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find out whether the disk of PostgreSQL has room for one more database.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from pathlib import Path

from .._core import command
from .._core.errors import ConvosphereError
from .._postgres.client_tools import PostgresTools
from .._postgres.connection import LOOPBACK
from . import loader as restore_loader
from .database_server import Server

#: How many bytes a new database takes beside the size of the backed-up one: its write-ahead log.
_EXTRA = 256 * 1024 * 1024


def missing_room(server: Server, tools: PostgresTools, needed: int) -> str | None:
    """Return a sentence if the disk of PostgreSQL lacks ``needed`` bytes; None if it has them or cannot be asked."""
    directory = str(server.fetch(_DIRECTORY)[0][0] or "")
    free = _free(directory, tools) if directory else None
    required = int(needed * 1.1) + _EXTRA
    if free is None or free >= required:
        return None
    return (
        f"The restored database takes about {_mebibytes(required)} MiB, and the disk of PostgreSQL, under {directory}, "
        f"has {_mebibytes(free)} MiB free"
    )


#: NULL for a role that may not read it.
_DIRECTORY = """
SELECT CASE WHEN pg_has_role('pg_read_all_settings', 'USAGE') THEN current_setting('data_directory') END
"""


def _free(directory: str, tools: PostgresTools) -> int | None:
    if not tools.container:
        here = tools.params["login_unix_socket"] or tools.params["login_host"] in LOOPBACK
        path = Path(directory)
        try:
            # A server in another container has a directory of the same name, which is not this one.
            return restore_loader.free_bytes(path) if here and (path / "PG_VERSION").exists() else None
        except OSError:
            return None
    try:
        text = command.run(
            tools.command("df", "-P", "-k", directory),
            step="read the free space",
            environment=tools.environment,
            timeout=60,
        )
        return int(text.splitlines()[-1].split()[3]) * 1024
    except (ConvosphereError, IndexError, ValueError):
        return None  # not every image has df


def _mebibytes(count: int) -> int:
    return count // (1024 * 1024)
