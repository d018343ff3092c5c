# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for what the platform's REST interface returns are those of its contract.

files/platform_answers.json holds the part of the contract that they are taken from.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._app import platform_rules
from ansible_collections.convosphere.platform.plugins.module_utils._app.platform_rules import GROUP, OBJECT, TEXTS, USER
from ansible_collections.convosphere.platform.plugins.module_utils._users import group_spec, user_spec

from support.sandbox import facts_folder

CONTRACT = json.loads((Path(__file__).parents[3] / "files/platform_answers.json").read_text())
SCHEMAS = {"user": "backend__app__schemas__user__UserResponse", "group": "UserGroupResponse"}
#: Fields that the tables' own types keep right, and those that the platform computes.
ENFORCED = {"uuid", "boolean", "enum", "integer"}
OTHERS = {"failed_login_attempts", "groups", "effective_permissions", "full_name"}


def described(schema: dict[str, Any]) -> dict[str, Any]:
    """Convert a property of the contract to the form of the file."""
    choices = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    found = {key: choices[0][key] for key in ("type", "format", "minLength", "maxLength") if key in choices[0]}
    if "$ref" in choices[0]:
        found["type"] = "enum"
    if "items" in choices[0]:
        found["items"] = choices[0]["items"].get("type", "object")
    return {**found, "nullable": len(choices) < len(schema.get("anyOf", [schema]))}


def test_the_file_is_of_the_contract():
    folder = facts_folder()
    expected = CONTRACT
    if folder:
        schemas = json.loads((folder / "openapi.json").read_text())["components"]["schemas"]
        expected = {
            kind: {name: described(one) for name, one in schemas[title]["properties"].items()}
            for kind, title in SCHEMAS.items()
        }
    assert expected == CONTRACT


@pytest.mark.parametrize(("kind", "rules"), [("user", USER), ("group", GROUP)])
def test_every_field_of_an_answer_has_the_contract_s_rule(kind, rules):
    forms = {"object": OBJECT, "array": TEXTS}
    for name, field in CONTRACT[kind].items():
        if name in OTHERS or field.get("format", field["type"]) in ENFORCED:
            continue
        if field.get("format") == "date-time" and field["nullable"]:
            continue
        rule = rules[name]
        assert (rule.minimum, rule.maximum) == (field.get("minLength", 0), field.get("maxLength")), name
        assert rule.json == forms.get(field["type"]), name
        assert rule.required is not field["nullable"], name
    assert set(rules) <= set(CONTRACT[kind])


def test_every_rule_is_applied_to_what_is_written():
    written = {"user": {**user_spec.FIELDS, "email": user_spec.EMAIL}, "group": group_spec.FIELDS}
    unused = [
        f"{kind}.{name}"
        for kind, rules in (("user", USER), ("group", GROUP))
        for name, rule in rules.items()
        if name not in ("created_at", "locked_until") and written[kind][name].rule is not rule
    ]

    assert unused == []


@pytest.mark.parametrize(
    ("name", "value", "good"),
    [
        ("email", "o'brien@example.org", False),
        ("email", "jörg@example.org", False),
        ("email", "ada@localhost", False),
        ("email", "ada@exämple.org", False),
        ("email", "ada@example.o", False),
        ("email", "ada@example.org\n", False),
        ("email", "ada/ops@example.org", False),
        ("email", "Ada.L+x%y_z-1@sub-domain.example.museum", True),
        ("username", "jo", False),
        ("username", "äöü", True),
        ("bio", "x" * 2001, False),
        ("bio", "😀" * 2000, True),
        ("preferences", ["a"], False),
        ("preferences", "a", False),
        ("preferences", {"a": None}, True),
    ],
)
def test_what_the_platform_could_not_show_is_a_problem(name, value, good):
    assert (platform_rules.problem(USER[name], value) is None) is good


@pytest.mark.parametrize(
    ("name", "value", "good"),
    [
        ("permissions", ["a", 1], False),
        ("permissions", {"a": True}, False),
        ("permissions", ["a", ["b"]], False),
        ("permissions", ["a.b"], True),
        ("settings", ["a"], False),
        ("settings", {"a": [1]}, True),
        ("description", "x" * 1001, False),
    ],
)
def test_what_the_platform_could_not_show_of_a_group_is_a_problem(name, value, good):
    assert (platform_rules.problem(GROUP[name], value) is None) is good
