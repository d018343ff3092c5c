# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The defaults that several roles share."""

from __future__ import annotations

DOCUMENTATION = r"""
name: shared_default
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Return a default that several roles share
description:
  - Returns a directory, the name of the Compose project, or an option of the login to the database, as the roles
    P(convosphere.platform.environment#role) and P(convosphere.platform.stack#role) set them up.
  - A variable of these roles that is set, such as C(stack_directory), replaces the default.
  - With C(stack_managed_database) the login is that of the managed database.
options:
  _terms:
    description:
      - The name of one default. V(environment_directory) and V(environment_project) are derived from the environment's
        name alone; V(stack_directory) and V(project_name) are these, unless a variable of the role stack is set.
    type: list
    elements: str
    required: true
    choices:
      - api_port
      - api_url
      - backup_dir
      - backup_root
      - environment_directory
      - environment_project
      - environment_root
      - login_ca
      - login_container
      - login_db
      - login_env_file
      - login_host
      - login_port
      - login_ssl_mode
      - login_user
      - project_name
      - runs_file
      - stack_directory
      - wait_timeout
"""

EXAMPLES = r"""
- name: Show the directory of the backups
  ansible.builtin.debug:
    msg: "{{ lookup('convosphere.platform.shared_default', 'backup_dir') }}"
"""

RETURN = r"""
_raw:
  description: The value.
  type: list
  elements: raw
  sample: [/var/backups/convosphere/prod]
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.convosphere.platform.plugins.plugin_utils._shared_defaults import (
    DEFAULTS,
    ENVIRONMENT,
    resolve,
)


class LookupModule(LookupBase):
    """One default of the roles."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **_options: Any) -> list[Any]:
        """Return the value as the only element; raise AnsibleLookupError for an unknown name."""
        known = variables or {}
        if len(terms) != 1 or terms[0] not in DEFAULTS:
            raise AnsibleLookupError(f"Give the name of one default, not {terms}. Allowed: {', '.join(DEFAULTS)}.")

        def value(name: str, default: Any) -> Any:
            return self._templar.template(known[name]) if name in known else default

        try:
            return [resolve(terms[0], value)]
        except KeyError:
            raise AnsibleLookupError(
                f"{ENVIRONMENT} is not set. Set it to the name of the environment in its group_vars."
            ) from None
