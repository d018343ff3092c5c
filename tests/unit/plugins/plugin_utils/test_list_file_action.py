# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
import yaml
from ansible.errors import AnsibleActionFail
from ansible_collections.convosphere.platform.plugins.plugin_utils._list_file_action import refuse_dates

LISTS = """
users:
- {email: ada@x.example, employee_id: 2024-01-31, preferences: {since: [2001-12-14t21:59:43.10-05:00]}}
- {email: bob@x.example, employee_id: '2024-01-31'}
groups: [{name: engineering, description: 2024-01-31}]
phone: 2024-01-31
"""


def test_a_date_in_a_variable_is_refused_with_its_place():
    with pytest.raises(AnsibleActionFail) as error:
        refuse_dates(yaml.safe_load(LISTS))

    assert str(error.value) == (
        "A text is a date because it is not quoted, users[0] (ada@x.example).employee_id: quote 2024-01-31, "
        "users[0] (ada@x.example).preferences.since[0]: quote 2001-12-14 21:59:43.100000-05:00, "
        "groups[0] (engineering).description: quote 2024-01-31, phone: quote 2024-01-31. Nothing was changed."
    )


def test_all_else_passes():
    users = [{"email": "ada@x.example", "employee_id": "2024-01-31", "is_verified": True}]

    assert refuse_dates({"users": users, "prune": 1}) is None
