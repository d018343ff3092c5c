# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.redaction import HIDDEN
from ansible_collections.convosphere.platform.plugins.module_utils._stack.secrets import ALPHABET, desired


def test_a_given_value_wins_a_present_one_is_kept_and_a_missing_one_is_generated():
    entries = [
        {"name": "GIVEN", "value": "new", "length": 40},
        {"name": "EMPTY", "value": "", "length": 40},
        {"name": "KEPT", "length": 40},
        {"name": "BLANK", "length": 8},
        {"name": "MADE", "value": None, "length": 64},
    ]

    found = desired(entries, {"GIVEN": "old", "EMPTY": "old", "KEPT": "kept", "BLANK": "", "OTHER": "left alone"})

    assert (found["GIVEN"], found["EMPTY"], found["KEPT"]) == ("new", "", "kept")
    assert (len(found["BLANK"]), len(found["MADE"])) == (8, 64)
    assert set(found["MADE"]) <= set(ALPHABET)
    assert "OTHER" not in found
    assert {repr(value) for value in found.values()} == {HIDDEN}


def test_what_is_generated_differs_each_time():
    entries = [{"name": name, "length": 40} for name in "ABCDEFGH"]

    assert len({*desired(entries, {}).values(), *desired(entries, {}).values()}) == 16


def test_a_derived_value_is_percent_encoded_and_follows_what_it_is_made_of():
    entries = [
        {"name": "PASSWORD", "value": "p@ss/w:rd?#%ü {X}", "length": 40},
        {"name": "URL", "derive": "postgresql://u:{PASSWORD}@h/{DATABASE}?x={}", "length": 40},
    ]

    found = desired(entries, {"DATABASE": "d", "URL": "old"})

    assert found["URL"] == "postgresql://u:p%40ss%2Fw%3Ard%3F%23%25%C3%BC%20%7BX%7D@h/d?x={}"


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        ({"name": "A", "value": "first-line\0second-line"}, "The secret A contains a NUL character"),
        ({"name": "A", "value": ["first-line"]}, "The value of the secret A is a list: put it in quotes"),
        ({"name": "A", "value": {"first-line": 1}}, "The value of the secret A is a dictionary: put it in quotes"),
        ({"name": "A", "value": 123}, "The value of the secret A is a number: put it in quotes"),
        ({"name": "A", "derive": ["first-line"]}, "The value of the secret A is a list: put it in quotes"),
        ({"name": "A", "value": False}, "The value of the secret A is a boolean: put it in quotes"),
        ({"name": "A", "value": "half \ud800 a pair"}, "The secret A contains half of a surrogate pair"),
        ({"name": "A", "derive": "{B}"}, "The secret A is derived from B, which is not given before it"),
        ({"name": "A", "length": 7}, "The secret A has a length of 7"),
        ({"name": "A\nB", "value": "x"}, "cannot be the name of a secret"),
        ({"name": "1A", "value": "x"}, "cannot be the name of a secret"),
        ({"name": "", "value": "x"}, "cannot be the name of a secret"),
    ],
)
def test_what_the_file_cannot_hold_is_refused_without_showing_it(entry, part):
    with pytest.raises(InputError, match=re.escape(part)) as caught:
        desired([{"length": 40, **entry}], {})

    assert "first-line" not in str(caught.value)
    assert caught.value.__cause__ is None
