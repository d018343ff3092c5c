# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options by which modules reach the platform's REST interface."""

from __future__ import annotations


class ModuleDocFragment:
    """Where the REST interface is, and how long to wait for it."""

    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - The URL of the platform's backend as seen from the managed host, without C(/api/v1).
      - The platform answers to a few host names only; to V(127.0.0.1) and V(localhost) it always does.
    type: str
    default: http://127.0.0.1:18000
  api_timeout:
    description:
      - How many seconds to wait for each answer of the platform.
      - It has a name of its own because C(timeout) is Docker Engine's in modules that talk to both.
    type: int
    default: 15
  validate_certs:
    description: Whether to refuse a certificate that no authority known to the managed host has signed.
    type: bool
    default: true
notes:
  - C(module_defaults) with C(group/convosphere.platform.api) gives these once, to all modules that have them.
requirements:
  - requests >= 2.25.1 (Debian and Ubuntu package python3-requests)
"""
