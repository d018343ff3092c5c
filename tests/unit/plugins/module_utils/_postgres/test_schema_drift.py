# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
import json

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._postgres import schema_drift

from support.playbook import ROOT

EXPECTED = {
    "tables": {
        "users": {
            "columns": {"id": "uuid not null", "email": "text not null"},
            "indexes": ["primary key btree (id)", "unique btree (email)"],
            "references": [],
        },
        "notes": {"columns": {"id": "uuid"}, "indexes": [], "references": ["FOREIGN KEY (id) REFERENCES users(id)"]},
    },
    "enums": {"role": ["ADMIN", "USER"]},
    "optional_tables": ["agents"],
}


@pytest.fixture
def found():
    return copy.deepcopy(EXPECTED)


def drift(found):
    return [(entry["kind"], entry["object"]) for entry in schema_drift.drift(EXPECTED, found)]


def test_the_same_layout_has_no_drift(found):
    assert drift(found) == []


def test_an_optional_table_may_be_there_or_not(found):
    found["tables"]["agents"] = {"columns": {"id": "uuid"}, "indexes": [], "references": []}

    assert drift(found) == []


def test_of_a_missing_table_nothing_else_is_told(found):
    found["tables"] = {"other": {"columns": {"x": "text"}, "indexes": [], "references": []}}

    assert drift(found) == [("missing", "table notes"), ("extra", "table other"), ("missing", "table users")]


def test_columns_differ_in_both_directions(found):
    found["tables"]["users"]["columns"] = {"email": "text", "phone": "text"}

    assert schema_drift.drift(EXPECTED, found) == [
        {"kind": "different", "object": "column users.email", "expected": "text not null", "found": "text"},
        {"kind": "missing", "object": "column users.id", "expected": "uuid not null", "found": None},
        {"kind": "extra", "object": "column users.phone", "expected": None, "found": "text"},
    ]


def test_an_invalid_index_is_none(found):
    found["tables"]["users"]["indexes"][1] += " (invalid)"

    assert drift(found) == [
        ("missing", "index users: unique btree (email)"),
        ("extra", "index users: unique btree (email) (invalid)"),
    ]


def test_the_order_of_labels_counts(found):
    found["enums"] = {"role": ["USER", "ADMIN"], "mood": []}

    assert drift(found) == [("extra", "enum mood"), ("different", "enum role")]


def test_a_locked_table_is_unknown(found):
    found["tables"]["users"] = {"locked": True}

    assert drift(found) == [("unknown", "table users")]


@pytest.mark.parametrize("layout", [{}, {"tables": [], "enums": {}}, {"tables": {"users": {}}, "enums": {}}])
def test_what_is_no_layout_is_refused(layout):
    with pytest.raises(InputError, match="layout"):
        schema_drift.checked(layout)


def test_every_layout_that_is_shipped_is_one():
    files = sorted((ROOT / "roles/database/files/layouts").glob("*.json"))

    assert files
    for file in files:
        layout = json.loads(file.read_text())
        assert schema_drift.drift(schema_drift.checked(layout), layout) == []
