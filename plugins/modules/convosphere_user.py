#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_user
short_description: Manage one or thousands of users of ConvoSphere
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - >-
    Creates, changes and removes users in the platform's tables, one user or a list. A list is one read, one plan and
    one transaction: either all of its changes are made or none.
  - Options that are not given do not change a field. An empty value, V(""), V([]) or V({}), clears it.
  - All problems of a list are reported together, before anything is changed.
  - Text options accept texts only. A number or boolean from a variable is refused, because its spelling, such as
    C(0170), was lost when it was read. In a O(users_file) the spelling is kept.
  - Values that the platform's REST interface cannot return, such as an email with an apostrophe, are refused. They
    would make the platform's list of users fail.
  - Each change is also written to the platform's C(audit_logs), with its actor and its run.
  - The last active C(super_admin) can be neither demoted, suspended nor removed.
  - A second run at the same time waits for the first one.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.database.audit
  - convosphere.platform.api
  - convosphere.platform.attributes
options:
  email: &email
    description:
      - The user's email, which identifies the user. Its case is ignored.
      - If the platform has two users whose emails differ only in case, the module fails and names both.
    type: str
  new_email: &new_email
    description:
      - The new email of the user, who keeps everything that it owns.
      - If the user has this email already, nothing is changed.
    type: str
  username: &username
    description:
      - The username, unique in the platform.
      - If not given, a new user gets the part of its email before the C(@). If another user has that name, or it is
        shorter than three characters, six digits are added that depend only on the email.
    type: str
  role: &role
    description:
      - >-
        The role, for example V(user), V(manager), V(admin) or V(super_admin): one of the labels in the platform's
        database. A new user gets V(user).
    type: str
  status: &status
    description:
      - The status, for example V(active), V(inactive), V(suspended), V(pending) or V(archived). A new user gets
        V(active).
    type: str
  first_name: &first_name
    description:
      - The first name.
    type: str
  last_name: &last_name
    description:
      - The last name.
    type: str
  display_name: &display_name
    description:
      - The displayed name.
    type: str
  department: &department
    description:
      - The department.
    type: str
  job_title: &job_title
    description:
      - The job title.
    type: str
  employee_id: &employee_id
    description:
      - The organization's id of the user.
    type: str
  organization_id: &organization_id
    description:
      - The UUID of the user's organization.
    type: str
  phone: &phone
    description:
      - The telephone number.
    type: str
  bio: &bio
    description:
      - A text about the user, at most 2000 characters long.
    type: str
  avatar_url: &avatar_url
    description:
      - The URL of a picture.
    type: str
  language: &language
    description:
      - The language of the interface. A new user gets V(de), as in the platform.
    type: str
  timezone: &timezone
    description:
      - The time zone. A new user gets V(Europe/Berlin).
    type: str
  preferences: &preferences
    description:
      - >-
        Settings of the user: a dictionary, or JSON with an object.
    type: raw
  is_verified: &is_verified
    description:
      - Whether the email counts as verified.
    type: bool
  auth_provider: &auth_provider
    description:
      - The service that authenticates the user, for example V(local), V(ldap) or V(saml). A new user gets V(local).
    type: str
  external_id: &external_id
    description:
      - The user's id at the auth provider.
    type: str
  locked: &locked
    description:
      - V(false) unlocks a user who was locked after failed logins.
      - V(true) is refused, because a lock makes the platform's list of users fail. Set O(status) to V(suspended)
        instead.
    type: bool
  groups: &groups
    description:
      - The groups of the user, by name, or by id if several groups have that name. They must exist.
    type: list
    elements: str
  password: &password
    description:
      - The password, of at least 8 characters and at most 72 bytes. It is stored as a bcrypt hash, computed on all
        cores of the managed host.
    type: str
  password_hash: &password_hash
    description:
      - A bcrypt hash to store instead of a password, for example from another system.
    type: str
  state:
    description:
      - Whether the user exists.
    type: str
    choices: [present, absent]
    default: present
  groups_mode:
    description:
      - V(exact) makes O(groups) the only groups of the user. V(append) adds them.
    type: str
    choices: [exact, append]
    default: exact
  update_password:
    description:
      - V(on_create) sets the password of new users only.
      - V(always) verifies the password against the stored hash, and sets it if they differ.
    type: str
    choices: [on_create, always]
    default: on_create
  owned:
    description:
      - How to handle a user with O(state=absent) that owns assistants, conversations, documents or other rows.
      - V(refuse) fails and lists them. V(transfer) makes O(transfer_to) their owner. V(archive) sets the user's status
        to V(archived) instead of deleting the user.
      - A user on hold by M(convosphere.platform.convosphere_hold) is never deleted. Set O(status=suspended) instead.
      - A user that owns nothing is deleted. Memberships are deleted with the user; the audit trail is kept without it.
    type: str
    choices: [refuse, transfer, archive]
    default: refuse
  transfer_to:
    description:
      - The email of the new owner with O(owned=transfer).
    type: str
  users:
    description:
      - The list of users. The options of one user are those of the task; only the email is required.
      - The module checks all users and reports all problems together.
    type: list
    elements: dict
    suboptions:
      email: *email
      new_email: *new_email
      username: *username
      role: *role
      status: *status
      first_name: *first_name
      last_name: *last_name
      display_name: *display_name
      department: *department
      job_title: *job_title
      employee_id: *employee_id
      organization_id: *organization_id
      phone: *phone
      bio: *bio
      avatar_url: *avatar_url
      language: *language
      timezone: *timezone
      preferences: *preferences
      is_verified: *is_verified
      auth_provider: *auth_provider
      external_id: *external_id
      locked: *locked
      groups: *groups
      password: *password
      password_hash: *password_hash
      state:
        description: The same as O(state) for this user, and its default.
        type: str
        choices: [present, absent]
      groups_mode:
        description: The same as O(groups_mode) for this user, and its default.
        type: str
        choices: [exact, append]
      update_password:
        description: The same as O(update_password) for this user, and its default.
        type: str
        choices: [on_create, always]
      owned:
        description: The same as O(owned) for this user, and its default.
        type: str
        choices: [refuse, transfer, archive]
      transfer_to:
        description: The same as O(transfer_to) for this user, and its default.
        type: str
  users_file:
    description:
      - A file with the list, on the controller, in the directory in which Ansible was started or beside the playbook.
        Its extension is C(.yml), C(.yaml), C(.json) or C(.csv).
      - It holds a list of users, or a dictionary with that list under C(users).
      - A CSV file has the options as its header, in any case, also with spaces or hyphens. Its cells are separated by
        commas, semicolons or tabs. An empty cell is an option that is not given, and several groups are separated by
        semicolons.
      - It is in UTF-8, or has a byte order mark.
      - The module reads the file, which is much faster than a list in Ansible's variables. Files that are encrypted
        with Ansible Vault are decrypted.
    type: path
  remote_src:
    description: Whether O(users_file) is on the managed host.
    type: bool
    default: false
  planned_groups:
    description: Names of groups that count as existing in check mode, because an earlier task creates them.
    type: list
    elements: str
  prune:
    description:
      - Whether to remove users that are not in the list, according to O(owned).
      - Only users of O(prune_auth_provider) and O(prune_organization_id) are removed.
      - The module fails if no user of the list has O(state=present), or if the list has none of these users.
    type: bool
    default: false
  prune_limit:
    description:
      - The greatest percentage of these users that may be removed, V(0) to V(100). The module fails if there are more.
    type: int
    default: 10
  prune_protected:
    description: The emails of users that are never removed.
    type: list
    elements: str
    default: []
  prune_auth_provider:
    description: The auth provider of the users that may be removed.
    type: str
    default: local
  prune_organization_id:
    description:
      - The UUID of the organization of the users that may be removed. If not given, users without an organization.
    type: str
  verify_login:
    description:
      - Whether to log in with each password that was set, through the platform's REST interface, and to fail if it is
        refused.
      - >-
        The platform allows five logins in five minutes: further users are not tried.
    type: bool
    default: false
