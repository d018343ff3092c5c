# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._stack.schema_fit import Fit, Judge


def schema(heads: Sequence[str], revisions: dict[str, list[str]], adds: Sequence[str] | None = (), **more: Any) -> Any:
    return {"heads": list(heads), "revisions": revisions, **({} if adds is None else {"adds": list(adds)}), **more}


OLD = schema(["a"], {"a": []})
ADDING = schema(["b"], {"a": [], "b": ["a"]}, ["b"])
HARMFUL = schema(["c"], {"a": [], "b": ["a"], "c": ["b"]}, ["b"])


def judge(serving: Any, database: Sequence[str] | None, *known: Any) -> Judge:
    return Judge(serving, [each for each in (serving, *known) if each], lambda: database)


def not_read() -> list[str]:
    raise AssertionError("the database was queried")


def test_the_same_schema_fits_without_a_query():
    assert Judge(OLD, [OLD], not_read).fit(dict(OLD)) == Fit()
    assert Judge(None, [], not_read).fit(None) == Fit()


def test_the_same_schema_keeps_the_revisions_that_an_earlier_rollback_left():
    assert Judge({**OLD, "database": ["b"]}, [OLD], not_read).fit(OLD) == Fit(database=("b",))


def test_a_database_at_the_revisions_of_the_release_fits_as_after_a_restore():
    assert judge(HARMFUL, ["a"]).fit(OLD) == Fit()


def test_revisions_that_only_add_are_kept():
    assert judge(ADDING, ["b"], OLD).fit(OLD) == Fit(database=("b",))


def test_the_revisions_may_be_known_from_a_release_that_does_not_serve():
    rolled_back = {**OLD, "database": ["b"]}
    assert judge(rolled_back, ["b"], ADDING).fit(schema(["z"], {"z": [], "a": ["z"]})).objection is not None
    older = schema(["z"], {"z": []})
    graph = schema(["b"], {"z": [], "a": ["z"], "b": ["a"]}, ["a", "b"])
    assert judge(rolled_back, ["b"], graph).fit(older).objection is not None  # the serving one does not say it of a
    assert judge(schema(["a"], {"z": [], "a": ["z"]}, None), ["b"], graph).fit(older) == Fit(database=("b",))


@pytest.mark.parametrize(
    ("serving", "database", "target", "objection", "restore"),
    [
        (HARMFUL, ["c"], OLD, "the database has the revisions c, which do more than add to the schema", True),
        (schema(["b"], {"a": [], "b": ["a"]}, None), ["b"], OLD, "the database has the revisions b, which do", True),
        (ADDING, ["f00"], OLD, "the database is at f00, which no kept release has", True),
        (OLD, ["a"], ADDING, "the database lacks the revisions b of the release", False),
        (OLD, None, ADDING, "the release needs the schema at b, and the revisions of the database cannot be", False),
        (OLD, ["a"], None, "the release does not record which schema its code needs", False),
    ],
)
def test_what_does_not_fit(serving, database, target, objection, restore):
    known = [target] if target else []

    fit = judge(serving, database, *known).fit(target)

    assert fit.objection is not None
    assert fit.objection.startswith(objection)
    assert fit.restore is restore
    assert fit.hint != ""


def test_the_database_is_not_read_twice_by_a_judge_of_the_module():
    answers = [["b"]]

    assert Judge(OLD, [OLD, ADDING], answers.pop).fit(ADDING) == Fit()
