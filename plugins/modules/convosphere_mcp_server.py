#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_mcp_server
short_description: Register MCP servers on every backend of an environment
version_added: 1.0.0
description:
  - Version 0.1.2-beta of the platform has its MCP servers in the memory of each process of the backend. They are gone
    after every restart. This module records the desired servers in C(mcp-servers.json) in O(project_src), which only
    its owner can read, and registers them through the REST interface on each container of the backend on this host.
  - M(convosphere.platform.convosphere_stack) and M(convosphere.platform.convosphere_service) register the recorded
    servers on new containers before these serve, and again after a restart.
  - A change is a change of the record. A recorded server that a backend has lost is registered again, which is no
    change, and is returned in RV(registered).
  - A server counts as registered only if the platform offers O(mcp_servers[].min_tools) of its tools. Nothing is left
    of one that does not, or that has a tool whose schema the platform cannot read.
  - The platform lists the tools of MCP servers. It cannot run them, because its request filter refuses that route.
  - The requests are signed with the backend's own key. To write, an account without a password exists for the seconds
    of the run; its username begins with C(convosphere-run-).
extends_documentation_fragment:
  - convosphere.platform.engine
  - convosphere.platform.engine.project
  - convosphere.platform.ownership
  - convosphere.platform.attributes
options:
  project_src:
    description: The directory of the stack on the host.
    type: path
    required: true
  mcp_servers:
    description:
      - The servers. Those that are recorded and not in the list are not changed, unless O(prune=true).
      - If not given, those that are recorded are registered again.
    type: list
    elements: dict
    suboptions:
      server_id:
        description:
          - The id. The platform puts it in front of the names of the tools, C(search_find).
          - It must not be another id with an underscore and more behind it, because the platform would mix up their
            tools.
        type: str
        required: true
      server_url:
        description:
          - The address to which the backend sends its requests. Required for a new server.
          - C({NAME}) stands for the variable of C(.env) in O(project_src), percent-encoded. The role writes the secrets
            of the inventory there.
          - It is hidden in all output, because the platform accepts a token only in the URL.
        type: str
      server_name:
        description: The name that users see. For a new server O(mcp_servers[].server_id) by default.
        type: str
      min_tools:
        description: The number of tools that the platform must offer. For a new server 1 by default.
        type: int
      required:
        description:
          - Whether a run fails if the server cannot be registered, and a deploy rolls back.
          - If V(false), which is the default for a new server, it is a warning.
        type: bool
      state:
        description: Whether the server is to be registered, or removed.
        type: str
        choices: [present, absent]
        default: present
  list_name:
    description: The name of the list, if several lists describe servers of one environment. Each prunes its own ones.
    type: str
    default: ''
  prune:
    description:
      - Whether the servers are removed that the list has named in an earlier run, and does not name any more.
      - Servers that others have registered are not removed.
      - An empty list is refused. To remove the last server, list it with O(mcp_servers[].state=absent).
    type: bool
    default: false
  prune_limit:
    description: If O(prune) would remove more servers than this, the run fails, and nothing is changed.
    type: int
    default: 10
  register_now:
    description: Whether the servers are registered on the containers that run. If V(false), only the record is written.
    type: bool
    default: true
  service:
    description: The service of the backend.
    type: str
    default: backend
  service_port:
    description: The port at which its container answers.
    type: int
    default: 8000
seealso:
  - module: convosphere.platform.convosphere_stack
  - module: convosphere.platform.convosphere_service
author:
  - ConvoSphere Platform contributors (@ConvoSphere)
"""

EXAMPLES = r"""
- name: Register two MCP servers, one of them with a token from .env
  convosphere.platform.convosphere_mcp_server:
    project_name: convosphere-prod
    project_src: /opt/convosphere/prod
    environment_name: prod
    mcp_servers:
      - server_id: search
        server_url: http://10.0.0.20:9000/mcp
        server_name: Search in the archive
        min_tools: 2
      - server_id: tickets
        server_url: https://tickets.example.com/mcp?token={TICKETS_TOKEN}
        required: true

