# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from ansible_collections.convosphere.platform.plugins.module_utils import _list_file, _owned, _passwords
from ansible_collections.convosphere.platform.plugins.module_utils._database import Column, Reference
from ansible_collections.convosphere.platform.plugins.module_utils._errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._fields import ValueProblem
from ansible_collections.convosphere.platform.plugins.module_utils._groups import GroupNames
from ansible_collections.convosphere.platform.plugins.module_utils._users import FIELDS, Reader
from hypothesis import given, settings
from hypothesis import strategies as st

LABELS = {
    "role": ("SUPER_ADMIN", "ADMIN", "USER"),
    "status": ("ACTIVE", "SUSPENDED"),
    "auth_provider": ("LOCAL", "LDAP"),
}
REQUIRED = {"email", "username", "role", "status", "auth_provider", "language", "timezone", "is_verified"}
COLUMNS = {
    name: Column("text", name not in REQUIRED, 255 if name == "email" else 100, LABELS.get(name, ()))
    for name in ("email", *FIELDS)
}
DEFAULTS: Mapping[str, Any] = {
    "state": "present", "groups_mode": "exact", "update_password": "on_create", "owned": "refuse", "transfer_to": None,
}  # fmt: skip


def read(*entries: Any) -> Reader:
    reader = Reader(COLUMNS, DEFAULTS)
    reader.wanted = reader.read(entries)
    return reader


