# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change the password of the platform's default administrator, whose row the platform creates once and never changes.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._app.audit_log import Trail
from .._core.plan import Plan, make_plan
from .._core.redaction import Secret
from .._entities.entity_repository import EntityRepository
from .._postgres.connection import Database
from . import passwords, user_login
from .user_spec import USER

_READ = "SELECT id::text, email, hashed_password FROM users WHERE lower(email) = lower(%s) ORDER BY email = %s DESC"


class AdminLogin:
    """The row of the user with one email, in one transaction of ``params``."""

    def __init__(self, params: Mapping[str, Any], email: str, *, read_only: bool) -> None:
        self.database = Database(params, read_only=read_only)
        self.repository = EntityRepository(self.database, USER, ())
        self.trail = Trail(self.database, params, "user")
        self.email = email
        self.identifier = ""

    def plan(self, password: str) -> Plan:
        """Compare the stored hash with the password. A user that does not exist is not created."""
        self.repository.columns  # noqa: B018 - refuses a table of another version
        self.trail.check()
        rows = self.database.fetch(_READ, (self.email, self.email))
        if not rows:
            return Plan()
        self.identifier, name, stored = rows[0]
        if passwords.verify_all([(password, stored)]) == [True]:
            return Plan()
        return make_plan({name: {"password": Secret(password)}}, {name: {"password": Secret(stored or "")}})

    def apply(self, plan: Plan) -> None:
        """Write the hash and its row of the audit trail."""
        for change in plan:
            [new] = passwords.hash_all([str((change.after or {})["password"])])
            row = {**user_login.new_password(new), "updated_at": "now"}
            self.database.update("users", [{"id": self.identifier, **row}], sorted(row))
            self.trail.write([(change, self.identifier)])
        self.database.commit()

    def close(self) -> None:
        """Close the connection."""
        self.database.close()
