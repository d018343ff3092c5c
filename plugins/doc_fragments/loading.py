# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the options for loading the dump of a backup."""

from __future__ import annotations


class ModuleDocFragment:
    """Document the key of an encrypted backup, and how a dump is loaded."""

    DOCUMENTATION = r"""
options:
  identity_file:
    description: The file of the C(age) key for encrypted backups, on the managed host.
    type: path
  jobs:
    description:
      - How many tables and indexes are restored in parallel, if there is room for an unpacked copy of the dump in
        C(/tmp) of O(login_container) or of the managed host. That needs root, and an engine on the managed host.
      - Otherwise, with V(1), and for an encrypted backup, the dump is streamed, which needs no such room.
    type: int
    default: 2
  load_timeout:
    description:
      - How many seconds loading one dump may take.
      - By default there is no limit.
    type: int
requirements:
  - zstd
  - age, for encrypted backups
"""
