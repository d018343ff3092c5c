# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.module_utils._entities import dependents
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.catalog import Reference


def test_what_belongs_to_a_user_is_told_by_the_columns():
    owned = Reference("assistants", "creator_id", nullable=False, association=False)
    member = Reference("user_group_association", "user_id", nullable=False, association=True)
    personal = Reference("user_dashboards", "user_id", nullable=False, association=False)
    history = Reference("audit_logs", "user_id", nullable=True, association=False)
    invited = Reference("domain_group_members", "invited_by", nullable=True, association=False)
    tool = Reference("tools", "creator_id", nullable=True, association=False)
    found = dependents.classify([owned, member, personal, history, invited, tool])

    assert found.owned == [owned]
    assert found.transferred == [owned, tool]
    assert found.removed == [member, personal]
    assert found.forgotten == [history, invited, tool]


def test_rows_are_transferred_to_a_user_that_exists_and_stays():
    transfers, problems = dependents.plan_transfers(
        {"1": "Boss@x.example", "2": "boss@x.example"}, {"boss@x.example": "9"}, {"1", "2"}
    )
    assert transfers == {"9": ["1", "2"]}
    assert problems == []
    _none, problems = dependents.plan_transfers({"1": "b@x.example", "2": "c@x.example"}, {"b@x.example": "2"}, {"2"})
    assert problems == [
        "transfer_to: user b@x.example is removed by the same run", "transfer_to: user c@x.example does not exist"
    ]  # fmt: skip
