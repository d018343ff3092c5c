#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_user_info
short_description: Find users of ConvoSphere and count them
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Returns the users that match all given filters, sorted by email, and their number by role and status. Passwords and
    hashes are never returned.
  - For many users read pages with O(limit) and O(offset), and only the O(fields) that are needed.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.attributes.info
options:
  emails:
    description: The users with one of these emails. The case is ignored.
    type: list
    elements: str
    aliases: [email]
  usernames:
    description: The users with one of these usernames.
    type: list
    elements: str
    aliases: [username]
  ids:
    description: The users with one of these UUIDs.
    type: list
    elements: str
    aliases: [id]
  roles:
    description: The users with one of these roles.
    type: list
    elements: str
    aliases: [role]
  statuses:
    description: The users with one of these statuses.
    type: list
    elements: str
    aliases: [status]
  auth_providers:
    description: The users with one of these auth providers.
    type: list
    elements: str
    aliases: [auth_provider]
  groups:
    description: The users in at least one of these groups, by name or id.
    type: list
    elements: str
    aliases: [group]
  search:
    description: The users whose email, username or names contain this text. The case is ignored.
    type: str
  inactive_since:
    description:
      - The users who were not active, did not log in and were not created since this timestamp, for example
        V(2026-01-31) or V(2026-01-31T12:00:00Z).
    type: str
  inactive_days:
    description: The same, as a number of days before now.
    type: int
  locked:
    description: The users who are locked after failed logins, or with V(false) the others.
    type: bool
  has_password:
    description: The users with a password, or with V(false) the others.
    type: bool
  logged_in:
    description: The users who have ever logged in, or with V(false) the others.
    type: bool
  fields:
    description:
      - The fields to return of each user. If not given, all of them. An empty list returns the counts only.
      - V(id), V(email), V(groups), V(locked), V(has_password), V(created_at), V(last_login), V(last_activity),
        V(locked_until), V(password_changed_at), and the options of M(convosphere.platform.convosphere_user) that set
        columns.
    type: list
    elements: str
  limit:
    description: The greatest number of users to return. The counts are those of all matching users.
    type: int
  offset:
    description: The number of users to skip at the beginning.
    type: int
    default: 0
  skip_empty:
    description:
      - Whether to omit fields without a value, so that RV(users) is a valid list for
        M(convosphere.platform.convosphere_user).
    type: bool
    default: false
  return_groups:
    description: Whether to return all groups too.
    type: bool
    default: false
  return_unreadable:
    description:
      - >-
        Whether to return also the users and groups that the platform's REST interface cannot return, independent of the
        filters. The platform validates its answers: such a row makes every page of its user list fail that contains it.
    type: bool
    default: false
  role_changes_since:
    description:
      - >-
        Return also the changes of roles since this timestamp, from the rows of this collection in the platform's
        C(audit_logs): each change of a role, and each new user with a role other than V(user) or V(guest).
    type: str
seealso:
  - module: convosphere.platform.convosphere_user
"""

EXAMPLES = r"""
- name: Find the administrators who were inactive for half a year
  convosphere.platform.convosphere_user_info:
    login_env_file: /opt/convosphere/prod/.env
    roles: [super_admin, admin]
    inactive_days: 180
    fields: [email, role, last_login]

- name: Find the rows that make the platform's list of users fail
  convosphere.platform.convosphere_user_info:
    login_env_file: /opt/convosphere/prod/.env
    fields: []
    return_unreadable: true

- name: Count the users
  convosphere.platform.convosphere_user_info:
    login_env_file: /opt/convosphere/prod/.env
    fields: []
"""

RETURN = r"""
users:
  description: The users, sorted by email, each with the requested fields. Timestamps are in UTC.
  returned: success
  type: list
  elements: dict
  sample:
    - email: ada@example.com
      role: admin
      last_login: "2026-01-31T12:00:00Z"
total:
  description: The number of users that match the filters, independent of O(limit).
  returned: success
  type: int
  sample: 1
by_role:
  description: The number of them by role.
  returned: success
  type: dict
  sample: {admin: 1}
by_status:
  description: The number of them by status.
  returned: success
  type: dict
  sample: {active: 1}
groups:
  description: All groups, sorted by name, as a list for M(convosphere.platform.convosphere_group).
  returned: with O(return_groups=true)
  type: list
  elements: dict
  sample: [{name: engineering, is_active: true}]
unreadable:
  description: The users and groups that the platform's REST interface cannot return, and the reasons.
  returned: with O(return_unreadable=true)
  type: list
  elements: dict
  sample:
    - kind: user
      id: 6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11
      name: jo@example.com
      reasons: [username must have 3 to 100 characters]
role_changes:
  description: The changes of roles, oldest first.
  returned: with O(role_changes_since)
  type: list
  elements: dict
  sample: [{at: "2026-01-31T12:00:00Z", email: ada@example.com, actor: root@controller, before: user, after: admin}]
"""

from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._entities.entity_repository import EntityRepository
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import (
    DATABASE_OPTIONS,
    Database,
)
from ansible_collections.convosphere.platform.plugins.module_utils._users import user_queries
from ansible_collections.convosphere.platform.plugins.module_utils._users.user_spec import USER

TEXTS = {
    "emails": "email",
    "usernames": "username",
    "ids": "id",
    "roles": "role",
    "statuses": "status",
    "auth_providers": "auth_provider",
    "groups": "group",
}


class UserInfo(InfoModule):
    """Users of one platform."""

    argument_spec = {
        **DATABASE_OPTIONS,
        **{name: {"type": "list", "elements": "str", "aliases": [alias]} for name, alias in TEXTS.items()},
        "search": {"type": "str"},
        "inactive_since": {"type": "str"},
        "inactive_days": {"type": "int"},
        "locked": {"type": "bool"},
        "has_password": {"type": "bool", "no_log": False},
        "logged_in": {"type": "bool"},
        "fields": {"type": "list", "elements": "str"},
        "limit": {"type": "int"},
        "offset": {"type": "int", "default": 0},
        "skip_empty": {"type": "bool", "default": False},
        "return_groups": {"type": "bool", "default": False},
        "return_unreadable": {"type": "bool", "default": False},
        "role_changes_since": {"type": "str"},
    }
    rules = {"mutually_exclusive": [("inactive_since", "inactive_days")]}

    def report(self) -> dict[str, Any]:
        """Read the users and the counts in one read-only transaction."""
        database = Database(self.params, read_only=True)
        columns = EntityRepository(database, USER, ()).columns
        user_queries.check(database, columns, self.params)
        query = user_queries.UserQuery(database, self.params)
        fields = list(user_queries.SELECTABLE) if self.params["fields"] is None else self.params["fields"]
        found = query.users(fields, self.params["limit"], self.params["offset"]) if fields else []
        if self.params["skip_empty"]:
            found = [user_queries.without_empty(user) for user in found]
        groups = {"groups": user_queries.groups(database)} if self.params["return_groups"] else {}
        since = self.params["role_changes_since"]
        changes = {"role_changes": user_queries.role_changes(database, since)} if since else {}
        broken = {"unreadable": user_queries.unreadable(database)} if self.params["return_unreadable"] else {}
        return {"users": found, **query.counts(), **groups, **changes, **broken}


def main() -> None:
    UserInfo.main()


if __name__ == "__main__":
    main()
