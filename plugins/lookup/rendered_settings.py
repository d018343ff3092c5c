# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings that the inventory of an environment renders."""

from __future__ import annotations

DOCUMENTATION = r"""
name: rendered_settings
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Render the settings of an environment on the controller
description:
  - Renders the settings of the role C(stack) for an environment of the inventory, as a deploy of it would write them.
    No host is reached.
  - It is for tasks of that role, whose own variables it takes. The others are those of the first app host of that
    environment in the inventory, with the defaults of the role.
options:
  _terms:
    description: The name of one environment.
    type: list
    elements: str
    required: true
seealso:
  - plugin: convosphere.platform.config_document
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the settings of staging
  ansible.builtin.debug:
    msg: "{{ lookup('convosphere.platform.rendered_settings', 'staging') }}"
"""

RETURN = r"""
_raw:
  description: The settings, as the filter config_document takes them.
  type: list
  elements: dict
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.convosphere.platform.plugins.plugin_utils._extra_vars import ROLES
from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import Topology

#: The variable of the role that has the settings.
RENDERED = "__stack_rendered_settings"
PRIVATE = "__stack_"


class LookupModule(LookupBase):
    """The settings of an environment."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        """Return them as the only element; raise AnsibleLookupError without an app host in that environment."""
        variables = variables or {}
        self.set_options(var_options=variables, direct=kwargs)
        topology = Topology.of(terms[0], variables["groups"])
        if not topology.app:
            raise AnsibleLookupError(
                f"There is no environment '{terms[0]}' with an app host in the inventory, so that nothing can be"
                " compared. Give compare=<environment>, and its inventory with -i if ansible.cfg does not name it."
            )
        hostvars = variables["hostvars"]
        # The role's own variables are the same templates for each environment. What the inventory may set is not taken.
        role = {name: value for name, value in variables.items() if name.startswith(PRIVATE)}
        own = {**self._defaults(), **hostvars.raw_get(topology.app[0]), **role}
        templar = self._templar.copy_with_new_env(available_variables={**own, "hostvars": hostvars})
        return [templar.template(own[RENDERED])]

    def _defaults(self) -> dict[str, Any]:
        path = Path(ROLES, "stack/defaults/main.yml")
        return dict(self._loader.load_from_file(str(path), trusted_as_template=True))
