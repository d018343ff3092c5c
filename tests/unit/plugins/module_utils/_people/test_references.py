# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Foreign keys that an erasure does not know; the integration tests compare the table with a real schema."""

from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._people.references import KEYS, unknown


def test_the_keys_of_the_platform_are_known():
    assert unknown([(key.table, [key.column], key.target, "any") for key in KEYS]) == []


@pytest.mark.parametrize(
    ("columns", "target"),
    [(["holder"], "users"), (["message"], "messages"), (["user_id", "group_id"], "user_group_association")],
)
def test_another_key_to_what_is_deleted_is_named(columns, target):
    problems = unknown([("badges", columns, target, "badges_fk")])

    assert len(problems) == 1
    assert problems[0].startswith(
        f"the foreign key badges_fk of table badges ({', '.join(columns)}) refers to {target}"
    )


def test_a_key_between_tables_of_others_does_not_matter():
    assert unknown([("badges", ["color"], "colors", "badges_color")]) == []
