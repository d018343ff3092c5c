# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._app import platform_rules
from ansible_collections.convosphere.platform.plugins.module_utils._app.platform_rules import Rule
from ansible_collections.convosphere.platform.plugins.module_utils._entities import field_types
from ansible_collections.convosphere.platform.plugins.module_utils._entities.field_types import (
    INTEGER,
    INTEGER_TEXT,
    JSON,
    LABEL,
    NAME,
    NUMBER,
    NUMBER_TEXT,
    TEXTS,
    TIME,
    Field,
)
from ansible_collections.convosphere.platform.plugins.module_utils._entities.values import ValueProblem
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.catalog import Column

COLUMN = Column("text", nullable=True, length=10, labels=("ACTIVE", "DRAFT"))
REQUIRED = Column("text", nullable=False, length=None, labels=())
OBJECT = Rule(json=platform_rules.OBJECT)


@pytest.mark.parametrize(
    ("field", "given", "expected"),
    [
        (Field(), "00123", "00123"),
        (Field(), "", None),
        (Field(NAME), "  Legal ", "legal"),
        (Field(LABEL), "Active", "active"),
        (Field(INTEGER), "42", 42),
        (Field(INTEGER), 42.0, 42),
        (Field(NUMBER), "0.5", 0.5),
        (Field(NUMBER_TEXT), 1, 1.0),
        (Field(INTEGER_TEXT), " 4096 ", 4096),
        (Field(TEXTS, empty=[]), [], []),
        (Field(TEXTS, empty=[]), '["a", "b"]', ["a", "b"]),
        (Field(TEXTS), "a; b", ["a", "b"]),
        (Field(JSON), "{}", None),
        (Field(JSON, rule=OBJECT, empty={}), '{"a": 1}', {"a": 1}),
        (Field(TIME), "2026-01-31", "2026-01-31T00:00:00Z"),
        (Field(TIME), "2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00Z"),
    ],
)
def test_a_value_is_normalised(field, given, expected):
    assert field_types.normalise(field, COLUMN, given) == expected


@pytest.mark.parametrize(
    ("field", "given", "problem"),
    [
        (Field(required=True), "", "cannot be empty"),
        (Field(LABEL), "gone", "'gone' is not one of active, draft"),
        (Field(INTEGER), "4.5", "must be a whole number, not 4.5"),
        (Field(INTEGER), True, "must be a number, not True"),
        (Field(INTEGER), 2**31, "is 2147483648, and must be at most 2147483647"),
        (Field(NUMBER), "NaN", "must be a finite number"),
        (Field(NUMBER, minimum=0), -0.5, "is -0.5, and must be at least 0"),
        (Field(NUMBER_TEXT, minimum=0, maximum=2), 2.5, "must be at least 0 and at most 2"),
        (Field(NUMBER_TEXT), 0.1234567890123, "has 15 characters, and at most 10 fit"),
        (Field(JSON, rule=OBJECT), ["a"], "must be an object: the platform could not return it"),
        (Field(JSON, rule=OBJECT, returned=False), ["a"], "must be an object$"),
        (Field(TIME), "soon", "must be a timestamp such as"),
    ],
)
def test_an_invalid_value_is_refused(field, given, problem):
    with pytest.raises(ValueProblem, match=problem.replace("(", r"\(")):
        field_types.normalise(field, COLUMN, given)


def test_a_row_equals_what_it_was_written_from():
    assert field_types.of_row(Field(NUMBER_TEXT), "0.70") == 0.7
    assert field_types.to_row(Field(NUMBER_TEXT), 0.7) == "0.7"
    assert field_types.to_row(Field(INTEGER_TEXT), 4096) == "4096"
    assert field_types.of_row(Field(NUMBER_TEXT), "0,7") == "0,7"
    assert field_types.of_row(Field(TIME), datetime(2026, 1, 31, 12)) == "2026-01-31T12:00:00Z"
    assert field_types.of_row(Field(TIME), datetime(2026, 1, 31, tzinfo=UTC)) == "2026-01-31T00:00:00Z"
    assert field_types.of_row(Field(LABEL), "ACTIVE") == "active"
    assert field_types.to_row(Field(LABEL), "active") == "ACTIVE"


def test_null_differs_from_an_empty_list_only_if_the_column_must_not_be_null():
    assert field_types.of_row(Field(TEXTS, empty=[]), None) is None
    assert field_types.of_row(Field(TEXTS), []) is None


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        (Field(NUMBER_TEXT), " 0.7 ", None),
        (Field(NUMBER_TEXT, maximum=2), "2.5", None),
        (Field(NUMBER_TEXT), "0,7", "must be a number, not '0,7'"),
        (Field(NUMBER_TEXT, required=True), None, "must not be NULL"),
        (Field(INTEGER_TEXT), "8k", "must be a number, not '8k'"),
        (Field(TEXTS, empty=[]), None, "must not be NULL"),
        (Field(TEXTS, empty=[]), {}, "must be a list of texts"),
        (Field(TEXTS), ["a", 1], "must be a list of texts"),
        (Field(JSON, rule=OBJECT), [], "must be an object"),
        (Field(INTEGER, minimum=100, maximum=2000), 99, "is 99, and must be at least 100 and at most 2000"),
        (Field(rule=Rule(maximum=3)), "long", "has 4 characters, and must have at most 3 characters"),
    ],
)
def test_what_the_platform_cannot_return_is_found(field, value, fault):
    assert field_types.fault(replace(field, strict=True), COLUMN, value) == fault
    assert field_types.fault(field, COLUMN, value) is None
