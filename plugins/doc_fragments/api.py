# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the options by which modules connect to the platform's REST interface."""

from __future__ import annotations


class ModuleDocFragment:
    """The URL of the REST interface, and the time to wait for it."""

    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - The URL of the platform's backend for the managed host, without C(/api/v1).
      - The platform accepts a few host names only; V(127.0.0.1) and V(localhost) are always among them.
    type: str
    default: http://127.0.0.1:18000
  api_timeout:
    description:
      - The number of seconds to wait for each response of the platform.
      - It is not named C(timeout), which applies to Docker Engine in modules that use both.
    type: int
    default: 15
  validate_certs:
    description: Whether to refuse a certificate that is not signed by an authority which the managed host trusts.
    type: bool
    default: true
notes:
  - C(module_defaults) with C(group/convosphere.platform.api) sets these options once for all modules that have them.
requirements:
  - requests >= 2.25.1 (Debian and Ubuntu package python3-requests)
"""
