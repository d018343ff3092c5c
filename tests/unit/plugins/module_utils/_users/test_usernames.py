# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import DELETE, UPDATE
from ansible_collections.convosphere.platform.plugins.module_utils._entities.list_problems import Problems
from ansible_collections.convosphere.platform.plugins.module_utils._users import usernames

from support.users import current, desired, task


def test_usernames_depend_on_the_email_alone():
    base, other = usernames.candidates("Ada.Lovelace+x@example.com")

    assert base == "ada.lovelace-x"
    assert other == usernames.candidates("ADA.lovelace+X@EXAMPLE.com")[1]
    assert len(other) == len(base) + 7
    assert usernames.candidates("漢字@example.com")[0] == "user"
    assert [len(name) for name in usernames.candidates("jo@example.com")] == [9]
    assert all(len(name) <= 100 for name in usernames.candidates("x" * 200 + "@example.com"))


def derived(taken: set[str], *emails: str) -> tuple[list[str], list[str]]:
    users, problems = [desired(email) for email in emails], Problems()
    usernames.derive(users, taken, problems)
    return [user.fields.get("username", "") for user in users], list(problems)


def test_derived_usernames_do_not_collide():
    assert derived({"b"}, "ada@x.example")[0] == ["ada"]
    (first, second), problems = derived({"b"}, "ada@x.example", "ada@y.example")
    assert first == "ada"
    assert second.startswith("ada-")
    assert problems == []
    assert derived({"ada"}, "ada@x.example")[0][0].startswith("ada-")
    assert len(derived(set(usernames.candidates("ada@x.example")), "ada@x.example")[1]) == 1


def test_a_username_that_somebody_keeps_is_taken():
    holders = {"b": current("b@x.example")}
    takes = task(UPDATE, "a@x.example", {"username": "b"})

    assert len(usernames.refuse_taken([takes], holders)) == 1
    assert usernames.refuse_taken([takes, task(DELETE, "b@x.example", None)], holders) == []
    assert usernames.refuse_taken([takes, task(UPDATE, "b@x.example", {"username": "c"})], holders) == []
