# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.dotenv import (
    ALPHABET,
    literal,
    maskable,
    merge,
    parse,
    wanted,
)
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.redaction import HIDDEN
from hypothesis import given
from hypothesis import strategies as st

SPECIAL = "\n\"'\\$#=%{}`! \t\r\x0b\x0c\x1c\x85\u2028\ufeffaü😀"
CHARACTERS = st.characters(exclude_characters="\0", exclude_categories=("Cs",)) | st.sampled_from(SPECIAL)
VALUES = st.text(CHARACTERS)
NAMES = st.from_regex(r"[A-Z_][A-Z0-9_]{0,5}", fullmatch=True)
VARIABLES = st.dictionaries(NAMES, VALUES)
LINES = st.lists(
    st.sampled_from(["", "# a comment, don't read it", "  ", "PORT=8080 # the door", "export X='1 2'", 'LONG="a\nb"'])
)


@given(VARIABLES)
def test_what_is_written_is_what_is_read(variables):
    assert parse(merge("", variables, "mine")) == variables


@given(LINES, VARIABLES, VARIABLES)
def test_other_lines_stay_as_they_are_in_their_place(lines, first, second):
    text = "".join(f"{line}\n" for line in lines)

    once = merge(text, first, "mine")
    twice = merge(once, second, "mine")

    assert parse(twice) == {**parse(text), **first, **second}
    kept = [line for line in text.splitlines() if line.startswith("#") or not line.strip()]
    assert [line for line in twice.split("\n")[:-1] if line in kept] == kept or not lines
    assert merge(twice, second, "mine") == twice


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("A=1", {"A": "1"}),
        (" export  A = 1 2 \r\n", {"A": "1 2"}),
        ("A=", {"A": ""}),
        ("A: 1", {"A": "1"}),
        ("A=1 # one", {"A": "1"}),
        ("A=1#one", {"A": "1#one"}),
        ("A=# none", {"A": ""}),
        ("A='1 # \"one\"' # a comment", {"A": '1 # "one"'}),
        ('A="a \\"b\\" \\\\ \\$c"', {"A": 'a "b" \\ $c'}),
        ('A="1\n2"\nB=3', {"A": "1\n2", "B": "3"}),
        ('A="1\\n2\\r\\n\\\\n"', {"A": "1\n2\r\n\\n"}),
        ("# A=1\n\nB=it's", {"B": "it's"}),
        ("A=1\nA=2", {"A": "2"}),
    ],
)
def test_lines_that_others_wrote_are_read_as_compose_reads_them(text, variables):
    assert parse(text) == variables


@pytest.mark.parametrize("line", ["no assignment", 'A="open', "A='open", '="x"', 'A="closed" trailing'])
def test_a_line_that_cannot_be_read_is_named_and_not_shown(line):
    with pytest.raises(InputError) as caught:
        parse(f"A=1\nB='2\n3'\n{line}\n")

    assert str(caught.value) == "Line 4 of the file .env is not NAME=value, or its quotes are not closed"


def test_a_given_value_wins_a_present_one_is_kept_and_a_missing_one_is_made_up():
    entries = [
        {"name": "GIVEN", "value": "new", "length": 40},
        {"name": "EMPTY", "value": "", "length": 40},
        {"name": "KEPT", "length": 40},
        {"name": "BLANK", "length": 8},
        {"name": "MADE", "value": None, "length": 64},
    ]

    found = wanted(entries, {"GIVEN": "old", "EMPTY": "old", "KEPT": "kept", "BLANK": "", "OTHER": "left alone"})

    assert (found["GIVEN"], found["EMPTY"], found["KEPT"]) == ("new", "", "kept")
    assert (len(found["BLANK"]), len(found["MADE"])) == (8, 64)
    assert set(found["MADE"]) <= set(ALPHABET)
    assert "OTHER" not in found
    assert {repr(value) for value in found.values()} == {HIDDEN}


def test_what_is_made_up_differs_each_time():
    entries = [{"name": name, "length": 40} for name in "ABCDEFGH"]

    assert len({*wanted(entries, {}).values(), *wanted(entries, {}).values()}) == 16


def test_a_derived_value_is_percent_encoded_and_follows_what_it_is_made_of():
    entries = [
        {"name": "PASSWORD", "value": "p@ss/w:rd?#%ü {X}", "length": 40},
        {"name": "URL", "derive": "postgresql://u:{PASSWORD}@h/{DATABASE}?x={}", "length": 40},
    ]

    found = wanted(entries, {"DATABASE": "d", "URL": "old"})

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
        wanted([{"length": 40, **entry}], {})

    assert "first-line" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_what_refers_to_other_variables_is_left_to_compose():
    assert literal({"A": "plain", "B": "${A}/x", "C": "a\\nb", "D": ""}) == {"A": "plain", "D": ""}


def test_ports_and_switches_are_not_masked():
    assert maskable({"PORT": "8080", "DEBUG": "true", "KEY": "a-long-secret"}) == ["a-long-secret"]
