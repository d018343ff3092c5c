# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Select the secrets that a host of several is given."""

from __future__ import annotations

DOCUMENTATION = r"""
name: stack_shared_secrets
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Select the secrets that a host of several is given
description:
  - The secrets of an environment are stored on its database host. Returns those that another host needs.
  - For the database host itself it returns the certificate of PostgreSQL and its authority, which it issues if none is
    stored that serves.
positional: _input, names, model, environment, complete, owner, reissue, step
options:
  _input:
    description: The text of the file C(.env) of the database host; empty if it does not exist.
    type: str
    required: true
  names:
    description: The names of the secrets that a backend needs.
    type: list
    elements: str
    required: true
  model:
    description: What P(convosphere.platform.stack_topology#filter) returned for the host.
    type: dict
    required: true
  environment:
    description: The environment.
    type: str
    required: true
  complete:
    description: Whether a missing secret is an error. In check mode the database host may have none yet.
    type: bool
    default: true
  owner:
    description: The owner of the database, whose name one of the two login roles has.
    type: str
    default: ""
  reissue:
    description: Whether PostgreSQL gets another certificate with another key, of the same authority.
    type: bool
    default: false
  step:
    description:
      - What becomes of the authority. With V(trust) all hosts trust the next one beside it; with V(switch) that one
        takes its place, and issues another certificate.
    type: str
    choices: [keep, trust, switch]
    default: keep
"""

EXAMPLES = r"""
secrets: "{{ text | convosphere.platform.stack_shared_secrets(['SECRET_KEY'], model, 'prod') }}"
"""

RETURN = r"""
_value:
  description: C(secrets), by name, C(authority), the certificate by which the one of the database is verified, and
    for a host without the database C(login), the role with which it connects.
  type: dict
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.convosphere.platform.plugins.plugin_utils import _stack_topology


def stack_shared_secrets(
    text: str,
    names: Iterable[str],
    model: Mapping[str, Any],
    environment: str,
    complete: bool = True,
    owner: str = "",
    reissue: bool = False,
    step: str = "keep",
) -> dict[str, Any]:
    """Return the secrets. Raises AnsibleFilterError if one is missing and has to be there."""
    more: dict[str, Any] = {"complete": complete, "owner": str(owner), "reissue": bool(reissue), "step": str(step)}
    try:
        return _stack_topology.shared_secrets(str(text), names, model, str(environment), **more)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by name."""
        return {"stack_shared_secrets": stack_shared_secrets}