- name: Keep exactly the servers of this list, of those that it has created
  convosphere.platform.convosphere_mcp_server:
    project_name: convosphere-prod
    project_src: /opt/convosphere/prod
    environment_name: prod
    list_name: content
    prune: true
    prune_limit: 3
    mcp_servers:
      - server_id: search
        server_url: http://10.0.0.20:9000/mcp

- name: Remove a server
  convosphere.platform.convosphere_mcp_server:
    project_name: convosphere-prod
    project_src: /opt/convosphere/prod
    environment_name: prod
    mcp_servers:
      - server_id: tickets
        state: absent

- name: Register again what the backends have lost
  convosphere.platform.convosphere_mcp_server:
    project_name: convosphere-prod
    project_src: /opt/convosphere/prod
    environment_name: prod
"""

RETURN = r"""
created:
  description: The ids of the servers that were recorded for the first time.
  returned: success
  type: list
  elements: str
  sample: [search]
updated:
  description: The names of the changed fields, by the id of the server.
  returned: success
  type: dict
  sample: {tickets: [min_tools, server_url]}
deleted:
  description: The ids of the servers that were removed, also those of RV(pruned).
  returned: success
  type: list
  elements: str
unchanged:
  description: The ids of the servers in the list that were recorded like this already.
  returned: success
  type: list
  elements: str
pruned:
  description: The ids of the servers that were removed because the list does not name them any more.
  returned: success
  type: list
  elements: str
servers:
  description:
    - The recorded servers, in check mode as they would be, in the form of O(mcp_servers) and with the O(list_name) that
      names each. The URLs are left out, because they may hold a token.
  returned: success
  type: list
  elements: dict
  sample: [{server_id: search, server_name: Search, min_tools: 1, required: false, list_name: inventory}]
unrecorded:
  description:
    - The ids of servers that a backend has and the record does not, because they were registered through the API.
    - They are looked for in check mode without O(mcp_servers) only.
  returned: success
  type: list
  elements: str
registered:
  description:
    - The ids of the servers that a backend had lost, and that were registered again. This is no change.
    - In check mode, those that would be registered again.
  returned: success
  type: list
  elements: str
  sample: [search]
failed_servers:
  description: Why a server is not registered on a container, by its id.
  returned: success
  type: dict
  sample: {search: "convosphere-prod-backend-1: The platform cannot use the MCP server search at http://10.0.0.20:9000/..."}
"""

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._engine.client import PROJECT_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._host.environment_directory import (
    ENVIRONMENT_OPTION,
)
from ansible_collections.convosphere.platform.plugins.module_utils._stack.mcp_registration import PORT, SERVICE
from ansible_collections.convosphere.platform.plugins.module_utils._stack.mcp_server_run import SERVER, McpServerRun


class McpServerModule(ConvosphereModule):
    """Register MCP servers on the backends of one environment."""

    argument_spec = {
        **PROJECT_OPTIONS,
        **ENVIRONMENT_OPTION,
        "project_src": {"type": "path", "required": True},
        "mcp_servers": {"type": "list", "elements": "dict", "options": SERVER},
        "list_name": {"type": "str", "default": ""},
        "prune": {"type": "bool", "default": False},
        "prune_limit": {"type": "int", "default": 10},
        "register_now": {"type": "bool", "default": True},
        "service": {"type": "str", "default": SERVICE},
        "service_port": {"type": "int", "default": PORT},
    }
    rules = {"required_if": [("prune", True, ("mcp_servers",))]}
    may_be_empty = frozenset({"list_name"})

    def build(self) -> Work:
        """Return the run."""
        return McpServerRun(self.invocation)


def main() -> None:
    McpServerModule.main()


if __name__ == "__main__":
    main()
