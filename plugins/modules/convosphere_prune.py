#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_prune
short_description: Remove old releases of a stack and images that nothing needs
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Removes the releases of one stack beyond the newest ones, and images of the platform that no container uses and no
    kept release refers to, neither of this stack nor of another one beside it.
  - An image is the platform's if its repository is one of O(repositories), or if a removed release used it. An image
    that has any other name too is skipped, as are all other images.
  - Removes nothing by force, and nothing while a deploy changes the stack.
extends_documentation_fragment:
  - convosphere.platform.engine
  - convosphere.platform.ownership
  - convosphere.platform.attributes
options:
  project_src:
    description:
      - The directory of the stack, C(/opt/convosphere/<environment>).
      - The images of releases of all stacks in the directory above it count as needed.
    type: path
    required: true
  releases_kept:
    description: The number of releases to keep, including the one that serves, which is always kept.
    type: int
    default: 5
  repositories:
    description:
      - The repositories with images of the platform only. All of their images that nothing needs are removed.
      - If not given, the repositories of the images in the stack's releases whose names contain a registry, such as
        C(ghcr.io/convosphere/convosphere/backend). Other programs may use those at Docker Hub, such as C(postgres).
    type: list
    elements: str
  standins:
    description:
      - Whether to remove stand-in images of the role P(convosphere.platform.sandbox#role) too, if a newer build took
        their name.
      - They belong to all environments of the host that use stand-ins.
    type: bool
    default: false
  min_age:
    description:
      - The number of seconds for which an image must have had its name. Younger images may have been brought for a
        deploy that is not complete yet.
    type: int
    default: 86400
  max_removals:
    description: The number of releases and images that may be removed at once. If there are more, nothing is removed.
    type: int
    default: 20
seealso:
  - module: convosphere.platform.convosphere_stack
  - module: convosphere.platform.convosphere_image
"""

EXAMPLES = r"""
- name: Keep three releases of prod, and only the images that they need
  convosphere.platform.convosphere_prune:
    project_src: /opt/convosphere/prod
    environment_name: prod
    releases_kept: 3

- name: Also remove old images of PostgreSQL and Redis, on a host of the platform alone
  convosphere.platform.convosphere_prune:
    project_src: /opt/convosphere/prod
    environment_name: prod
    repositories:
      - ghcr.io/convosphere/convosphere/backend
      - ghcr.io/convosphere/convosphere/frontend
      - postgres
      - redis
"""

RETURN = r"""
releases:
  description: The ids of the removed releases, oldest first; in check mode the predicted ones.
  returned: success
  type: list
  elements: str
images:
  description: The removed images, oldest first; in check mode the predicted ones.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its names, or the digest by which it was pulled, or its id.
      type: str
      sample: ghcr.io/convosphere/convosphere/backend:0.1.1
    id:
      description: Its id.
      type: str
    size_bytes:
      description: Its size.
      type: int
size_bytes:
  description: The total size of these images. Less becomes free if they share layers with other images.
  returned: success
  type: int
"""

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._engine.client import ENGINE_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._host.environment_directory import (
    ENVIRONMENT_OPTION,
)
from ansible_collections.convosphere.platform.plugins.module_utils._stack.prune_run import PruneRun


class PruneModule(ConvosphereModule):
    """Remove the old releases of one stack and the images that nothing needs."""

    argument_spec = {
        **ENGINE_OPTIONS,
        **ENVIRONMENT_OPTION,
        "project_src": {"type": "path", "required": True},
        "releases_kept": {"type": "int", "default": 5},
        "repositories": {"type": "list", "elements": "str"},
        "standins": {"type": "bool", "default": False},
        "min_age": {"type": "int", "default": 86400},
        "max_removals": {"type": "int", "default": 20},
    }

    def build(self) -> Work:
        """Return the run."""
        return PruneRun(self.invocation)


def main() -> None:
    PruneModule.main()


if __name__ == "__main__":
    main()
