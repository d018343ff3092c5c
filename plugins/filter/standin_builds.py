# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List the stand-ins to build for images that cannot be pulled."""

from __future__ import annotations

DOCUMENTATION = r"""
name: standin_builds
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: List the stand-ins to build for images that cannot be pulled
description:
  - Returns the missing images that have a stand-in, with its build context, for the module
    M(convosphere.platform.convosphere_image).
positional: _input, missing, directory
options:
  _input:
    description: The images, each with C(name), and C(standin) if it has one.
    type: list
    elements: dict
    required: true
  missing:
    description: The names of the images that are neither on the host nor can be pulled.
    type: list
    elements: str
    required: true
  directory:
    description: The directory on the host that has a build context for each stand-in.
    type: str
    required: true
"""

EXAMPLES = r"""
# => [{"name": "redis:7", "build": "/srv/redis"}]
images: "{{ [{'name': 'redis:7', 'standin': 'redis'}] | convosphere.platform.standin_builds(['redis:7'], '/srv') }}"
"""

RETURN = r"""
_value:
  description: The images to build.
  type: list
  elements: dict
  sample: [{"name": "redis:7", "build": "/srv/redis"}]
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _stack_deployment


def standin_builds(images: Iterable[Mapping[str, Any]], missing: Iterable[str], directory: str) -> list[dict[str, str]]:
    """Return the images to build."""
    return _stack_deployment.standin_builds(images, missing, directory)


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by name."""
        return {"standin_builds": standin_builds}
