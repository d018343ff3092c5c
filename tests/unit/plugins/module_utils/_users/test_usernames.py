# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import DELETE, UPDATE
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


def test_derived_usernames_do_not_collide():
    users = [desired("ada@x.example"), desired("ada@y.example")]
    derived, problems = usernames.derive(users, {"b"})

    assert derived["ada@x.example"] == "ada"
    assert derived["ada@y.example"].startswith("ada-")
    assert usernames.derive(users[:1], {"ada"})[0]["ada@x.example"].startswith("ada-")
    assert problems == []
    assert len(usernames.derive(users[:1], set(usernames.candidates("ada@x.example")))[1]) == 1


def test_a_username_that_somebody_keeps_is_taken():
    holders = {"b": current("b@x.example")}
    takes = task(UPDATE, "a@x.example", {"username": "b"})

    assert len(usernames.refuse_taken([takes], holders)) == 1
    assert usernames.refuse_taken([takes, task(DELETE, "b@x.example", None)], holders) == []
    assert usernames.refuse_taken([takes, task(UPDATE, "b@x.example", {"username": "c"})], holders) == []
