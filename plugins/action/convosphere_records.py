# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's part of the module convosphere_records."""

from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.plugin_utils._signing_action import SigningAction


class ActionModule(SigningAction):
    """Keeps the key that signs records on the controller. The second run applies no rule: it writes the records."""

    FURTHER = {"rules": [], "platform_rules": False}
    RETURNED = ("record_files",)

    def namespace(self, _name: str) -> str:
        """Return the namespace of records, whose names are those of runs."""
        return "convosphere-deletions"