requirements:
  - bcrypt >= 3.2.2 (Debian and Ubuntu package python3-bcrypt), to set or verify passwords
  - PyYAML >= 5.4.1 (Debian and Ubuntu package python3-yaml), for a O(users_file) in YAML
seealso:
  - module: convosphere.platform.convosphere_group
  - module: convosphere.platform.convosphere_user_info
"""

EXAMPLES = r"""
- name: Create an administrator, or give an existing user this role
  convosphere.platform.convosphere_user:
    login_env_file: /opt/convosphere/prod/.env
    email: ada@example.com
    role: admin
    first_name: Ada
    groups: [engineering]
    password: "{{ vault_ada_password }}"

- name: Synchronize the users with a file, and remove at most five percent
  convosphere.platform.convosphere_user:
    login_env_file: /opt/convosphere/prod/.env
    users_file: users/prod.csv
    prune: true
    prune_limit: 5
    prune_protected: [admin@example.com]
    owned: archive

- name: Rename one user, unlock another, and transfer what a third one owns before removing it
  convosphere.platform.convosphere_user:
    login_env_file: /opt/convosphere/prod/.env
    users:
      - email: ada@example.com
        new_email: ada.lovelace@example.com
      - email: bob@example.com
        locked: false
      - email: carol@example.com
        state: absent
        owned: transfer
        transfer_to: ada@example.com
"""

RETURN = r"""
created:
  description: The emails of the users that were created, in the order of the list.
  returned: success
  type: list
  elements: str
  sample: [ada@example.com]
updated:
  description: The changed fields, by the email before the change.
  returned: success
  type: dict
  sample: {bob@example.com: [locked]}
deleted:
  description: The emails of the users that were deleted, pruned ones last.
  returned: success
  type: list
  elements: str
unchanged:
  description: The emails of the users that did not change.
  returned: success
  type: list
  elements: str
logins:
  description: The results of the logins.
  returned: with O(verify_login=true), when not in check mode
  type: dict
  contains:
    verified:
      description: The emails of the users that could log in.
      type: list
      elements: str
    untried:
      description: The emails of users that were not tried, because the platform allows five logins in five minutes.
      type: list
      elements: str
"""

from ansible_collections.convosphere.platform.plugins.module_utils._app.api_client import API_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._app.audit_log import AUDIT_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._entities import entity_options
from ansible_collections.convosphere.platform.plugins.module_utils._people import holds
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import DATABASE_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._users.user_run import UserWork
from ansible_collections.convosphere.platform.plugins.module_utils._users.user_spec import (
    ONE_OPTIONS,
    USER,
    USER_OPTIONS,
)


class UserModule(ConvosphereModule):
    """Users of one platform."""

    argument_spec = {
        **DATABASE_OPTIONS,
        **AUDIT_OPTIONS,
        **API_OPTIONS,
        **USER_OPTIONS,
        "verify_login": {"type": "bool", "default": False},
    }
    rules = entity_options.rules(USER, exclusive=[("password", "password_hash")])
    unlisted = {"users": ONE_OPTIONS}

    def build(self) -> Work:
        """Return the work on the users."""
        return UserWork(self.invocation, holds.held)


def main() -> None:
    UserModule.main()


if __name__ == "__main__":
    main()
