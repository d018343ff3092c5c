# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change users: read the list and the current users, plan, hash passwords, write, verify logins.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._core.errors import DatabaseError
from .._core.plan import CREATE, DELETE, UPDATE, Plan
from .._core.work import Invocation
from .._entities import dependents, entity_plan
from .._entities.dependents import Held
from .._entities.desired import Desired, Task
from .._entities.entity import Planned, Reading
from .._entities.entity_run import EntityWork
from . import passwords, user_login, user_plan, user_safeguards, usernames
from .user_departure import UserDeparture
from .user_login import Login
from .user_plan import Current, Row
from .user_repository import UserRepository
from .user_spec import USER, final_email


class UserWork(EntityWork):
    """The work of convosphere_user, in one transaction."""

    def __init__(self, call: Invocation, held: Held) -> None:
        self.departure = UserDeparture(held)
        super().__init__(call, replace(USER, departure=self.departure))
        self.users = UserRepository(self.database)
        self.current = Current()
        #: Whether a password belongs to a stored hash: to compute it takes a quarter of a second.
        self.verified: dict[tuple[str, str], bool] = {}
        self.logins: dict[str, list[str]] = {}

    def apply(self, plan: Plan) -> None:
        """Hash the new passwords, check that ``plan`` still holds, and write all changes, or none.

        Hashing a thousand passwords takes minutes, during which no transaction is open.
        """
        new = {task.change.name: text for task in self.tasks if (text := user_login.to_hash(task)) is not None}
        if new:
            self.database.rollback()
            hashes = dict(zip(new, passwords.hash_all(list(new.values()))))
            for part in self.parts:
                if isinstance(part, Login):
                    part.hashes = hashes
            if self._plan() != plan:
                raise DatabaseError(
                    "The platform changed some of the same users while their passwords were hashed",
                    hint="Nothing was changed: run it again.",
                )
        super().apply(plan)

    def verify(self, plan: Plan) -> None:
        """Log in with the passwords that were set, if verify_login is set."""
        if self.params["verify_login"]:
            # Imports that few runs need are made here: Ansible compiles a module anew in each run.
            from . import login_check

            self.logins = login_check.verify(self.params, user_plan.credentials(self.tasks, self.current.rows))

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return which users were created, updated, deleted and unchanged."""
        return {
            "created": plan.names(CREATE),
            "updated": {change.name: sorted(change.after or {}) for change in plan.of(UPDATE)},
            "deleted": plan.names(DELETE),
            "unchanged": list(plan.unchanged),
            **({"logins": self.logins} if self.params["verify_login"] and not self.call.check_mode else {}),
        }

    def secrets(self) -> Iterable[str]:
        """Return the passwords and hashes of the list, which may come from a file."""
        for user in self.desired:
            yield from (str(user.fields[name]) for name in ("password", "password_hash") if user.fields.get(name))

    @property
    def _planned(self) -> Planned:
        return {"groups": (self.params["planned_groups"] or ()) if self.call.check_mode else ()}

    def _read_and_plan(self) -> tuple[list[Task], list[str]]:
        """Return the tasks, and the emails of unchanged users.

        If passwords are to be verified, which takes minutes for a long list, no transaction is open meanwhile, and all
        is read again afterwards.
        """
        problems = self.problems
        users = [user for user in self.desired if user.fields["email"]]
        user_plan.refuse_duplicates(users, problems)
        refused = self._refuse_prune_options(users)
        problems += refused
        groups = {user.label: user.fields["groups"] for user in users if user.fields.get("groups") is not None}
        while True:
            self.current = user_plan.match(users, self.users.rows(users), problems)
            self._read_groups([user for user in users if user.label in groups], groups)
            pairs = [] if problems else user_plan.to_verify(users, self.current.rows).values()
            unknown = [pair for pair in pairs if pair not in self.verified]
            if not unknown:
                return self._plan_users(users, [] if refused else self._read_pruned(users))
            self.database.rollback()
            self.verified.update(zip(unknown, passwords.verify_all(unknown)))

    def _plan_users(self, users: Sequence[Desired], pruned: Sequence[Row]) -> tuple[list[Task], list[str]]:
        problems, rows = self.problems, self.current.rows
        rows.update({row["id"]: row for row in pruned})
        leaving = [*(user.row for user in users if user.absent and user.exists), *(row["id"] for row in pruned)]
        departures = self._plan_departures(
            {one: {name: rows[one][name] for name in user_plan.SHOWN} for one in leaving},
            [row["id"] for row in pruned],
            {one: rows[one]["email"] for one in leaving},
        )
        self._derive_usernames(users)
        same = user_plan.same_passwords(users, rows, self.verified)
        tasks, unchanged = entity_plan.plan_desired(
            users,
            departures,
            lambda user: user_plan.title_of(user, rows.get(user.row)),
            lambda user, title: user_plan.change_of(user, title, rows.get(user.row), same),
        )
        tasks += [Task(change, row["id"], None) for row in pruned if (change := departures[row["id"]])]
        problems += usernames.refuse_taken(tasks, self.current.holders)
        if user_safeguards.needs_super_admins(tasks, rows):
            super_admins = self.users.active_super_admins()
            problems += user_safeguards.refuse_last_super_admin(tasks, rows, super_admins)
        self._plan_transfers(tasks)
        return tasks, unchanged

    def _plan_transfers(self, tasks: Sequence[Task]) -> None:
        problems = self.problems
        heirs = user_plan.heirs(tasks, self.owns, self.params)
        targets = self.users.emails_to_ids(set(heirs.values())) if heirs else {}
        deleted = {task.id for task in tasks if task.change.action == DELETE}
        self.departure.transfers, refused = dependents.plan_transfers(heirs, targets, deleted)
        problems += refused

    def _refuse_prune_options(self, users: Sequence[Desired]) -> list[str]:
        if not self.params["prune"]:
            return []
        labels = self.repository.columns["auth_provider"].labels
        return user_safeguards.refuse_prune_options(self.params, users, labels)

    def _read_pruned(self, users: Sequence[Desired]) -> list[Row]:
        """Read the users to prune."""
        if not self.params["prune"]:
            return []
        scope = self.users.scope(self.params["prune_auth_provider"], self.params["prune_organization_id"])
        pruned, refused = user_safeguards.choose_pruned(scope, users, self.params)
        problems = self.problems
        problems += refused
        return pruned

    def _read_groups(self, users: Sequence[Desired], groups: Mapping[str, Sequence[str]]) -> None:
        """Read the groups of users, and complete ``groups``, those that the list gives them, by label."""
        given = {user.row: user for user in users}
        for user in users:
            user.fields["groups"] = groups[user.label]
        if given:
            ids = [user.row for user in given.values() if user.exists]
            reading = Reading(self.database, ids, given, self._planned, self.problems)
            for identifier, found in self.parts[0].read(reading).items():
                self.current.rows[identifier].update(found)

    def _derive_usernames(self, users: Sequence[Desired]) -> None:
        nameless = [user for user in users if not user.absent and not user.exists and not user.fields.get("username")]
        if nameless:
            candidates = [name for user in nameless for name in usernames.candidates(final_email(user))]
            listed = {user.fields["username"] for user in users if user.fields.get("username")}
            usernames.derive(nameless, self.users.taken(candidates) | listed, self.problems)
