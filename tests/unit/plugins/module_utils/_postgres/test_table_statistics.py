# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.status import at_heads, wraparound
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.table_statistics import Table

TABLE = Table(
    schema="public", name="users", is_default_schema=True, locked=False, planned_rows=1000.0, width=100.0, nulls=False,
    columns=5, fill_factor=100, block=8192, main_bytes=8192 * 100, total_bytes=8192 * 110, index_bytes=8192 * 10,
    toast_bytes=0, live=900, dead=100, changed=10, written=5000, vacuumed_at=None, since_vacuum=None, analyzed_at=None,
    age=5, may_vacuum=True, may_read=True,
)  # fmt: skip


@pytest.mark.parametrize(
    ("found", "rows"),
    [
        ({}, (900, "statistics")),
        ({"main_bytes": 0, "live": 0}, (0, "count")),
        ({"live": 0, "written": 0}, (1000, "planner")),
        ({"live": 0, "written": 0, "planned_rows": -1.0}, (None, None)),
        ({"live": 0, "written": 7}, (0, "statistics")),
        ({"locked": True, "main_bytes": None}, (900, "statistics")),
    ],
)
def test_it_is_told_where_a_number_of_rows_is_from(found, rows):
    assert replace(TABLE, **found).rows() == rows


def test_bloat_is_what_the_rows_do_not_need():
    # 4 + 24 + 104 bytes a row, 8168 a page: 17 pages
    assert TABLE.bloat_bytes() == (100 - 17) * 8192
    assert replace(TABLE, fill_factor=50).bloat_bytes() == (100 - 33) * 8192
    assert replace(TABLE, nulls=True, columns=9).bloat_bytes() == (100 - 18) * 8192
    assert replace(TABLE, main_bytes=8192).bloat_bytes() == 0


@pytest.mark.parametrize("found", [{"width": None}, {"planned_rows": -1.0}, {"main_bytes": None}])
def test_bloat_is_unknown_without_an_analysis(found):
    assert replace(TABLE, **found).bloat_bytes() is None


def test_the_ratio_of_dead_rows():
    assert TABLE.dead_ratio == 0.1
    assert replace(TABLE, live=0, dead=0).dead_ratio == 0


@pytest.mark.parametrize(
    ("revisions", "heads", "same"),
    [([], None, None), ([], ["a"], False), (["b", "a"], ["a", "b"], True), (["a"], ["a", "b"], False)],
)
def test_heads_are_compared_without_their_order(revisions, heads, same):
    assert at_heads(revisions, heads) is same


def test_the_worse_of_both_numbers_tells_how_far_they_are_used_up():
    assert wraparound(1000, 2**30, 200_000_000)["used_percent"] == 50
