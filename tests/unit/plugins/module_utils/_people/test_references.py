# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Foreign keys that an erasure does not know; the integration tests compare the table with a real schema."""

from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._people.erasure_ledger import DELETE
from ansible_collections.convosphere.platform.plugins.module_utils._people.erasure_steps import (
    CHANGE,
    REMOVE,
    Choice,
    steps,
)
from ansible_collections.convosphere.platform.plugins.module_utils._people.references import (
    CLEARED,
    DELETED,
    HANDED_OVER,
    KEYS,
    REWRITTEN,
    SOFT,
    UNRELATED,
    unknown,
)

WITHOUT_HEIR = steps(Choice(DELETE, has_heir=False, documents_handed_over=False))
WITH_HEIR = steps(Choice(DELETE, has_heir=True, documents_handed_over=True))


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


@pytest.mark.parametrize("key", [key for key in KEYS if key.treatment != UNRELATED], ids=lambda key: str(key.table))
def test_an_erasure_treats_the_rows_of_a_key_as_it_says(key):
    of_table = [step for step in WITHOUT_HEIR if step.table == key.table]
    setting = [step for step in of_table if f"{key.column} = " in step.settings]
    handed_over = [
        step for step in WITH_HEIR if step.table == key.table and f"{key.column} = %(heir)s" in step.settings
    ]

    assert {
        DELETED: any(step.action == REMOVE for step in of_table),
        CLEARED: any(f"{key.column} = NULL" in step.settings for step in setting),
        REWRITTEN: any(step.action == CHANGE for step in setting),
        HANDED_OVER: bool(handed_over) and bool(of_table),
    }[key.treatment]


@pytest.mark.parametrize(("table", "column"), [row[:2] for row in SOFT])
def test_an_erasure_follows_a_reference_without_a_key(table, column):
    assert [step for step in WITHOUT_HEIR if step.table == table and column in step.condition + step.settings]
