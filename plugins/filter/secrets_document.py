# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe the secrets of an environment."""

from __future__ import annotations

DOCUMENTATION = r"""
name: secrets_document
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Describe the secrets of an environment
description:
  - Returns each secret with its source, its age, what it opens and how it is rotated. No value is in it.
positional: _input, found, environment
options:
  _input:
    description: What the role C(stack) renders for P(convosphere.platform.config_document#filter).
    type: dict
    required: true
  found:
    description: What M(convosphere.platform.convosphere_config_info) returned.
    type: dict
    required: true
  environment:
    description: The environment.
    type: str
    required: true
"""

EXAMPLES = r"""
document: "{{ rendered | convosphere.platform.secrets_document(found, 'prod') }}"
"""

RETURN = r"""
_value:
  description: C(environment), C(secrets), and the C(rotation) that is not finished.
  type: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _secret_reports


def secrets_document(rendered: Mapping[str, Any], found: Mapping[str, Any], environment: str) -> dict[str, Any]:
    """Return the document."""
    return _secret_reports.document(rendered, found, str(environment))


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        """Return the filter by name."""
        return {"secrets_document": secrets_document}
