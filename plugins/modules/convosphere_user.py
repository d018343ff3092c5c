#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_user
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils import _list_file
from ansible_collections.convosphere.platform.plugins.module_utils._audit import AUDIT_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._database import DATABASE_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._plan import CREATE, DELETE, UPDATE, Plan
from ansible_collections.convosphere.platform.plugins.module_utils._user_options import (
    LIST_OPTIONS,
    POLICY_OPTIONS,
    USER_OPTIONS,
)
from ansible_collections.convosphere.platform.plugins.module_utils._user_work import UserWork


class UserModule(ConvosphereModule):
    """Users of one platform."""

    argument_spec = {**DATABASE_OPTIONS, **AUDIT_OPTIONS, **USER_OPTIONS, **POLICY_OPTIONS, **LIST_OPTIONS}
    rules = {
        "mutually_exclusive": [("email", "users", "users_file"), ("password", "password_hash")],
        "required_one_of": [("email", "users", "users_file")],
        "required_if": [("prune", True, ("users", "users_file"), True)],
    }
    unlisted = ("users",)

    @cached_property
    def entries(self) -> list[Mapping[str, Any]]:
        """The users as they were given."""
        if self.params["users_file"]:
            return _list_file.read(Path(self.params["users_file"]), "users")
        if self.params["users"] is not None:
            return list(self.params["users"])
        return [{name: self.params[name] for name in (*USER_OPTIONS, *POLICY_OPTIONS)}]

    def secrets(self) -> Iterable[str]:
        """Passwords and hashes of the list."""
        given = self.__dict__.get("entries") or self.params["users"] or []
        return (str(entry[name]) for entry in given for name in ("password", "password_hash") if entry.get(name))

    def plan(self) -> Plan:
        """Read the list, then the users it is about, and compare."""
        entries = self.entries
        self.work = UserWork(self.params, check_mode=self.check_mode)
        self.work.read(entries, single=self.params["email"] is not None)
        return self.work.plan()

    def apply(self, plan: Plan) -> None:
        """Write it all, or nothing."""
        self.work.apply(plan)

    def report(self, plan: Plan) -> dict[str, Any]:
        """Who was created, updated, deleted and left alone."""
        return {
            "created": plan.names(CREATE),
            "updated": {change.name: sorted(change.after or {}) for change in plan.of(UPDATE)},
            "deleted": plan.names(DELETE),
            "unchanged": list(plan.unchanged),
        }


def main() -> None:
    UserModule.main()


if __name__ == "__main__":
    main()
