# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.option_texts import (
    NUL,
    SURROGATE,
    empty,
    misnamed,
    repaired,
    structured,
    unusable,
)

SPEC = {
    "login_db": {"type": "str", "default": "convosphere"},
    "ca_cert": {"type": "path"},
    "label": {"type": "str"},
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present"], "default": "present"},
    "files": {"type": "list", "elements": "dict", "options": {"content": {"type": "str", "required": True}}},
    "place": {"type": "dict", "options": {"directory": {"type": "path"}}},
    "password": {"type": "str", "no_log": True, "required": True},
}


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        ({"a": "fine \u0000"}, [f"The option a {NUL}"]),
        ({"a": ["x", {"b": "\ud800"}]}, [f"The option a[1].b {SURROGATE}"]),
        ({"a": {"k\0": 1}}, [f"The option a.k\ufffd {NUL}"]),
        ({"a": {"\udcff": 1}}, [f"The option a.\ufffd\ufffd\ufffd {SURROGATE}"]),
        ({"a": "ü \U0001f600 \\u0000", "n": 1, "b": None, "t": True}, []),
    ],
)
def test_texts_that_can_be_stored_nowhere_are_named_by_their_place(options, problems):
    assert unusable(options) == problems


def test_a_repaired_text_can_be_printed():
    found = repaired({"a\0": ["\ud800x", 1, "ü"]})

    assert found == {"a\ufffd": ["\ufffd\ufffd\ufffdx", 1, "ü"]}
    assert str(found).encode()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"login_db": ""}, "The option login_db is empty. Leave it out for convosphere, or give a value"),
        ({"login_db": " \t"}, "The option login_db is empty. Leave it out for convosphere, or give a value"),
        ({"ca_cert": ""}, "The option ca_cert is empty. Give a value or leave it out"),
        ({"name": ""}, "The option name is empty. Give a value"),
        ({"files": [{"content": "x"}, {"content": ""}]}, "The option files[1].content is empty. Give a value"),
        ({"place": {"directory": ""}}, "The option place.directory is empty. Give a value or leave it out"),
    ],
)
def test_a_text_that_has_to_say_something_is_not_empty(options, problem):
    assert list(empty(SPEC, options)) == [problem]


@pytest.mark.parametrize("options", [{"label": ""}, {"ca_cert": None}, {"password": ""}, {"files": None}, {}])
def test_other_texts_may_be_empty(options):
    assert list(empty(SPEC, options)) == []


def test_an_exception_is_named_without_its_index():
    assert list(empty(SPEC, {"files": [{"content": ""}]}, frozenset({"files.content"}))) == []


@pytest.mark.parametrize("name", ["", " ", "../../x", "a/b", ".", "..", "-prod", "prod\n", "prod x", "x" * 64, "größe"])
def test_what_cannot_be_the_name_of_an_environment_is_refused(name):
    (problem,) = misnamed({"environment_name": name})

    assert problem.startswith(f"The option environment_name is {name!r}. Allowed: the name of a group")


@pytest.mark.parametrize("options", [{"environment_name": name} for name in ("dev", "prod-eu_2", "1.x", None)] + [{}])
def test_the_name_of_an_environment_is_accepted(options):
    assert misnamed(options) == []


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": ["x"]}, "The option name is a list. Give a text"),
        ({"place": {"a": "b"}}, "The option place is a dictionary. Give a text"),
        ({"names": ["x", ["y"]]}, "The option names[1] is a list. Give a text"),
        (
            {"copies": [{"secret": "x"}, {"secret": {"a": 1}}]},
            "The option copies[1].secret is a dictionary. Give a text",
        ),
    ],
)
def test_a_structure_in_the_place_of_a_text_is_refused(given, sentence):
    spec = {
        "name": {},
        "place": {"type": "path"},
        "names": {"type": "list", "elements": "str"},
        "copies": {"type": "list", "elements": "dict", "options": {"secret": {"type": "str", "no_log": True}}},
        "anything": {"type": "raw"},
        "settings": {"type": "dict"},
    }

    assert list(structured(spec, given)) == [sentence]
    usable = {"name": 1, "names": "a,b", "copies": [{"secret": "x"}], "anything": [1], "settings": {"a": []}}
    assert list(structured(spec, usable)) == []
