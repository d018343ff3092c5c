# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Side databases beside the live one: temporary ones, and those that restores keep.

Each carries a mark in its comment with its role and its live database. A database without such a mark is never changed,
whatever its name.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from .._backup import dump_requirements
from .._backup.manifest import DatabaseRecord
from .._core.errors import DatabaseError
from .._postgres import database_comment
from .._postgres.connection import literal, quoted_identifier
from .database_server import Server, ServerDatabase

VERIFY = "verify"
RESTORE = "restore"
#: A copy on which the migrations of another release are rehearsed.
UPGRADE = "upgrade"
BEFORE = "before"
#: A restored database that was live, was written to, and was rolled back.
REJECTED = "rejected"
#: The role of the live database after a restore.
LIVE = "live"
#: The roles of databases that the run which creates them drops. None is longer than RESTORE, see ``_base``.
_TEMPORARY = (VERIFY, RESTORE, UPGRADE)
#: PostgreSQL truncates longer names, and two that differ only at their ends would become one.
_NAME_BYTES = 63

#: Settings for faster loading. They are reset before the database is used.
_FASTER = ("SET synchronous_commit TO off", "SET maintenance_work_mem TO '128MB'")


class SideDatabases:
    """Create and drop databases beside the one called ``live``."""

    def __init__(self, server: Server, live: str) -> None:
        self.server = server
        self.live = live

    def create(self, role: str, record: DatabaseRecord) -> str:
        """Create an empty database with the encoding and locale of the backup. Return its name.

        It gets the owner and the tablespace of the live database, if there is one.
        """
        name = f"{_base(self.live, role)}_{role}_{uuid.uuid4().hex[:8]}"
        live = self.server.databases().get(self.live)
        options = [
            "TEMPLATE template0",
            f"ENCODING {literal(record.encoding)}",
            f"LC_COLLATE {literal(record.collate)}",
            f"LC_CTYPE {literal(record.ctype)}",
            # Refuse connections until it is marked: without a mark it is known to be empty.
            "ALLOW_CONNECTIONS false",
        ]
        if live:
            # Named only if necessary: that takes a privilege, which the default tablespace does not need.
            options += [f"TABLESPACE {quoted_identifier(live.tablespace)}"] if live.tablespace != "pg_default" else []
            options.append(f"OWNER {quoted_identifier(live.owner)}")
        major = int(self.server.version().split(".")[0])
        options += dump_requirements.locale_options(record, live.icu_locale if live else None, major)
        self.server.execute(
            f"CREATE DATABASE {quoted_identifier(name)} {' '.join(options)}", step=f"create the database {name}"
        )
        self.mark(name, {"role": role, "of": self.live})
        for setting in (*_FASTER, "ALLOW_CONNECTIONS true"):
            self.server.execute(f"ALTER DATABASE {quoted_identifier(name)} {setting}", step=f"open the database {name}")
        return name

    def mark(self, name: str, mark: Mapping[str, Any], comment: str | None = None) -> None:
        """Write a database's mark into its comment, below the existing text."""
        self.server.execute(database_comment.comment_statement(name, mark, comment), step=f"mark the database {name}")

    def drop(self, name: str) -> None:
        """Drop a database and end all connections to it."""
        self.server.execute(
            f"DROP DATABASE IF EXISTS {quoted_identifier(name)} WITH (FORCE)", step=f"drop the database {name}"
        )

    def drop_if_possible(self, name: str) -> None:
        """Drop a temporary database after a failure, maybe of the server. If that fails, the next run drops it."""
        with suppress(DatabaseError):
            self._drop_leftover(name)
            return
        with suppress(DatabaseError):
            server = Server(self.server.params, read_only=False)
            SideDatabases(server, self.live)._drop_leftover(name)
            server.close()

    def leftovers(self) -> list[str]:
        """Return the databases that interrupted runs left. Call this only with the lock: other runs use theirs.

        Those with a note on an interrupted swap are excluded: the swap has to be undone first.
        """
        return [
            each.name
            for each in self.server.databases().values()
            if each.name != self.live
            and not each.interrupted_swap
            and (each.is_ours(self.live, *_TEMPORARY) or self._is_unmarked(each))
        ]

    def _is_unmarked(self, each: ServerDatabase) -> bool:
        """Return True if a run was interrupted between creating and marking it: it never allowed a connection."""
        pattern = rf"{re.escape(_base(self.live, VERIFY))}_({'|'.join(_TEMPORARY)})_[0-9a-f]{{8}}"
        return not each.open and not each.mark and each.comment is None and bool(re.fullmatch(pattern, each.name))

    def _drop_leftover(self, name: str) -> None:
        if name in self.leftovers():
            self.drop(name)

    def remove_leftovers(self) -> list[str]:
        """Drop the databases that interrupted runs left. Return their names."""
        names = self.leftovers()
        for name in names:
            self.drop(name)
        return names

    @contextmanager
    def temporary(self, role: str, record: DatabaseRecord) -> Iterator[str]:
        """Create a database and drop it at the end of the block. Its name is the block's value."""
        name = self.create(role, record)
        try:
            yield name
        except BaseException:
            self.drop_if_possible(name)
            raise
        self.drop(name)

    def kept(self) -> list[str]:
        """Return the databases that restores have replaced or rejected, oldest first."""
        kept = [each for each in self.server.databases().values() if each.is_ours(self.live, BEFORE, REJECTED)]
        return [each.name for each in sorted(kept, key=lambda each: (str(each.mark.get("at")), each.name))]


def dated_name(live: str, role: str, now: datetime, taken: Mapping[str, Any]) -> str:
    """Return a name, not in ``taken``, for a database that is kept as BEFORE or REJECTED since ``now``."""
    name = f"{_base(live, role)}_{role}_{now:%Y%m%dT%H%M%SZ}"
    while name in taken:  # two restores within one second
        name = f"{_cut(name, _NAME_BYTES - 9)}_{uuid.uuid4().hex[:8]}"
    return name


def _base(live: str, role: str) -> str:
    """Return the beginning of a name, short enough that PostgreSQL does not truncate the whole."""
    ending = len(f"_{role}_20261123T150102Z") if role in (BEFORE, REJECTED) else len(f"_{RESTORE}_12345678")
    return _cut(live, _NAME_BYTES - ending)


def _cut(name: str, size: int) -> str:
    return name.encode()[:size].decode(errors="ignore")
