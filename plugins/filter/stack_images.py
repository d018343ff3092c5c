# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List the images of services for the module convosphere_image."""

from __future__ import annotations

DOCUMENTATION = r"""
name: stack_images
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: List the images of services for the module convosphere_image
description:
  - Returns the image of each service, with the build context or the stand-in that may be used in its place.
  - A stand-in replaces only an image that is the default of its service.
positional: _input, references, contexts, standins, defaults
options:
  _input:
    description: The services.
    type: list
    elements: str
    required: true
  references:
    description: The reference of each service's image, by service.
    type: dict
    required: true
  contexts:
    description: The directories to build images from, by service.
    type: dict
    default: {}
  standins:
    description: The stand-ins, by service.
    type: dict
    default: {}
  defaults:
    description: The default references, by service.
    type: dict
    default: {}
"""

EXAMPLES = r"""
# => [{"name": "redis:7", "build": "/srv/redis"}]
images: "{{ ['redis'] | convosphere.platform.stack_images({'redis': 'redis:7'}, {'redis': '/srv/redis'}) }}"
"""

RETURN = r"""
_value:
  description: The images, each with C(name), and C(build) or C(standin) if there is one.
  type: list
  elements: dict
  sample: [{"name": "redis:7", "build": "/srv/redis"}]
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _stack_deployment


def stack_images(
    services: Iterable[str],
    references: Mapping[str, str],
    contexts: Mapping[str, str] | None = None,
    standins: Mapping[str, str] | None = None,
    defaults: Mapping[str, str] | None = None,
) -> list[dict[str, str]]:
    """Return one entry for each service."""
    return _stack_deployment.images(services, references, contexts or {}, standins or {}, defaults or {})


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by name."""
        return {"stack_images": stack_images}
