# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files with lists of users: what is read is what was written, whatever program wrote it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._entities import (
    field_types,
    list_file,
    list_yaml,
    unquoted_scalars,
    values,
)
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.catalog import Column
from ansible_collections.convosphere.platform.plugins.module_utils._users.user_spec import FIELDS, ONE_OPTIONS
from hypothesis import given, settings
from hypothesis import strategies as st

COLUMN = Column("text", nullable=True, length=None, labels=())
ROWS = [{"email": "ada@x.example", "first_name": "Ada"}, {"email": "jörg@x.example", "first_name": "Jörg ß"}]


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def read(name: str, content: str | bytes) -> Any:
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return list_file.read(tmp_path / name, "users", ONE_OPTIONS)

    return read


def text_of(value: Any) -> Any:
    return field_types.normalise(FIELDS["phone"], COLUMN, value)


#: Whatever YAML 1.1 makes something else of than what stands there.
SCALARS = [
    "00123", "0170123456", "12:30:45", "1.10", "0x1F", "0b101", "1_000", "1e3", "+49", "-5", ".5", "6.", "0.0", "-0",
    "2024-01-31", "2024-1-3", "2001-12-14t21:59:43.10-05:00", "yes", "No", "on", "OFF", "true", "False", ".inf",
    "-.INF", ".NaN", "=", "190:20:30", "1.0e+3", "685.230_15e+03", "123456789012345678901234567890",
]  # fmt: skip


@pytest.mark.parametrize("scalar", SCALARS)
def test_a_text_field_takes_a_scalar_of_yaml_as_it_is_written(read, scalar):
    (user,) = read("u.yml", f"users:\n- email: a@x.example\n  phone: {scalar}\n  password: {scalar}\n")

    assert text_of(user["phone"]) == scalar
    assert values.as_text(user["password"], secret=True) == scalar
    assert values.as_text(user["password"]).__class__ is str


@pytest.mark.parametrize("scalar", ["123", "1.10", "1e5", "-0.0", "12345678901234567890123"])
def test_a_text_field_takes_a_number_of_json_as_it_is_written(read, scalar):
    (user,) = read("u.json", f'[{{"email": "a@x.example", "phone": {scalar}}}]')

    assert text_of(user["phone"]) == scalar


@pytest.mark.parametrize(
    "text", [*SCALARS, "null", "~", "", "NULL", "# no comment", " x ", "- a", "a: b", "é", "@x", "%"]
)
def test_what_yaml_writers_write_is_read_back(read, text):
    dumped = yaml.safe_dump({"users": [{"email": "a@x.example", "phone": text, "bio": f"{text}\n{text}"}]})
    (user,) = read("u.yml", dumped)

    assert [user["phone"], user["bio"]] == [text, f"{text}\n{text}"]


@given(st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=20))
@settings(max_examples=200, deadline=None)
def test_any_text_that_a_yaml_writer_quotes_or_not_is_the_one_of_a_yaml_loader(text):
    for style in (None, '"', "'"):
        dumped = yaml.safe_dump([{"phone": text}], default_style=style, allow_unicode=True)
        assert list_yaml.parse(dumped, "u.yml") == yaml.safe_load(dumped)


@pytest.mark.parametrize("scalar", ["null", "~", ""])
def test_no_value_is_an_option_that_is_not_given(read, scalar):
    assert read("u.yml", f"- email: a@x.example\n  phone: {scalar}\n")[0]["phone"] is None


@pytest.mark.parametrize("scalar", ["Null", "NULL"])
def test_a_name_that_may_be_no_value_is_refused(read, scalar):
    (user,) = read("u.yml", f"- last_name: {scalar}\n")

    with pytest.raises(values.ValueProblem, match=f'is {scalar} without quotes: write "{scalar}"'):
        text_of(user["last_name"])


def test_preferences_keep_the_types_on_which_everybody_agrees(read):
    preferences = "{a: 1, b: 1.5, c: true, d: null, e: text, f: [1, x], g: 2024-01-31, on: 3, 'h': '007'}"
    (user,) = read("u.yml", f"- preferences: {preferences}\n")

    assert values.as_json(user["preferences"]) == {
        "a": 1, "b": 1.5, "c": True, "d": None, "e": "text", "f": [1, "x"], "g": "2024-01-31", "on": 3, "h": "007",
    }  # fmt: skip
    (user,) = read("u.json", '[{"preferences": {"a": 1, "b": 1.50, "c": true, "d": null, "e": 1e3}}]')
    assert values.as_json(user["preferences"]) == {"a": 1, "b": 1.5, "c": True, "d": None, "e": 1000.0}


