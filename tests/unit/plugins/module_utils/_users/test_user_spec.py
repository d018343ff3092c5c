# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._entities.entity_reader import EntityReader
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.catalog import Column
from ansible_collections.convosphere.platform.plugins.module_utils._users import passwords
from ansible_collections.convosphere.platform.plugins.module_utils._users.user_spec import FIELDS, USER
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


def read(*entries: Any) -> Any:
    reader = EntityReader(USER, COLUMNS, [make() for make in USER.parts], DEFAULTS)
    reader.users = reader.read(entries)  # type: ignore[attr-defined]
    return reader


def test_what_is_not_given_is_left_alone_and_what_is_empty_is_cleared():
    user = read({"email": "a@x.example", "phone": "", "preferences": {}, "bio": None, "role": "ADMIN"}).users[0]

    assert user.fields == {"email": "a@x.example", "phone": None, "preferences": None, "role": "admin"}


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("email", "a b@x.example", "must be an email address of ASCII letters"),
        ("email", "a@", "'a@' must be an email address of ASCII letters"),
        ("new_email", "o'brien@x.example", "must be an email address of ASCII letters"),
        ("first_name", ["x"], "must be a text, not a list"),
        ("first_name", "a\0b", "NUL character"),
        ("first_name", "\ud800", "not valid Unicode"),
        ("is_verified", "maybe", "must be true or false"),
        ("organization_id", "1", "must be a UUID"),
        ("preferences", "1", "must be an object"),
        ("groups", [1], "one of them must be a text, not the number 1: quote it"),
        ("state", ["absent"], "is not one of present, absent"),
        ("owned", "transfer", "owned is transfer, and transfer_to is missing"),
        ("transfer_to", ["a@x.example"], "transfer_to must be a text, not a list"),
        ("transfer_to", "\ud800", "not valid Unicode"),
        ("timezone", "../etc/passwd", "does not exist"),
        ("username", "", "cannot be empty"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(option, value, problem):
    (found,) = read({"email": "a@x.example", option: value}).problems

    assert found.startswith("users[0] (")
    assert problem in found


def test_an_entry_with_a_wrong_email_has_its_other_problems_reported_too():
    found = list(read({"email": "o'brien@x.example", "username": "jo", "preferences": [1], "password": 1}).problems)

    assert [one.partition(": ")[2].split()[0] for one in found] == ["email", "username", "preferences", "the"]


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


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("x" * 73, "73 bytes long"),
        ("ä" * 37, "74 bytes long"),
        ("", "is empty"),
        ("planted\0b", "NUL character"),
        ("planted\ud800", "not valid Unicode"),
        ("planted", "shorter than 8 characters"),
        (1234567890, "not the number: quote it"),
        (12345678.5, "not the number: quote it"),
        (True, "not the boolean: quote it"),
        (["planted-secret"], "not a list"),
        ({"planted-secret": 1}, "not a dictionary"),
    ],
)
def test_a_password_that_would_be_another_one_is_refused(password, problem):
    (found,) = read({"email": "a@x.example", "password": password}).problems

    assert problem in found
    assert not any(text in found for text in ("planted", "1234567", "True"))


@pytest.mark.parametrize(
    "stored", ["", "x", "$1$abc", f"$2b$12${'a' * 52}", f"$2b$03${'a' * 53}", f"$2b$12${'a' * 53}\n", 1, ["x"], True]
)
def test_a_malformed_hash_is_refused(stored):
    (found,) = read({"email": "a@x.example", "password_hash": stored}).problems

    assert found == (
        "users[0] (a@x.example): password_hash is not a bcrypt hash "
        "($2b$, $2a$ or $2y$, the rounds, $ and 53 characters)"
    )
    assert passwords.as_hash(f"$2y$10${'a' * 53}")


@pytest.mark.parametrize("option", [name for name, field in FIELDS.items() if field.kind in ("text", "label", "uuid")])
@pytest.mark.parametrize("value", [83, 1.1, True, 0, {"a": 1}, ["a"], [], {}])
def test_only_a_text_is_taken_for_a_text(option, value):
    found = list(read({"email": "a@x.example", option: value}).problems)

    assert len(found) == 1
    assert f"{option} must be a text, not " in found[0]


def test_a_number_in_the_place_of_a_text_is_named_with_its_place_and_the_way_out():
    (found,) = read({"email": "a@x.example", "employee_id": 83}).problems

    assert found == (
        'users[0] (a@x.example): employee_id must be a text, not the number 83: quote it, "...", in its source'
    )


def test_the_same_problem_of_many_entries_is_one_sentence():
    found = list(read(*({"e-mail": f"u{number}@x.example"} for number in range(1000))).problems)

    assert found == [
        "users[0], users[1], users[2] and 997 more: there is no option 'e-mail' (is 'email' meant?)",
        "users[0], users[1], users[2] and 997 more: email is missing",
    ]


@pytest.mark.parametrize(
    ("name", "meant"),
    [("Vorname", "first_name"), (" First Name", "first_name"), ("usrname", "username"), ("Telefon", "phone"), (1, "")],
)
def test_an_option_is_suggested_for_what_people_write(name, meant):
    (found,) = read({"email": "a@x.example", name: "x"}).problems

    assert found.endswith(f"(is '{meant}' meant?)" if meant else f"there is no option '{name}'")


def test_a_user_that_the_platform_cannot_show_can_be_removed_and_renamed():
    entries = [
        {"email": "o'brien@x.example", "state": "absent"},
        {"email": "jörg@localhost", "new_email": "joerg@x.example"},
        {"email": "no address", "state": "absent"},
    ]
    found = read(*entries)

    assert list(found.problems) == []
    assert [user.fields["email"] for user in found.users] == ["o'brien@x.example", "jörg@localhost", "no address"]


def test_what_is_given_cannot_break_a_message():
    (found,) = read({"email": "a\ud800\n@x.example" + "x" * 5000}).problems

    assert found.isprintable()
    assert len(found) < 500
