# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.dotenv import (
    literal,
    maskable,
    merge,
    parse,
)
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
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


def test_what_refers_to_other_variables_is_left_to_compose():
    assert literal({"A": "plain", "B": "${A}/x", "C": "a\\nb", "D": ""}) == {"A": "plain", "D": ""}


def test_ports_and_switches_are_not_masked():
    assert maskable({"PORT": "8080", "DEBUG": "true", "KEY": "a-long-secret"}) == ["a-long-secret"]
