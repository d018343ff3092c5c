# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The second look at the current users, after passwords were hashed or verified, for which no transaction is open."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import DatabaseError
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Invocation
from ansible_collections.convosphere.platform.plugins.module_utils._entities.entity import Part, Reading
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.catalog import Column
from ansible_collections.convosphere.platform.plugins.module_utils._users import passwords
from ansible_collections.convosphere.platform.plugins.module_utils._users.user_run import UserWork
from ansible_collections.convosphere.platform.plugins.module_utils._users.user_spec import USER

from support.users import row

LABELS = {"role": ("SUPER_ADMIN", "USER"), "status": ("ACTIVE",), "auth_provider": ("LOCAL",)}
COLUMNS = {name: Column("text", nullable=True, length=None, labels=LABELS.get(name, ())) for name in USER.fields}
PARAMS: dict[str, Any] = {
    "login_db": "convosphere", "audit_actor": "test", "audit_run": "1", "email": None, "users_file": None,
    "prune": False, "planned_groups": None, "verify_login": False, "state": "present", "groups_mode": "exact",
    "owned": "refuse", "update_password": "on_create", "transfer_to": None,
}  # fmt: skip


class Tables:
    """The repositories, their database and the audit trail in one: ``steps`` are what was asked of it."""

    columns = COLUMNS

    def __init__(self, steps: list[str], *rows: dict[str, Any]) -> None:
        self.database = self
        self.current = list(rows)
        self.steps = steps
        self.hashes: dict[str, str] = {}
        self.parts: list[Any] = []

    def rows(self, _users: Any) -> list[dict[str, Any]]:
        self.steps.append("read")
        return list(self.current)

    def write(self, tasks: Any, belongings: Any = None) -> None:
        self.steps.append("write")
        if belongings is not None:  # not the audit trail's
            [_groups, login] = self.parts
            self.hashes = {task.change.name: login.columns(task).get("hashed_password") for task in tasks}

    def taken(self, _usernames: Any) -> set[str]:
        return set()

    def missing_rights(self, _tasks: Any) -> list[str]:
        return []

    def check(self) -> None:
        self.steps.append("check")

    def __getattr__(self, step: str) -> Any:
        return lambda *_arguments: self.steps.append(step)


def work(tables: Tables, *users: dict[str, Any], **params: Any) -> UserWork:
    options = {**PARAMS, **params, "users": list(users)}
    found = UserWork(Invocation(options, options, check_mode=False, warn=str, hide=str), lambda *_about: ())
    found.repository = found.users = found.trail = found.database = tables  # type: ignore[assignment]
    tables.parts = found.parts
    return found


@pytest.fixture
def steps(monkeypatch) -> list[str]:
    """Note hashing and verifying, both without bcrypt, in one list with what the tables are asked."""
    found: list[str] = []

    def hash_all(texts: list[str]) -> list[str]:
        found.append("hash")
        return [f"hash of {text}" for text in texts]

    def verify_all(pairs: list[tuple[str, str]]) -> list[bool]:
        found.append("verify")
        return [stored == f"hash of {text}" for text, stored in pairs]

    monkeypatch.setattr(passwords, "hash_all", hash_all)
    monkeypatch.setattr(passwords, "verify_all", verify_all)
    return found


NEW = {"email": "new@x.example", "password": "a secret text"}


def test_new_passwords_are_hashed_without_a_transaction_and_written(steps):
    tables = Tables(steps)
    run = work(tables, NEW)
    run.apply(run.plan())

    assert steps == ["lock", "check", "read", "rollback", "hash", "read", "write", "write", "commit"]
    assert tables.hashes == {"new@x.example": "hash of a secret text"}


def test_what_changed_while_passwords_were_hashed_is_detected_and_nothing_is_written(steps):
    tables = Tables(steps)
    run = work(tables, NEW)
    plan = run.plan()
    tables.current = [row("new@x.example")]

    with pytest.raises(DatabaseError, match="changed some of the same users while their passwords were hashed"):
        run.apply(plan)
    assert steps == ["lock", "check", "read", "rollback", "hash", "read"]


def test_passwords_are_verified_without_a_transaction_and_the_users_read_again(steps):
    tables = Tables(steps, row("new@x.example", hashed_password="hash of a secret text"))
    plan = work(tables, NEW, update_password="always").plan()

    assert steps == ["lock", "check", "read", "rollback", "verify", "read"]
    assert plan.changed is False


def test_a_hash_that_changed_while_passwords_were_verified_is_verified_too(steps, monkeypatch):
    tables = Tables(steps, row("new@x.example", hashed_password="hash of a secret text"))
    verify = passwords.verify_all

    def change_and_verify(pairs: Any) -> list[bool]:
        tables.current = [row("new@x.example", hashed_password="hash of another text")]
        return verify(pairs)

    monkeypatch.setattr(passwords, "verify_all", change_and_verify)
    plan = work(tables, NEW, update_password="always").plan()

    assert steps.count("verify") == 2
    assert plan.changed is True


def test_without_passwords_everything_is_read_once(steps):
    tables = Tables(steps)
    run = work(tables, {"email": "new@x.example"})
    run.apply(run.plan())

    assert steps == ["lock", "check", "read", "write", "write", "commit"]


def test_a_group_that_was_left_while_passwords_were_verified_is_not_joined_again(steps):
    class Memberships(Part):
        """Groups of which the first read finds one more than the second."""

        options = {"groups": {"type": "list"}}
        found = [["left"], []]

        def normalise(self, option: str, value: Any) -> Any:
            return list(value)

        def read(self, reading: Reading) -> dict[str, Any]:
            current = self.found.pop(0)
            for user in reading.desired.values():
                user.fields["groups"] = sorted({*user.fields["groups"], *current})  # as Links does
            return {identifier: {"groups": current} for identifier in reading.ids}

    tables = Tables(steps, row("new@x.example", hashed_password="hash of a secret text"))
    run = work(tables, {**NEW, "groups": ["joined"], "groups_mode": "append"}, update_password="always")
    run.parts[0] = Memberships()

    [change] = run.plan()
    assert (change.before, change.after) == ({"groups": []}, {"groups": ["joined"]})