@pytest.mark.parametrize("scalar", ["no", "007", "12:30:45", "0x1F", "1_000", ".inf", "off", "yes"])
def test_preferences_refuse_what_yaml_parsers_read_in_different_ways(read, scalar):
    (user,) = read("u.yml", f"- preferences: {{country: {scalar}}}\n")

    with pytest.raises(values.ValueProblem, match="can be read in several ways"):
        values.as_json(user["preferences"])


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("u.yml", "- email: a@x.example\n  phone: '1'\n  phone: '2'\n", r"line 3: the key 'phone' is given twice"),
        ("u.yml", "users: []\nusers: []\n", "line 2: the key 'users' is given twice"),
        ("u.yml", "- preferences: {a: 1, a: 2}\n", "the key 'a' is given twice"),
        ("u.json", '[{"email": "a@x.example", "phone": "1", "phone": "2"}]', "'phone' is given twice for a@x.example"),
        ("u.json", '{"users": [], "users": []}', "'users' is given twice"),
        ("u.csv", "email,phone,Phone\na@x.example,1,2\n", "the option phone has two columns, 'phone' and 'Phone'"),
        ("u.csv", "email,email\na@x.example,b@x.example\n", "the option email has two columns"),
    ],
)
def test_what_is_given_twice_is_refused(read, name, content, problem):
    with pytest.raises(InputError, match=problem):
        read(name, content)


def test_merge_keys_and_anchors_work(read):
    found = read("u.yml", "- &a {role: user, phone: '1'}\n- {<<: *a, phone: '2'}\n- *a\n- {<<: [*a, {bio: x}]}\n")

    assert found == [
        {"role": "user", "phone": "1"}, {"role": "user", "phone": "2"}, {"role": "user", "phone": "1"},
        {"role": "user", "phone": "1", "bio": "x"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("u.csv", "email,phone\na@x.example,1,2\n", "the header has 2 columns, but line 2 has 3"),
        ("u.csv", "email,phone,bio\na@x.example,1,\nb@x.exam", "the header has 3 columns, but line 3 has 1"),
        ("u.csv", 'email\n"a', "line 2: unexpected end of data"),
        ("u.csv", "", "is empty"),
        ("u.csv", "sep=;\n;;\n", "is empty"),
        ("u.csv", "email;;phone\na@x.example;x;1\n", "line 2 has a cell in a column without a header"),
        ("u.json", "{", "not valid JSON"),
        ("u.json", '[{"a": NaN}]', "NaN is not a JSON number"),
        ("u.json", "[" * 100_000, "nested more than 100 levels deep"),
        ("u.yml", "[" * 100_000, "nested more than 100 levels deep"),
        ("u.yml", "- " * 100_000, "nested more than 100 levels deep"),
        ("u.yml", "users: [", "not valid YAML"),
        ("u.yml", "people: []", "neither a list nor a dictionary with a list under 'users'"),
        ("u.yml", "", "neither a list"),
        ("u.txt", "email\tphone\na@x.example\t1\n", "neither a list .* the name of a CSV file must end in .csv"),
        ("u.yml", "- a\n---\n- b\n", "line 2: a second document begins"),
        ("u.yml", "- &a [*a]\n", "an alias has no anchor before it"),
        ("u.yml", "- {[a]: b}\n", "line 1: a key must be a text"),
        ("u.yml", "- password: !vault |\n    $ANSIBLE_VAULT;1.1\n", "only whole files can be decrypted"),
        ("u.yml", "- phone: \0\n", "line 1 contains a NUL character"),
        ("u.csv", b"email,first_name\na@x.example,J\xf6rg\n", "line 2 has the byte 0xF6, as in Windows-1252"),
        ("u.yml", b"- first_name: J\xf6rg\n", "not in UTF-8"),
        ("u.json", '["ä"]'.encode("utf-16-le"), "seems to be UTF-16 without a byte order mark"),
        ("u.json", b"\xff\xfe[", "has the byte order mark of UTF-16, and is not in that encoding"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(read, name, content, problem):
    with pytest.raises(InputError, match=problem) as error:
        read(name, content)

    assert name in str(error.value)


@pytest.mark.parametrize(
    "word",
    [
        "*planted",
        "!planted",
        "'planted\\n",
        "[planted",
        "%planted",
        "a: planted: b",
        "&planted",
        "&planted x",
        "`planted",
    ],
)
def test_a_password_without_its_quotes_is_refused_and_not_in_the_message(read, word):
    with pytest.raises(InputError) as error:
        read("u.yml", f"- email: a@x.example\n  password: {word}\n")

    assert "planted" not in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"There is no file u\.yml"):
        list_file.read(tmp_path / "u.yml", "users", ONE_OPTIONS)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("header", ["email{}first_name", "E-Mail{} First Name", "EMAIL{}FIRST-NAME"])
def test_csv_of_people_s_programs_is_taken(read, encoding, separator, header):
    lines = [header.format(separator), *(separator.join(row.values()) for row in ROWS)]

    assert read("u.csv", "\r\n".join(lines).encode(encoding)) == ROWS


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("name", "content"), [("u.json", '[{"first_name": "Jörg"}]'), ("u.yml", "- first_name: Jörg\n")]
)
def test_a_byte_order_mark_tells_the_encoding(read, encoding, name, content):
    assert read(name, content.encode(encoding)) == [{"first_name": "Jörg"}]


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("sep=;\r\nemail;phone\r\na@x.example;1\r\n", [{"email": "a@x.example", "phone": "1"}]),
        ('"email";"bio"\n"a@x.example";"x, y; z"\n', [{"email": "a@x.example", "bio": "x, y; z"}]),
        ("email\na@x.example\n\n", [{"email": "a@x.example"}]),
        ("email;phone;;\na@x.example;;;\n;;;\n", [{"email": "a@x.example"}]),
        ("email;phone\na@x.example;00123\n", [{"email": "a@x.example", "phone": "00123"}]),
        ("email,groups\na@x.example,a; b\n", [{"email": "a@x.example", "groups": "a; b"}]),
        ("email\n", []),
    ],
)
def test_what_is_certain_in_a_csv_file_is_taken(read, content, rows):
    assert read("u.csv", content) == rows


