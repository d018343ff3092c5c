# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Join the releases that the hosts of an environment keep into releases of the environment."""

from __future__ import annotations

DOCUMENTATION = r"""
name: environment_releases
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Join the releases that the hosts of an environment keep into releases of the environment
description:
  - A deploy records its release under one id on every host on which it changed something. So the environment at a
    release is, on each host, the newest release with this id or an earlier one.
  - For an environment of one host, the releases are those of the host.
positional: _input, environment, groups, release
extends_documentation_fragment:
  - convosphere.platform.placements
options:
  _input:
    description:
      - The C(releases) that M(convosphere.platform.convosphere_release_info) returned, by host.
    type: dict
    required: true
  release:
    description: The release to return as C(target), by its id, or V(previous).
    type: str
"""

EXAMPLES = r"""
- name: Show the ids of the releases of the environment that every host can restore
  ansible.builtin.debug:
    msg: "{{ kept.releases | selectattr('complete') | map(attribute='id') }}"
  vars:
    lists: "{{ ansible_play_hosts | map('extract', hostvars, ['found', 'releases']) }}"
    by_host: "{{ dict(ansible_play_hosts | zip(lists)) }}"
    kept: "{{ by_host | convosphere.platform.environment_releases('prod', groups) }}"
"""

RETURN = r"""
_value:
  description:
    - The C(releases) of the environment, newest first, with the fields of
      M(convosphere.platform.convosphere_release_info). C(hosts) has the id of each host's own release, C(changed) the
      hosts on which it changed something, and C(images_to_bring) the missing images by host.
    - C(target) is the one that C(release) names, or null. Without such a release its C(id) is null,
      and C(refusal) says why.
  type: dict
  sample: {"releases": [], "target": null}
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _environment_releases
from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import Topology


def environment_releases(
    by_host: Mapping[str, Sequence[Mapping[str, Any]]],
    environment: str,
    groups: Mapping[str, Sequence[str]],
    release: str | None = None,
) -> dict[str, Any]:
    """Return the releases of the environment, and the one that is named."""
    found = _environment_releases.of(by_host, Topology.of(environment, groups))
    return {
        "releases": [each.describe() for each in found],
        "target": _environment_releases.target(found, release) if release else None,
    }


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        """Return the filter by name."""
        return {"environment_releases": environment_releases}
