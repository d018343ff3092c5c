# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.module_utils._migration.rewritten_tables import Relation, compare

BEFORE = {
    1: Relation(1, "users", "r", 100, 8000),
    2: Relation(1, "users", "i", 101, 400),
    3: Relation(3, "groups", "r", 102, 16),
}


def test_a_rewritten_table_is_named_with_its_size_and_that_of_its_indexes():
    after = {**BEFORE, 1: Relation(1, "users", "r", 200, 9000), 2: Relation(1, "users", "i", 201, 500)}

    assert compare(BEFORE, after) == [{"table": "users", "rewritten": True, "bytes": 9000, "index_bytes": 500}]


def test_a_new_index_of_an_old_table_is_built_and_the_table_is_not_rewritten():
    after = {**BEFORE, 4: Relation(3, "groups", "i", 300, 32)}

    assert compare(BEFORE, after) == [{"table": "groups", "rewritten": False, "bytes": 0, "index_bytes": 32}]


def test_an_index_that_keeps_its_file_under_another_id_is_not_built():
    after = {key: value for key, value in BEFORE.items() if key != 2}

    assert compare(BEFORE, {**after, 9: Relation(1, "users", "i", 101, 400)}) == []


def test_new_and_unchanged_tables_are_left_out():
    new = {5: Relation(5, "themes", "r", 400, 0), 6: Relation(5, "themes", "i", 401, 0)}

    assert compare(BEFORE, {**BEFORE, **new}) == []


def test_the_largest_is_the_first():
    after = {**BEFORE, 1: Relation(1, "users", "r", 200, 1), 3: Relation(3, "groups", "r", 201, 2)}

    assert [each["table"] for each in compare(BEFORE, after)] == ["groups", "users"]