@pytest.mark.parametrize("separator", [",", ";", "|"])
def test_headers_that_are_no_options_are_one_error_with_suggestions(read, separator):
    lines = [separator.join(("Mail", "Vorname", "Kostenstelle"))]
    lines += [separator.join((f"u{number}@x.example", "Ada", "7")) for number in range(1000)]
    with pytest.raises(InputError) as error:
        read("u.csv", "\n".join(lines))

    assert error.value.message == (
        "u.csv: the header has columns that are not options: 'Mail' (is 'email' meant?), "
        "'Vorname' (is 'first_name' meant?), 'Kostenstelle'"
    )
    assert "separated by commas, semicolons or tabs. The options are auth_provider, avatar_url" in str(error.value)


TRICKY = """\
# a comment
users:
- email: a@x.example
  bio: |
    - not an entry
    - nor this
- email: "b@x.example
- c"
- &anchor {email: d@x.example, groups: [
    a ]}
- *anchor
"""
FINE = """\
---
users:
  - email: a@x.example
    bio: >-
      - text
  # between
  - {email: b@x.example}
  - - nested
"""


@pytest.mark.parametrize("text", [TRICKY, FINE, FINE.replace("users:\n", ""), "users: []\n", "[]"])
def test_structures_are_those_of_a_yaml_loader(read, text):
    whole = yaml.safe_load(text)

    assert read("u.yml", text) == (whole["users"] if isinstance(whole, dict) else whole)


def test_aliases_cannot_fill_the_memory(read):
    lines = ["- preferences:", "    a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"    a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 10)]
    (user,) = read("u.yml", "\n".join(lines))

    with pytest.raises(values.ValueProblem, match=f"more than {unquoted_scalars.VALUES} values"):
        values.as_json(user["preferences"])


def test_a_large_file_takes_little_time(read):
    text = "users:\n" + "".join(f"- {{email: u{number}@x.example, phone: 0170}}\n" for number in range(20_000))
    started = time.monotonic()

    assert len(read("u.yml", text)) == 20_000
    assert time.monotonic() - started < 30
