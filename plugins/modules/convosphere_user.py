#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_user
short_description: Manage users of ConvoSphere, one or thousands of them
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Brings users of the platform into a state, in its own tables, one user or a list. The whole list is one read, one
    plan and one transaction; all of it is done or nothing.
  - An option that is not given means to leave the field alone. One that is explicitly empty, V(""), V([]) or V({}),
    clears it.
  - All problems of a list are reported together, before anything is changed.
  - Text options take texts only. A number or boolean from a variable is refused, because what was written, such as
    C(0170), was lost when it was read. In a O(users_file) they are taken as they are written.
  - What the platform's REST interface could not return, such as an email with an apostrophe, is refused. It would make
    the platform's own list of users fail.
  - Each change is also written to the platform's C(audit_logs), with who made it and in which run.
  - The last active C(super_admin) can be neither demoted, suspended nor removed.
  - Two runs at the same time wait for one another.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.database.audit
  - convosphere.platform.api
  - convosphere.platform.attributes
options:
  email: &email
    description:
      - The user's email, which tells users apart. Upper and lower case make no difference.
      - Two users in the platform whose emails differ only in case are an error that names both.
    type: str
  new_email: &new_email
    description:
      - The email that the user gets instead. What belongs to the user stays with it.
      - A user that has it already is left alone, so that a second run changes nothing.
    type: str
  username: &username
    description:
      - The username, unique in the platform.
      - A new user that is given none gets the part of its email before the C(@), or if somebody else has that, or it is
        shorter than three characters, the same with six digits that depend on nothing but the email.
    type: str
  role: &role
    description:
      - >-
        The role, for example V(user), V(manager), V(admin) or V(super_admin): whatever labels the platform's database
        has. A new user gets V(user).
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
      - The name that is shown.
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
      - The number or name by which the organization knows the user.
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
      - A text about the user, of at most 2000 characters.
    type: str
  avatar_url: &avatar_url
    description:
      - The URL of a picture.
    type: str
  language: &language
    description:
      - The language of the interface. A new user gets V(de), as from the platform itself.
    type: str
  timezone: &timezone
    description:
      - The time zone, for example V(Europe/Berlin), which a new user gets.
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
      - Where the user logs in, for example V(local), V(ldap) or V(saml). A new user gets V(local).
    type: str
  external_id: &external_id
    description:
      - The user's id at that provider.
    type: str
  locked: &locked
    description:
      - V(false) lets a user in again who was locked out after failed logins.
      - V(true) is refused, because a lock makes the platform's list of users fail; use O(status) V(suspended)
        instead.
    type: bool
  groups: &groups
    description:
      - The groups of the user, by name, or by id where several have that name. They must exist.
    type: list
    elements: str
  password: &password
    description:
      - The password, of at least 8 characters and at most 72 bytes. It is stored as a bcrypt hash, computed on all
        cores of the managed host.
    type: str
  password_hash: &password_hash
    description:
      - A bcrypt hash to store instead, for users that come from elsewhere.
    type: str
  state:
    description:
      - Whether the user shall be there.
    type: str
    choices: [present, absent]
    default: present
  groups_mode:
    description:
      - Whether O(groups) are all groups of the user, or some that are added.
    type: str
    choices: [exact, append]
    default: exact
  update_password:
    description:
      - V(on_create) sets the password of new users only, and computes nothing for others.
      - V(always) verifies it against the stored hash, and sets it where they do not belong together.
    type: str
    choices: [on_create, always]
    default: on_create
  owned:
    description:
      - What becomes of a user that shall be absent and owns assistants, conversations, documents or other rows.
      - V(refuse) is an error that lists them. V(transfer) hands them over to O(transfer_to). V(archive) sets the
        user's status to V(archived) instead of deleting it.
      - What owns nothing is deleted in any case. Memberships go with the user; the audit trail stays, without it.
    type: str
    choices: [refuse, transfer, archive]
    default: refuse
  transfer_to:
    description:
      - The email of the user who takes over with O(owned=transfer).
    type: str
  users:
    description:
      - The list of users. The options of one user are those of the task, and none of them but the email is required.
      - They are checked by the module itself, which reports what is wrong with any of them together.
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
        description: The same as O(state) for this user; not given means that.
        type: str
        choices: [present, absent]
      groups_mode:
        description: The same as O(groups_mode) for this user; not given means that.
        type: str
        choices: [exact, append]
      update_password:
        description: The same as O(update_password) for this user; not given means that.
        type: str
        choices: [on_create, always]
      owned:
        description: The same as O(owned) for this user; not given means that.
        type: str
        choices: [refuse, transfer, archive]
      transfer_to:
        description: The same as O(transfer_to) for this user; not given means that.
        type: str
  users_file:
    description:
      - A file with the list, on the controller, in the directory that Ansible was started in or beside the playbook.
        Its extension is C(.yml), C(.yaml), C(.json) or C(.csv).
      - It holds a list of users, or a dictionary with that list under C(users).
      - A CSV file has the options as its header, in any case, also with spaces or hyphens. Its cells are separated by
        commas, semicolons or tabs. An empty cell is an option that is not given, and several groups are separated by
        semicolons.
      - It is in UTF-8, or has a byte order mark that tells its encoding.
      - The module reads it itself, which is much faster than a list that goes through Ansible's variables. Files that
        are encrypted with Ansible Vault are decrypted.
    type: path
  remote_src:
    description: Whether O(users_file) is on the managed host.
    type: bool
    default: false
  planned_groups:
    description: Names of groups that in check mode count as existing, because a task before this one will create them.
    type: list
    elements: str
  prune:
    description:
      - Whether users are removed that the list does not have, in the manner of O(owned).
      - Only users of O(prune_auth_provider) and O(prune_organization_id) are.
      - A list without users that shall be present, or with none of these users, is an error at any O(prune_limit).
    type: bool
    default: false
  prune_limit:
    description: How many percent of these users may be removed at most, V(0) to V(100). More of them are an error.
    type: int
    default: 10
  prune_protected:
    description: Emails of users that are never pruned.
    type: list
    elements: str
    default: []
  prune_auth_provider:
    description: The auth provider of the users that may be pruned.
    type: str
    default: local
  prune_organization_id:
    description: The UUID of the organization of the users that may be pruned; not given means those of none.
    type: str
  verify_login:
    description:
      - Whether to log in with each password that was set, through the platform's REST interface, and fail where that
        is refused.
      - The platform allows five logins in five minutes, so that of more than five users the others are not tried.
    type: bool
    default: false
