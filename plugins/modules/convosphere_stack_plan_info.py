#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_stack_plan_info
short_description: Plan a deploy of a stack, and explain each change
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Makes the plan that M(convosphere.platform.convosphere_stack) makes with the same options, and returns each change
    with its reason. Nothing is changed, with or without check mode, and no other run is locked out.
  - For each change it compares the host and the options with the record of the release that serves. What differs from
    the record on the host was changed there, by hand or by a fault. What is as recorded has changed in the inventory
    since, and waits to be deployed.
  - Fails for what a deploy refuses, with the same message.
options:
  project_src:
    description: The directory of the stack on the host.
    type: path
    required: true
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.database.published
  - convosphere.platform.engine
  - convosphere.platform.engine.project
  - convosphere.platform.ownership
  - convosphere.platform.stack
  - convosphere.platform.attributes.info
notes:
  - A changed file with O(files[].validate) is validated in a throwaway container, as before a deploy.
requirements:
  - Docker Compose >= 2.20 as a plugin of the docker client
  - PyYAML
seealso:
  - module: convosphere.platform.convosphere_stack
"""

EXAMPLES = r"""
- name: Plan a deploy
  convosphere.platform.convosphere_stack_plan_info:
    project_name: convosphere-dev
    project_src: /opt/convosphere/dev
    environment_name: dev
    files:
      - path: compose.yaml
        content: "{{ lookup('ansible.builtin.template', 'compose.yaml.j2') }}"
    secrets:
      - name: POSTGRES_PASSWORD
  register: plan

- name: Fail if the host was changed since the last deploy
  ansible.builtin.assert:
    that: plan.changes | selectattr('origin', 'in', ['host', 'both']) | length == 0
"""

RETURN = r"""
changes:
  description: The changes that a deploy would make, in its order; empty if there is nothing to change.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description:
        - The kind and the name of the object, as in the diff of M(convosphere.platform.convosphere_stack), which has
          C(secret), C(file), C(service), C(volume), C(edge upstreams) and C(release).
        - C(image) is an image that is brought to the host before the deploy.
      type: str
      sample: service backend
    action:
      description: V(create), V(update) or V(delete).
      type: str
      sample: update
    origin:
      description:
        - V(host) if the host differs from the release that serves, V(inventory) if the options do, V(both) if both do.
      type: str
      sample: host
    reason:
      description: The reason, without values.
      type: str
      sample: environment LOG_LEVEL
    effect:
      description:
        - What a deploy does to the containers of a service, V(created), V(beside), V(replaced), V(restarted),
          V(reloaded), V(started) or V(removed).
        - V(beside) is a new container beside the one that serves, as O(beside) declares. V(reloaded) is the O(edge),
          which loads its files without a restart. Neither interrupts a request.
        - Null for other objects.
      type: str
      sample: replaced
    fields:
      description: The fields that differ, each with C(name), C(before) and C(after). Secrets are asterisks.
      type: list
      elements: dict
      sample: [{"name": "configuration", "before": "1e2c6a0b92d4", "after": "66b1f2c0a9e3"}]
    diff:
      description: The lines of a unified diff of a file that is updated.
      type: list
      elements: str
      sample: ["@@ -1,2 +1,2 @@", "-LOG_LEVEL: info", "+LOG_LEVEL: debug"]
services:
  description:
    - The names of the services by what a deploy does to their containers, C(created), C(beside), C(replaced),
      C(restarted), C(reloaded), C(started), C(removed) and C(unchanged).
  returned: success
  type: dict
  sample: {"created": [], "beside": ["backend"], "reloaded": ["edge"], "unchanged": ["postgres", "redis"]}
release:
  description: The release that serves, with C(id), C(released_at) and C(released_by); null before the first one.
  returned: success
  type: dict
routes:
  description:
    - For an environment of several hosts, of which O(beside[].variable) gives each container a port of its own. Empty
      for any other one.
    - C(upstreams) are the addresses of this host's containers after the deploy, a list by service.
    - C(edge_upstreams) are those to which the edge of this host sends requests now, a text by service.
    - Whether the edge has to be switched is not among RV(changes). Only all hosts together tell.
  returned: success
  type: dict
  sample: {"upstreams": {"backend": ["10.0.0.11:18001"]}, "edge_upstreams": {}}
schema_known:
  description:
    - Whether the database is known to be at the revisions of O(schema_image). If not, nothing was planned, and
      RV(changes) is empty.
    - Always V(true) without O(schema_image).
  returned: success
  type: bool
  sample: true
"""

from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._engine import client, project
from ansible_collections.convosphere.platform.plugins.module_utils._host.environment_directory import (
    ENVIRONMENT_OPTION,
)
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import DATABASE_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._stack.deploy_options import STACK_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._stack.planned_deploy import PlannedDeploy


class StackPlanInfoModule(InfoModule):
    """The plan of a deploy, explained."""

    argument_spec = {
        **DATABASE_OPTIONS,
        **project.PUBLISHED_OPTIONS,
        **client.PROJECT_OPTIONS,
        "project_src": {"type": "path", "required": True},
        **ENVIRONMENT_OPTION,
        **STACK_OPTIONS,
    }
    rules = {"mutually_exclusive": [("schema", "schema_image")]}
    may_be_empty = frozenset({"files.content"})

    def report(self) -> dict[str, Any]:
        """Return the changes, the services by what becomes of them, and the release that serves."""
        return PlannedDeploy(self.invocation).report()


def main() -> None:
    StackPlanInfoModule.main()


if __name__ == "__main__":
    main()
