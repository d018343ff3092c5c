# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's part of the module convosphere_retention_rule."""

from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.plugin_utils._list_file_action import ListFileAction


class ActionModule(ListFileAction):
    """Brings ``retention_rules_file`` to the module."""

    FILE_OPTION = "retention_rules_file"