requirements:
  - bcrypt >= 3.2.2 (Debian and Ubuntu package python3-bcrypt), where passwords are set or verified
  - PyYAML >= 5.4.1 (Debian and Ubuntu package python3-yaml), for a O(users_file) in YAML
seealso:
  - module: convosphere.platform.convosphere_group
  - module: convosphere.platform.convosphere_user_info
"""

EXAMPLES = r"""
- name: Create an administrator, or bring an existing user into this role
  convosphere.platform.convosphere_user:
    login_env_file: /opt/convosphere/prod/.env
    email: ada@example.com
    role: admin
    first_name: Ada
    groups: [engineering]
    password: "{{ vault_ada_password }}"

- name: Have exactly the users of a file, and at most one in twenty removed
  convosphere.platform.convosphere_user:
    login_env_file: /opt/convosphere/prod/.env
    users_file: users/prod.csv
    prune: true
    prune_limit: 5
    prune_protected: [admin@example.com]
    owned: archive

- name: Rename one user, unlock another, remove a third whose work goes to the first
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
  description: The fields that were changed, by the email that the user had.
  returned: success
  type: dict
  sample: {bob@example.com: [locked]}
deleted:
  description: The emails of the users that were deleted, those that were pruned at the end.
  returned: success
  type: list
  elements: str
unchanged:
  description: The emails of the users that are as they should be.
  returned: success
  type: list
  elements: str
logins:
  description: What became of the logins.
  returned: with O(verify_login=true), when not in check mode
  type: dict
  contains:
    verified:
      description: The emails of the users that could log in.
      type: list
      elements: str
    untried:
      description: The emails of those that were not tried, because the platform allows five logins in five minutes.
      type: list
      elements: str
"""

from ansible_collections.convosphere.platform.plugins.module_utils._app.api_client import API_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._app.audit_log import AUDIT_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import DATABASE_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._users.user_run import UserWork
from ansible_collections.convosphere.platform.plugins.module_utils._users.user_spec import (
    LIST_OPTIONS,
    POLICY_OPTIONS,
    USER_OPTIONS,
)


class UserModule(ConvosphereModule):
    """Users of one platform."""

    argument_spec = {
        **DATABASE_OPTIONS,
        **AUDIT_OPTIONS,
        **API_OPTIONS,
        **USER_OPTIONS,
        **POLICY_OPTIONS,
        **LIST_OPTIONS,
        "verify_login": {"type": "bool", "default": False},
    }
    rules = {
        "mutually_exclusive": [("email", "users", "users_file"), ("password", "password_hash")],
        "required_one_of": [("email", "users", "users_file")],
        "required_if": [("prune", True, ("users", "users_file"), True)],
    }
    unlisted = {"users": {**USER_OPTIONS, **POLICY_OPTIONS}}

    def build(self) -> Work:
        """Return the work on the users."""
        return UserWork(self.invocation)


def main() -> None:
    UserModule.main()


if __name__ == "__main__":
    main()
