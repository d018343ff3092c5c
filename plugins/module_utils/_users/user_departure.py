# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide what the deletion of a user does with the rows that it owns.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._entities import dependents
from .._entities.dependents import Belongings, Held
from .._entities.desired import Task
from .._entities.entity import Departure
from .._postgres.connection import Database


class UserDeparture(Departure):
    """Memberships are deleted with a user; other rows are transferred. ``transfers`` is that of dependents.release."""

    rights = {"user_group_association": "SELECT, DELETE"}

    def __init__(self, held: Held) -> None:
        self.held = held
        self.transfers: Mapping[str, Sequence[str]] = {}

    def refuse(self, row: Mapping[str, Any], options: Mapping[str, Any], owns: Mapping[str, int]) -> str:
        """Return why a user is not deleted: it owns rows, and ``owned`` does not decide about them."""
        if not owns or options["owned"] != "refuse":
            return ""
        return f"{{label}} owns {dependents.describe(owns)}: set owned to transfer, or to archive to keep the user"

    def instead(self, options: Mapping[str, Any], owns: Mapping[str, int]) -> Mapping[str, Any] | None:
        """Return the status of a user that is kept with the rows that it owns."""
        return {"status": "archived"} if options["owned"] == "archive" and owns else None

    def blocked(self, database: Database, ids: Sequence[str]) -> Mapping[str, str]:
        """Return the users that are on hold."""
        reason = (
            "Cannot delete {title}, who is on hold: suspend the user with status: suspended, or release the hold with "
            "convosphere_hold"
        )
        return dict.fromkeys(set(ids) & set(self.held(database, "user")), reason)

    def release(self, database: Database, belongings: Belongings, tasks: Sequence[Task]) -> None:
        """Transfer, delete or clear what refers to the users of ``tasks``."""
        dependents.release(database, belongings, [task.id for task in tasks], self.transfers)
