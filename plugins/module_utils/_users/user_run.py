# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change a list of users: read, plan, hash passwords, write, log in.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .._app.audit_log import Trail
from .._core.errors import DatabaseError, InputError
from .._core.plan import CREATE, DELETE, UPDATE, Plan
from .._core.work import Invocation, Work
from .._entities import dependents
from .._entities.dependents import Belongings, Held
from .._entities.list_problems import Problems
from .._postgres.connection import Database
from . import passwords, user_plan, user_safeguards, usernames
from .group_spec import GroupNames
from .user_plan import Context, CurrentUser, Matches, Task, UserPlan
from .user_reader import UserReader
from .user_repository import UserRepository
from .user_spec import OPTIONS, POLICY_OPTIONS, USER_OPTIONS, DesiredUser


class UserWork(Work):
    """The work of convosphere_user, in one transaction."""

    def __init__(self, call: Invocation, held: Held) -> None:
        self.call = call
        self.held = held
        self.params = call.params
        self.repository = UserRepository(Database(call.params, read_only=call.check_mode))
        self.trail = Trail(self.repository.database, call.params, "user")
        self.desired: list[DesiredUser] = []
        self.problems = Problems()
        #: Whether a password belongs to a stored hash: to compute it takes a quarter of a second.
        self.verified: dict[tuple[str, str], bool] = {}
        self.planned = UserPlan()
        self.logins: dict[str, list[str]] = {}

    def plan(self) -> Plan:
        """Read the list, then the current users that it is about, and compare. Raises InputError with all problems."""
        entries = self._entries()
        if not self.call.check_mode:
            self.repository.lock()
        reader = UserReader(self.repository.columns, self.params)
        self.trail.check()
        self.desired = reader.read(entries, single=self.params["email"] is not None)
        self.problems = reader.problems
        self.planned = self._read_and_plan()
        return self.planned.plan

    def apply(self, plan: Plan) -> None:
        """Write all changes, or none."""
        hashes = self._hash(plan)
        ids = self.repository.write(self.planned, hashes)
        self.trail.write((task.change, ids[task.change.name]) for task in self.planned.tasks)
        self.repository.database.commit()

    def verify(self, plan: Plan) -> None:
        """Log in with the passwords that were set, if verify_login is set."""
        if self.params["verify_login"]:
            # Imports that few runs need are made here: Ansible compiles a module anew in each run.
            from . import login_check

            self.logins = login_check.verify(self.params, self.planned.credentials)

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
            yield from filter(None, (user.password, user.password_hash))

    def close(self) -> None:
        """Close the connection."""
        self.repository.database.close()

    def _entries(self) -> list[Any]:
        if self.params["users_file"]:
            from .._entities import list_file

            return list_file.read(Path(self.params["users_file"]), "users", OPTIONS)
        if self.params["users"] is not None:
            return list(self.params["users"])
        # Ansible would have made a text of a number, and not the one that was written.
        return [{name: self.call.given.get(name, self.params[name]) for name in (*USER_OPTIONS, *POLICY_OPTIONS)}]

    def _hash(self, plan: Plan) -> dict[str, str]:
        """Hash the new passwords, by the names of the changes, and check that ``plan`` still holds.

        Hashing a thousand passwords takes minutes, during which no transaction is open.
        """
        new = self.planned.new_passwords
        if not new:
            return {}
        self.repository.database.rollback()
        hashes = dict(zip(new, passwords.hash_all(list(new.values()))))
        self.planned = self._read_and_plan()
        if self.planned.plan != plan:
            raise DatabaseError(
                "The platform changed some of the same users while their passwords were hashed",
                hint="Nothing was changed: run it again.",
            )
        return hashes

    def _read_and_plan(self) -> UserPlan:
        """Read the current users and plan, in one transaction. Sets no attribute. Raises InputError with all problems.

        If passwords are to be verified, which takes minutes for a long list, no transaction is open meanwhile, and all
        is read again afterwards.
        """
        while True:
            problems = self.problems.copy()
            problems += self._refuse_prune_options()
            names = self.repository.group_names(self.desired, self._planned_groups)
            groups = user_plan.resolve_groups(self.desired, names, problems)
            matches = user_plan.match(self.desired, self.repository.rows(self.desired, names))
            problems += matches.problems
            pairs = [] if problems else user_plan.to_verify(self.desired, matches).values()
            unknown = [pair for pair in pairs if pair not in self.verified]
            if not unknown:
                same = user_plan.same_passwords(self.desired, matches, self.verified)
                return self._plan(names, matches, Context(groups=groups, same_password=same), problems)
            self.repository.database.rollback()
            self.verified.update(zip(unknown, passwords.verify_all(unknown)))

    def _plan(self, names: GroupNames, matches: Matches, context: Context, problems: Problems) -> UserPlan:
        pruned = self._read_pruned(matches, problems)
        belongings, owns = self._read_owned(matches, pruned)
        context = replace(context, usernames=self._derive_usernames(matches, problems))
        tasks, unchanged, refused = user_plan.plan_users(self.desired, matches, owns, context)
        problems += refused
        more, refused = user_plan.plan_pruned(pruned, owns, self.params["owned"])
        tasks += more
        problems += [*refused, *usernames.refuse_taken(tasks, matches.holders)]
        if user_safeguards.needs_super_admins(tasks):
            super_admins = self.repository.active_super_admins()
            problems += user_safeguards.refuse_last_super_admin(tasks, super_admins)
        if user_plan.deletions(tasks):
            problems += user_safeguards.refuse_held(tasks, self.held(self.repository.database, "user"))
        transfers = self._plan_transfers(tasks, owns, problems)
        if tasks:
            problems += self.repository.missing_rights()
        if problems:
            raise InputError.of(list(problems), hint="Nothing was changed.")
        plan = Plan(tuple(task.change for task in tasks), tuple(unchanged))
        return UserPlan(plan, tasks, names, belongings, transfers)

    @property
    def _planned_groups(self) -> Sequence[str]:
        """The groups that count as existing: in check mode an earlier task did not create them."""
        return (self.params["planned_groups"] or ()) if self.call.check_mode else ()

    def _refuse_prune_options(self) -> list[str]:
        if not self.params["prune"]:
            return []
        labels = self.repository.columns["auth_provider"].labels
        return user_safeguards.refuse_prune_options(self.params, self.desired, labels)

    def _read_pruned(self, matches: Matches, problems: Problems) -> list[CurrentUser]:
        """Read the users to prune; none if the options do not allow it, which is a problem already."""
        if not self.params["prune"] or self._refuse_prune_options():
            return []
        scope = self.repository.scope(self.params["prune_auth_provider"], self.params["prune_organization_id"])
        pruned, refused = user_safeguards.choose_pruned(scope, self.desired, matches, self.params)
        problems += refused
        return pruned

    def _read_owned(
        self, matches: Matches, pruned: Sequence[CurrentUser]
    ) -> tuple[Belongings, dict[str, dict[str, int]]]:
        """Read the references to users, and the rows that each user to remove owns, by its id and by table."""
        leaving = [matches.current[user.key].id for user in self.desired if user.absent and user.key in matches.current]
        leaving += [current.id for current in pruned]
        belongings = self.repository.belongings() if leaving else dependents.classify(())
        return belongings, dependents.count(self.repository.database, belongings, leaving)

    def _derive_usernames(self, matches: Matches, problems: Problems) -> dict[str, str]:
        new = [user for user in self.desired if not user.absent and user.key not in matches.current]
        nameless = [user for user in new if not user.fields.get("username")]
        if not nameless:
            return {}
        candidates = [name for user in nameless for name in usernames.candidates(user.final_email)]
        listed = {user.fields["username"] for user in self.desired if user.fields.get("username")}
        derived, refused = usernames.derive(nameless, self.repository.taken(candidates) | listed)
        problems += refused
        return derived

    def _plan_transfers(
        self, tasks: Sequence[Task], owns: Mapping[str, Mapping[str, int]], problems: Problems
    ) -> dict[str, list[str]]:
        deleted = {task.current.id for task in user_plan.deletions(tasks) if task.current}
        leaving = user_plan.leaving(tasks, owns, self.params)
        targets = self.repository.emails_to_ids(set(leaving.values())) if leaving else {}
        transfers, refused = dependents.plan_transfers(leaving, targets, deleted)
        problems += refused
        return transfers
