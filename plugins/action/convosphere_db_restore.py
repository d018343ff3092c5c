# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's part of the module convosphere_db_restore."""

from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.plugin_utils._signing_action import SigningAction


class ActionModule(SigningAction):
    """Reads the public half of the key that signs registers on the controller: a restore signs nothing."""

    SIGNS = False
