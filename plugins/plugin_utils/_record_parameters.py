# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare the parameters of the playbooks of records: messages, usage, conversations and persons."""

from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.plugin_utils._parameter_type import Parameter

RECORD_PARAMETERS: tuple[Parameter, ...] = ()
