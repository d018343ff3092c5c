# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._postgres import reindex_plan
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.index_statistics import Bloat, Index
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.reindex_plan import Limits

LIMITS = Limits(bloat_ratio=0.4, min_bloat_bytes=1000, max_indexes=2, max_bytes=100_000, min_free_bytes=5000)
INDEX = Index(
    schema="public",
    name="ix",
    table="messages",
    size=8192 * 100,
    rows=1000,
    width=16.0,
    nulls=False,
    known=True,
    fill_factor=90,
    block=8192,
    may_rebuild=True,
)


def index(name: str, **fields: Any) -> Index:
    return replace(INDEX, name=name, **fields)


def bloat(name: str, size: int, bloat_bytes: int) -> Bloat:
    return Bloat(index(name), size, bloat_bytes)


@pytest.mark.parametrize(
    ("fields", "pages"),
    [
        ({}, 5),  # 28 bytes a row, 262 rows in 90 % of a page, and a page of metadata
        ({"fill_factor": 45}, 9),
        ({"nulls": True}, 6),  # a header of 16 bytes
        ({"rows": 0}, 1),
        ({"width": 100_000.0, "rows": 60}, 61),
    ],
)
def test_bloat_is_what_the_rows_do_not_need(fields, pages):
    assert replace(INDEX, **fields).bloat_bytes() == 8192 * (100 - pages)


@pytest.mark.parametrize("fields", [{"size": None}, {"known": False}, {"width": None}, {"rows": -1.0}])
def test_bloat_is_unknown_for_an_index_that_is_locked_or_was_never_analyzed(fields):
    assert replace(INDEX, **fields).bloat_bytes() is None
    assert reindex_plan.estimated([replace(INDEX, **fields)], LIMITS) == []


def test_an_index_that_is_smaller_than_the_estimate_has_no_bloat():
    assert replace(INDEX, size=8192).bloat_bytes() == 0


def test_candidates_exceed_both_limits_the_largest_bloat_first():
    found = [bloat("small", 1500, 999), bloat("dense", 9000, 3500), bloat("b", 9000, 4000), bloat("a", 9000, 8000)]

    assert [each.index.name for each in reindex_plan.above(found, LIMITS)] == ["a", "b"]
    assert [each.index.name for each in reindex_plan.estimated([INDEX], LIMITS)] == ["ix"]


def test_one_run_has_limits_of_number_bytes_and_disk():
    found = [bloat("huge", 100_001, 90_000), bloat("a", 60_000, 50_000), bloat("b", 50_000, 40_000)]
    more = [*found, bloat("c", 40_000, 30_000), bloat("d", 100, 90)]

    selection = reindex_plan.select(more, LIMITS, None)

    assert [each.index.name for each in selection.chosen] == ["a", "c"]
    assert selection.left == {
        "public.huge": "it has 100001 bytes, and 100000 are left of max_bytes",
        "public.b": "it has 50000 bytes, and 40000 are left of max_bytes",
        "public.d": "max_indexes=2 is reached",
    }
    assert reindex_plan.select(found[1:2], LIMITS, 25_000).left == {}
    assert reindex_plan.select(found[1:2], LIMITS, 24_999).left == {
        "public.a": "24999 bytes are free on the disk, and 25000 are needed with min_free_bytes"
    }


def test_indexes_of_other_roles_and_skipped_ones_are_no_candidates():
    indexes = [index("a"), index("b"), index("c"), index("d", may_rebuild=False)]

    assert [each.name for each in reindex_plan.chosen(indexes, ["a", "public.b"])] == ["c"]
    with pytest.raises(InputError, match="skip_indexes names x, and there is no such index") as refused:
        reindex_plan.chosen(indexes, ["x", "other.a"])
    assert "other.a" in str(refused.value)


def test_the_statement_never_locks_the_table():
    assert reindex_plan.statement(index('a"b')) == 'REINDEX INDEX CONCURRENTLY "public"."a""b"'
