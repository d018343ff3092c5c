# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the options that modules with a declared entity share."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of a list of objects."""

    DOCUMENTATION = r"""
options:
  remote_src:
    description: Whether the file with the list is on the managed host, rather than on the controller.
    type: bool
    default: false
  list_name:
    description:
      - The name of the list. Give different ones if several lists manage objects of the same kind.
      - What a list creates is marked with this name, in the schema C(convosphere_platform) of the platform's database.
    type: str
    default: ""
  prune:
    description:
      - Whether to remove the objects that a list with this O(list_name) has created, and that are not in the list any
        more. Objects that were created otherwise, for example in the user interface, are not removed.
      - A list without an object with O(state=present) is refused.
    type: bool
    default: false
  prune_limit:
    description: The greatest number of objects that O(prune) may remove. More of them are refused.
    type: int
    default: 10
  planned:
    description:
      - >-
        Names that count as existing in check mode, because an earlier task would create them, by kind, for example
        V({"users": ["ada"]}).
      - >-
        A dictionary of names by id, see RV(new_names), has objects that an earlier task would create or rename. A
        renamed one is not found by its former name.
      - >-
        V(removed) has the ids of objects that count as missing in check mode, because an earlier task would remove
        them, see RV(deleted_ids).
    type: dict
"""
