# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What restoring a backup and discarding kept content have in common: options, server, ownership, confirmation.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from .._core.errors import InputError
from .._core.work import Invocation, Work
from .._engine import client as engine_client
from .._engine import confirmation
from .._host import environment_directory
from .._people.signatures import KEY_OPTIONS
from .._postgres import client_tools, connection
from .._stack import server_owner
from . import missing_roles
from .component_group import RESTORE_COMPONENT_OPTIONS, ComponentGroup
from .database_server import MAINTENANCE, Server
from .recovery import Recovery
from .service_stop import SERVICE_OPTIONS
from .side_databases import SideDatabases
from .verification import VERIFY_OPTIONS

RESTORED = "restored"
DISCARDED = "discarded"

RESTORE_OPTIONS: dict[str, Any] = {
    **connection.DATABASE_OPTIONS,
    **client_tools.TOOLS_OPTIONS,
    **VERIFY_OPTIONS,
    **SERVICE_OPTIONS,
    **RESTORE_COMPONENT_OPTIONS,
    **KEY_OPTIONS,
    "state": {"type": "str", "choices": [RESTORED, DISCARDED], "default": RESTORED},
    "backup": {"type": "str"},
    "backup_dir": {"type": "path"},
    **environment_directory.ENVIRONMENT_OPTION,
    **confirmation.CONFIRM_OPTION,
    "restore_roles": {"type": "str", "choices": list(missing_roles.HOWS), "default": missing_roles.REQUIRE},
    "force": {"type": "bool", "default": False},
    "known_revisions": {"type": "list", "elements": "str"},
    "image": {"type": "str"},
    "drain_timeout": {"type": "int", "default": 10},
    "analyze_timeout": {"type": "int", "default": 600},
}


class RestoreWork(Work):
    """Work on the databases beside one live database. The options are RESTORE_OPTIONS."""

    def __init__(self, invocation: Invocation) -> None:
        self.params = invocation.params
        self.check_mode = invocation.check_mode
        self.warn = invocation.warn
        self.live: str = self.params["login_db"]
        self.server = Server(self.params, read_only=self.check_mode)
        self.side_databases = SideDatabases(self.server, self.live)
        self.recovery = Recovery(self.side_databases, self.params)
        #: What ``plan`` locks or opens.
        self.held = ExitStack()

    def connect(self) -> None:
        """Connect to the server. Raises InputError unless it belongs to the environment."""
        if self.live in (MAINTENANCE, "template0", "template1"):
            raise InputError(
                f"login_db is {self.live}, a database of PostgreSQL itself",
                hint="Nothing was changed. Set login_db to the platform's database.",
            )
        server_owner.refuse_foreign_server(self.params)
        self.held.callback(self.server.close)
        self.server.connect()

    def refuse_unconfirmed(self, step: str, objects: Sequence[str]) -> None:
        """Raise InputError with all affected objects unless this was confirmed."""
        name, source = self.params["project_name"], self.params["project_src"]

        def losses() -> list[str]:
            lines = list(objects)
            if name:
                client = engine_client.connect(self.params["docker_host"], self.params["timeout"])
                lines += [f"Compose project {name}", *([confirmation.directory_line(Path(source))] if source else [])]
                lines += confirmation.project_objects(client, self.params["docker_host"], name)
            return lines

        confirmation.refuse_unconfirmed(self.params, step, losses, check_mode=self.check_mode, warn=self.warn)

    def place(self) -> str:
        """Return the names of the environment and of the host."""
        return f"{self.params['environment_name']} on {platform.node()}"

    def kept(self, others: ComponentGroup) -> list[str]:
        """Return the databases, uploads and vectors that restores have kept."""
        return self.side_databases.kept() + others.kept()

    def remove_leftovers(self) -> None:
        """Remove the side databases and roles that interrupted runs left. Call this only with the locks."""
        self.side_databases.remove_leftovers()
        missing_roles.drop_leftovers(self.server, self.live)

    def close(self) -> None:
        """Release the locks and the connection."""
        self.held.close()