def test_what_is_not_given_is_left_alone_and_what_is_empty_is_cleared():
    user = read({"email": "a@x.example", "phone": "", "preferences": {}, "bio": None, "role": "ADMIN"}).wanted[0]

    assert user.fields == {"phone": None, "preferences": None, "role": "admin"}
    assert user.groups is None


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("email", "a b@x.example", "is no email address"),
        ("email", "a@x..example", "is no email address"),
        ("new_email", "a@", "is no email address"),
        ("first_name", ["x"], "must be a text, not list"),
        ("first_name", "a\0b", "null character"),
        ("first_name", "\ud800", "not valid Unicode"),
        ("is_verified", "maybe", "must be true or false"),
        ("organization_id", "1", "must be a UUID"),
        ("preferences", "1", "must be a JSON object or list"),
        ("groups", [1], "must be a list of names"),
        ("state", ["absent"], "is none of present, absent"),
        ("owned", "transfer", "transfer_to does not say to whom"),
        ("timezone", "../etc/passwd", "does not exist"),
        ("username", "", "cannot be empty"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(option, value, problem):
    (found,) = read({"email": "a@x.example", option: value}).problems

    assert found.startswith("users[0] (")
    assert problem in found


def test_duplicates_name_both():
    problems = read(
        {"email": "a@x.example"}, {"email": "b@x.example"}, {"email": "c@x.example", "new_email": "A@x.example"}
    )

    assert problems.problems == ["users[0] (a@x.example) and users[2] (c@x.example) are the same email in the list"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
@settings(max_examples=200, deadline=None)
def test_no_value_whatsoever_is_more_than_a_problem(value):
    for option in (
        "email",
        "first_name",
        "role",
        "preferences",
        "groups",
        "locked",
        "password",
        "password_hash",
        "owned",
    ):
        read({"email": "a@x.example", option: value})
    read(value)


def test_passwords_are_hashed_as_the_platform_does_and_verified():
    hashes = _passwords.hash_all(["one", "zwei äö"])

    assert all(text.startswith("$2b$12$") for text in hashes)
    assert bcrypt.checkpw("zwei äö".encode(), hashes[1].encode())
    assert _passwords.verify_all([("one", hashes[0]), ("one", hashes[1]), ("one", None), ("one", "no hash")]) == [
        True, False, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("password", "good"),
    [("x" * 72, True), ("x" * 73, False), ("ä" * 37, False), ("", False), ("a\0b", False), ("\ud800", False)],
)
def test_a_password_that_bcrypt_would_cut_is_refused(password, good):
    problem = _passwords.problem_of_password(password)

    assert (problem is None) is good
    assert password == "" or password not in str(problem)


@pytest.mark.parametrize(
    "stored", ["", "x", "$1$abc", f"$2b$12${'a' * 52}", f"$2b$03${'a' * 53}", f"$2b$12${'a' * 53}\n"]
)
def test_a_malformed_hash_is_refused(stored):
    assert _passwords.problem_of_hash(stored)
    assert not _passwords.problem_of_hash(f"$2y$10${'a' * 53}")


def test_what_belongs_to_a_user_is_told_by_the_columns():
    owned = Reference("assistants", "creator_id", nullable=False, association=False)
    member = Reference("user_group_association", "user_id", nullable=False, association=True)
    personal = Reference("user_dashboards", "user_id", nullable=False, association=False)
    history = Reference("audit_logs", "user_id", nullable=True, association=False)
    invited = Reference("domain_group_members", "invited_by", nullable=True, association=False)
    tool = Reference("tools", "creator_id", nullable=True, association=False)
    found = _owned.classify([owned, member, personal, history, invited, tool])

    assert found.owned == [owned]
    assert found.transferred == [owned, tool]
    assert found.removed == [member, personal]
    assert found.forgotten == [history, invited, tool]


def test_groups_of_one_name_are_called_by_their_ids():
    groups = GroupNames([("1", "a"), ("2", "twins"), ("3", "twins")], ["planned"])

    assert groups.labels == {"1": "a", "2": "2", "3": "3"}
    assert [groups.find(text) for text in ("a", "1", "2", "planned")] == ["a", "a", "2", "planned"]
    with pytest.raises(ValueProblem, match="2, 3"):
        groups.find("twins")
    with pytest.raises(ValueProblem, match="no group 'b'"):
        groups.find("b")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("u.csv", "email,phone\na@x.example,1,2\n", "row 2 has more cells than the header"),
        ("u.csv", 'email\n"a', "line 1"),
        ("u.json", "{", "not valid JSON"),
        ("u.yml", "users: [", "not valid YAML"),
        ("u.yml", "people: []", "neither a list nor a dictionary with a list under 'users'"),
        ("u.yml", "", "neither a list"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, name, content, problem):
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=problem) as error:
        _list_file.read(tmp_path / name, "users")

    assert name in str(error.value)


@pytest.mark.parametrize("word", ["*planted", "!planted", "'planted\\n", "[planted", "%planted", "a: planted: b"])
def test_a_password_without_its_quotes_is_not_in_the_message(tmp_path, word):
    (tmp_path / "u.yml").write_text(f"- email: a@x.example\n  password: {word}\n")
    with pytest.raises(InputError) as error:
        _list_file.read(tmp_path / "u.yml", "users")

    assert "planted" not in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"There is no file u\.yml"):
        _list_file.read(tmp_path / "u.yml", "users")


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
- ]}
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


@pytest.mark.parametrize(
    "text", [TRICKY.replace("- ]", "  ]"), FINE, FINE.replace("users:\n", ""), "users: []\n", "[]"]
)
def test_yaml_in_parts_is_the_same_as_at_once(tmp_path, monkeypatch, text):
    import yaml

    monkeypatch.setattr(_list_file, "CHUNK", 1)
    path = tmp_path / "u.yml"
    path.write_text(text)
    whole = yaml.safe_load(text)

    assert _list_file.read(path, "users") == (whole["users"] if isinstance(whole, dict) else whole)


def test_a_large_file_takes_little_time(tmp_path: Path):
    path = tmp_path / "u.yml"
    path.write_text("users:\n" + "".join(f"- {{email: u{number}@x.example, phone: '1'}}\n" for number in range(20_000)))
    started = time.monotonic()

    assert len(_list_file.read(path, "users")) == 20_000
    assert time.monotonic() - started < 30
