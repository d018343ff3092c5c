# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import yaml
from ansible_collections.convosphere.platform.plugins.filter import maintenance_outcome
from ansible_collections.convosphere.platform.plugins.plugin_utils._maintenance_outcomes import OUTCOMES, outcome

RUN, CHECK = {"check_mode": False}, {"check_mode": True}


def test_the_filter_documents_its_steps():
    assert yaml.safe_load(maintenance_outcome.DOCUMENTATION)["options"]["step"]["choices"] == list(OUTCOMES)


# ---------------------------------------------------------------------------------------------------------- reindex

MEGABYTE = 1024**2
INDEX: dict[str, Any] = {
    "index": "public.ix",
    "table": "public.t",
    "bloat_bytes": 6 * MEGABYTE,
    "size_bytes": 8 * MEGABYTE,
}
REBUILT: dict[str, Any] = {
    "index": "public.ix",
    "before_bytes": 8 * MEGABYTE,
    "after_bytes": 2 * MEGABYTE,
    "seconds": 1.5,
}
NOTHING: dict[str, Any] = {"changed": False, "candidates": [], "rebuilt": [], "left": [], "dropped": []}


def test_indexes_that_are_not_bloated():
    assert outcome(NOTHING, "reindex", RUN) == {
        "status": "ok",
        "message": "0 of 0 bloated indexes rebuilt",
        "data": {"candidates": [], "rebuilt": [], "left": []},
    }


def test_rebuilt_indexes():
    left = {"index": "public.b", "reason": "max_indexes=1 is reached"}
    result = {
        **NOTHING,
        "changed": True,
        "candidates": [INDEX, {**INDEX, "index": "public.b"}],
        "rebuilt": [REBUILT],
        "left": [left],
        "dropped": ["public.a_ccnew"],
    }

    found = outcome(result, "reindex", RUN)

    assert found["status"] == "changed"
    assert found["message"] == (
        "1 of 2 bloated indexes rebuilt; 6.00 MB freed; 1 invalid ones dropped: public.a_ccnew; "
        "left: public.b, because max_indexes=1 is reached"
    )
    assert found["data"] == {"candidates": result["candidates"], "rebuilt": [REBUILT], "left": [left]}


def test_indexes_that_would_be_rebuilt():
    predicted = {**REBUILT, "after_bytes": None, "seconds": None}
    result = {**NOTHING, "changed": True, "candidates": [INDEX], "rebuilt": [predicted]}

    assert outcome(result, "reindex", CHECK)["message"] == "1 of 1 bloated indexes would be rebuilt"
