# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render the usage of a period as a page."""

from __future__ import annotations

DOCUMENTATION = r"""
name: usage_page
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Render the usage of a period as a page of HTML
description:
  - Returns one page, which loads nothing and runs nothing. All names in it are escaped.
positional: _input, environment, currency
options:
  _input:
    description: What M(convosphere.platform.convosphere_usage_info) returned with C(overview=true).
    type: dict
    required: true
  environment:
    description: The environment, for the heading.
    type: str
    required: true
  currency:
    description: The unit of the prices, shown after each cost.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Write the page on the controller
  ansible.builtin.copy:
    content: "{{ usage | convosphere.platform.usage_page('prod', 'EUR') }}"
    dest: /tmp/usage.html
    mode: "0600"
  delegate_to: localhost
"""

RETURN = r"""
_value:
  description: The text of the page.
  type: str
  sample: "<!DOCTYPE html>…"
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._operations import usage_page as _page


def usage_page(usage: Mapping[str, Any], environment: str, currency: str = "") -> str:
    """Return the text of the page."""
    return _page.render(usage, environment, currency)


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by name."""
        return {"usage_page": usage_page}
