# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's part of the module convosphere_document."""

from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.plugin_utils._document_folder_action import DocumentFolderAction


class ActionModule(DocumentFolderAction):
    """Brings ``src`` to the module."""
