# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check which secrets a run of secrets.yml is asked to rotate or to fetch."""

from __future__ import annotations

DOCUMENTATION = r"""
name: secrets_request
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Check which secrets a run is asked to rotate or to fetch
description:
  - Refuses secrets that do not exist, that the inventory gives, that follow others, or that no playbook rotates.
  - Refuses parameters that do not belong together, and a path to which, or a key for which, no secrets are written.
positional: _input, rotate, names, managed, fetch_to, recipient
options:
  _input:
    description: What P(convosphere.platform.secrets_document#filter) returned.
    type: dict
    required: true
  rotate:
    description: The names of the secrets to rotate.
    type: list
    elements: str
    default: []
  names:
    description: The names of the secrets to fetch. Empty for all that are set.
    type: list
    elements: str
    default: []
  managed:
    description: Whether PostgreSQL is managed by others.
    type: bool
    default: false
  fetch_to:
    description: The path of the file on the controller to which they are fetched. Empty to fetch none.
    type: str
    default: ""
  recipient:
    description: The public key of age for which they are encrypted. Empty for plain text.
    type: str
    default: ""
"""

EXAMPLES = r"""
# => {"rotation": {"names": ["SECRET_KEY"], "problems": [], "costs": [...]}, "fetch": {...}, "problems": []}
request: "{{ document | convosphere.platform.secrets_request(['SECRET_KEY']) }}"
"""

RETURN = r"""
_value:
  description:
    - C(rotation) and C(fetch), each with C(names) and C(problems), a sentence each; C(rotation) with C(costs).
    - C(problems) of the request as a whole.
  type: dict
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _secret_reports, _secret_request


def secrets_request(
    document: Mapping[str, Any],
    rotate: Iterable[str] = (),
    names: Iterable[str] = (),
    managed: bool = False,
    fetch_to: str = "",
    recipient: str = "",
) -> dict[str, Any]:
    """Return the request with its problems."""
    rotated, fetched = list(rotate), list(names)
    none: dict[str, Any] = {"names": [], "problems": [], "costs": []}
    return {
        "rotation": _secret_reports.check(rotated, document, managed=managed) if rotated else none,
        "fetch": _secret_reports.chosen(fetched, document),
        "problems": list(_secret_request.problems(rotated, str(fetch_to), fetched, str(recipient))),
    }


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        """Return the filter by name."""
        return {"secrets_request": secrets_request}
