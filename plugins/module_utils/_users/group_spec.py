# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define a group: the columns that options are written to, and the lock of memberships.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from .._app import platform_rules
from .._entities.field_types import BOOL, JSON, UUID, Field

#: The columns of ``user_groups`` that an administrator sets; the options have the same names.
FIELDS: dict[str, Field] = {
    "name": Field(rule=platform_rules.GROUP["name"]),
    "description": Field(rule=platform_rules.GROUP["description"]),
    "organization_id": Field(UUID),
    "is_active": Field(BOOL, default=True),
    "permissions": Field(JSON, rule=platform_rules.GROUP["permissions"]),
    "settings": Field(JSON, rule=platform_rules.GROUP["settings"]),
}
#: The second half of the advisory lock's key. Users and groups share it: both write the memberships.
MEMBERSHIP_LOCK = 1
