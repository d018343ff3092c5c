# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan what a host needs to carry an environment."""

from __future__ import annotations

DOCUMENTATION = r"""
name: host_plan
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Plan what a host needs to carry an environment
description:
  - Returns the packages to install and the steps of the role C(convosphere.platform.environment), from what
    M(convosphere.platform.convosphere_host_info) found.
positional: _input, names, options
options:
  _input:
    description: What M(convosphere.platform.convosphere_host_info) returned.
    type: dict
    required: true
  names:
    description:
      - The names of packages on the host's distribution, as C(engine), C(compose) and C(venv), which are lists, and
        C(commands) and C(python_modules), which are dictionaries.
    type: dict
    required: true
  options:
    description:
      - C(environment), C(user), C(compose_version) and C(compose_link), which the steps name; C(docker_ce), whether
        Docker came from its own repository; and C(packages), further packages to install.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show what the role environment would do
  ansible.builtin.debug:
    msg: "{{ (environment_probe | convosphere.platform.host_plan(names, options)).steps }}"
  vars:
    names: {engine: [docker.io], compose: [docker-compose-v2], venv: [], commands: {}, python_modules: {}}
    options:
      environment: dev
      user: convosphere
      compose_version: 5.6.1.0
      compose_link: /usr/local/lib/docker/cli-plugins/docker-compose
      docker_ce: false
      packages: []
"""

RETURN = r"""
_value:
  description: The plan.
  type: dict
  contains:
    packages:
      description: The packages to install, sorted.
      type: list
      elements: str
      sample: [docker.io]
    compose_from_pypi:
      description: Whether the Compose plugin is missing and the distribution has no package of it.
      type: bool
      sample: false
    engine_down:
      description: Whether Docker Engine has to be started.
      type: bool
      sample: true
    steps:
      description: What a run changes, in its order.
      type: list
      elements: str
      sample: [Install the packages docker.io, Start Docker Engine]
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils._host_plan import HostPlan


def host_plan(probe: Mapping[str, Any], names: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``{packages, compose_from_pypi, engine_down, steps}``."""
    plan = HostPlan(probe, names, docker_ce=bool(options["docker_ce"]), more=tuple(options["packages"]))
    return {
        "packages": plan.packages(),
        "compose_from_pypi": plan.compose_from_pypi,
        "engine_down": plan.engine_down,
        "steps": plan.steps(options),
    }


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by name."""
        return {"host_plan": host_plan}
