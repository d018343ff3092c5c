# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._postgres import vacuum_plan as vacuum
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.table_statistics import Table

LIMITS = vacuum.Thresholds(dead_ratio=0.1, min_dead_rows=1000, max_age=3600, freeze_age=1_000_000, analyze=True)
CLEAN = Table(
    schema="public", name="users", is_default_schema=True, locked=False, planned_rows=9000.0, width=100.0, nulls=False,
    columns=5, fill_factor=100, block=8192, main_bytes=8192, total_bytes=8192, index_bytes=0, toast_bytes=0, live=9000,
    dead=0, changed=0, written=9000, vacuumed_at="2026-01-31T12:00:00Z", since_vacuum=60.0,
    analyzed_at="2026-01-31T12:00:00Z", age=5, may_vacuum=True, may_read=True,
)  # fmt: skip


@pytest.mark.parametrize(
    ("found", "needed"),
    [
        ({}, []),
        ({"dead": 1000}, ["vacuum"]),
        ({"dead": 999}, []),
        ({"dead": 1000, "live": 9001}, []),
        ({"dead": 1, "since_vacuum": 3600.0}, ["vacuum"]),
        ({"dead": 1, "since_vacuum": None, "vacuumed_at": None}, ["vacuum"]),
        ({"dead": 0, "since_vacuum": 1e9}, []),
        ({"changed": 1000}, ["analyze"]),
        ({"changed": 1000, "live": 10_001}, []),
        ({"changed": 999}, []),
        ({"analyzed_at": None}, ["analyze"]),
        ({"analyzed_at": None, "live": 0}, []),
        ({"age": 1_000_000}, ["freeze"]),
        ({"age": 2_000_000, "dead": 9000, "changed": 9000}, ["analyze", "freeze", "vacuum"]),
    ],
)
def test_the_thresholds_decide(found, needed):
    assert sorted(vacuum.needs(replace(CLEAN, **found), LIMITS)) == needed


def test_nothing_is_analyzed_on_request():
    assert vacuum.needs(replace(CLEAN, changed=9000, analyzed_at=None), replace(LIMITS, analyze=False)) == {}


@pytest.mark.parametrize(
    ("needed", "analyze", "statement"),
    [
        (["vacuum"], True, 'VACUUM (ANALYZE) "public"."a ""b"""'),
        (["vacuum"], False, 'VACUUM "public"."a ""b"""'),
        (["analyze"], True, 'ANALYZE "public"."a ""b"""'),
        (["freeze", "analyze"], True, 'VACUUM (FREEZE, ANALYZE) "public"."a ""b"""'),
    ],
)
def test_one_statement_does_it_all(needed, analyze, statement):
    assert vacuum.statement(replace(CLEAN, name='a "b"'), needed, analyze=analyze) == statement


def test_tables_are_chosen_with_or_without_their_schema():
    other = replace(CLEAN, schema="other", is_default_schema=False)
    foreign = replace(CLEAN, name="foreign", may_vacuum=False)

    assert vacuum.chosen([CLEAN, other, foreign], None) == [CLEAN, other]
    assert vacuum.chosen([CLEAN, other], ["users", "public.users", "other.users"]) == [CLEAN, other]
    with pytest.raises(InputError, match=r"There is no table x; The database role may not vacuum foreign"):
        vacuum.chosen([CLEAN, foreign], ["x", "foreign"])


def test_the_most_urgent_come_first():
    old, worse, bad = (replace(CLEAN, name=name, dead=dead) for name, dead in (("old", 0), ("worse", 9), ("bad", 3)))
    found = {"public.old": {"freeze": "x"}, "public.worse": {"vacuum": "x"}, "public.bad": {"vacuum": "x"}}

    assert vacuum.by_urgency([bad, worse, old], found) == [old, worse, bad]
