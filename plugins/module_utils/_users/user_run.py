# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of wanted users from the first question to the commit: read, plan, apply.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._app.audit_log import Trail
from .._core.errors import DatabaseError, InputError
from .._core.plan import Plan
from .._core.redaction import Secret
from .._postgres.connection import Database
from . import dependents, user_plan, user_repository
from . import passwords as users_passwords
from .field_types import ValueProblem
from .group_names import GroupNames
from .user_plan import Matches, Present, Task
from .user_spec import Reader, Wanted, username_candidates


class UserWork:
    """One run over one list."""

    def __init__(self, params: Mapping[str, Any], *, check_mode: bool) -> None:
        self.params = params
        self.database = Database(params, read_only=check_mode)
        if not check_mode:
            self.database.lock("users", user_repository.LOCK)
        self.store = user_repository.UserStore(self.database)
        self.trail = Trail(self.database, params, "user")
        self.trail.check()
        self.reader = Reader(self.store.columns, params)
        self.wanted: list[Wanted] = []
        self.verified: dict[tuple[str, str], bool] = {}

    def read(self, entries: Iterable[Mapping[str, Any]], *, single: bool) -> None:
        """Take the list in; what is wrong with it is told together with what the database says to it."""
        self.wanted = self.reader.read(entries, single=single)

    def plan(self) -> Plan:
        """Compare with what is there. Raises InputError with all problems of the run."""
        self.problems = self.reader.problems.copy()
        prunes = self._can_prune()
        planned = self.params["planned_groups"] if self.database.read_only else None
        # To read all groups takes a while where there are many, and most lists name none.
        named = any(user.groups is not None for user in self.wanted)
        self.groups = GroupNames.of(self.database, planned or ()) if named else GroupNames(())
        self._find_groups()
        matches = user_plan.match(self.wanted, self.store.rows(self.wanted, self.groups))
        self.problems += matches.problems
        if not self.problems and self._verify_passwords(matches):
            # That takes minutes for a long list: look again, now that the answers are known.
            self.database.rollback()
            return self.plan()
        self.pruned = self._pruned(matches) if prunes else []
        self.owns = self._owns(matches)
        self.tasks, unchanged = self._tasks(matches)
        self.problems += user_plan.refuse_taken_usernames(self.tasks, matches.holders)
        if user_plan.needs_super_admins(self.tasks):
            problem = user_plan.refuse_last_super_admin(self.tasks, self.store.active_super_admins())
            self.problems += [problem] if problem else []
        self.transfers = self._transfers()
        if self.tasks:
            self.problems += self.database.missing_rights(user_repository.RIGHTS)
        if self.problems:
            raise InputError.of(list(self.problems), hint="Nothing was changed.")
        return Plan(tuple(task.change for task in self.tasks), tuple(unchanged))

    def apply(self, plan: Plan) -> None:
        """Do it, in one transaction."""
        passwords = {
            task.change.name: str(text) for task in self.tasks if (text := self._new_password(task)) is not None
        }
        hashes: dict[str, str] = {}
        if passwords:
            # Hashing a thousand takes minutes, in which no transaction shall stay open.
            self.database.rollback()
            hashes = dict(zip(passwords, users_passwords.hash_all(list(passwords.values()))))
            if self.plan() != plan:
                raise DatabaseError(
                    "The platform changed some of the same users while the passwords were hashed",
                    hint="Nothing was changed: run it again.",
                )
        self.store.delete(user_repository.deletions(self.tasks), self.belongings, self.transfers)
        kept = [task for task in self.tasks if task.change.after is not None]
        ids = self.store.write(kept, hashes, self.groups)
        ids.update({task.change.name: task.present.id for task in self.tasks if task.present})
        self.trail.write((task.change, ids[task.change.name]) for task in self.tasks)
        self.database.commit()

    def credentials(self) -> list[tuple[str, str, str]]:
        """Email, username and password of each user whose password was set."""
        found = []
        for task in self.tasks:
            password = self._new_password(task)
            if password is not None:
                row = {**(task.present.row if task.present else {}), **(task.change.after or {})}
                found.append((str(row.get("email", task.change.name)), str(row["username"]), str(password)))
        return found

    def _find_groups(self) -> None:
        """Replace what groups are called in the list by their labels."""
        for user in self.wanted:
            labels = []
            for text in user.groups or ():
                try:
                    labels.append(self.groups.find(text))
                except ValueProblem as problem:
                    self.problems.add(user.label, f"groups: {problem}")
            if user.groups is not None:
                user.groups = labels

    def _verify_passwords(self, matches: Matches) -> bool:
        """Note in the rows which users have the wanted password already, for those whose password is always set.

        Returns whether anything had to be computed for it.
        """
        pairs = []
        for user in self.wanted:
            present = matches.found.get(user.key)
            if present is None or not user.always_password:
                continue
            stored = present.row["hashed_password"]
            if user.password_hash:
                matches.found[user.key] = _with_password(present, same=user.password_hash == stored)
            else:
                pairs.append((user, present, (user.password or "", stored or "")))
        unknown = [pair for _user, _present, pair in pairs if pair not in self.verified]
        self.verified.update(zip(unknown, users_passwords.verify_all(unknown)))
        for user, present, pair in pairs:
            matches.found[user.key] = _with_password(present, same=self.verified[pair])
        return bool(unknown)

    def _can_prune(self) -> bool:
        """Return whether to prune. Options with which others would be removed than is meant are problems."""
        if not self.params["prune"]:
            return False
        labels = self.store.columns["auth_provider"].labels
        problems = user_plan.problems_of_pruning(self.params, self.wanted, labels)
        self.problems += problems
        return not problems

    def _pruned(self, matches: Matches) -> list[Present]:
        """The users that are removed because the list does not have them."""
        provider = self.params["prune_auth_provider"]
        scope = self.store.scope(provider, self.params["prune_organization_id"])
        listed = {matches.found[user.key].id for user in self.wanted if user.key in matches.found}
        kept = {matches.found[user.key].id for user in self.wanted if user.key in matches.found and not user.absent}
        protected = {email.lower() for email in (*self.params["prune_protected"], self.params["transfer_to"] or "")}
        pruned = [user for user in scope if user.id not in listed and user.email.lower() not in protected]
        if self.params["owned"] == "archive":
            pruned = [user for user in pruned if user.row["status"] != "archived"]
        remaining = sum(user.id in kept for user in scope)
        problem = user_plan.refuse_pruning_too_many(len(pruned), len(scope), remaining, self.params["prune_limit"])
        self.problems += [problem] if problem else []
        return pruned

    def _owns(self, matches: Matches) -> dict[str, dict[str, int]]:
        leaving = [matches.found[user.key].id for user in self.wanted if user.absent and user.key in matches.found]
        leaving += [present.id for present in self.pruned]
        self.belongings = self.store.belongings() if leaving else dependents.classify(())
        return dependents.count(self.database, self.belongings, leaving)

    def _tasks(self, matches: Matches) -> tuple[list[Task], list[str]]:
        """What is done to whom, in the order of the list, and the emails of those left as they are."""
        usernames = self._usernames([user for user in self.wanted if not user.absent and user.key not in matches.found])
        tasks, unchanged = [], []
        for user in self.wanted:
            present = matches.found.get(user.key)
            if not user.absent:
                change = user_plan.change_of(user, present, usernames)
            elif present:
                change = self._deletion(present, user.label, user.options["owned"])
            else:
                change = None
            if change:
                tasks.append(Task(change, user, present))
            else:
                unchanged.append(present.email if present else user.final_email)
        for present in self.pruned:
            change = self._deletion(present, f"{present.email} (to be pruned)", self.params["owned"])
            if change:
                tasks.append(Task(change, None, present))
        return tasks, unchanged

    def _deletion(self, present: Present, label: str, owned: str) -> Any | None:
        owns = self.owns.get(present.id, {})
        if owns and owned == "refuse":
            self.problems.append(
                f"{label} owns {dependents.describe(owns)}: say with owned to transfer them, or to archive the user "
                "instead"
            )
        return user_plan.deletion_of(present, owns, owned)

    def _usernames(self, users: Sequence[Wanted]) -> dict[str, str]:
        nameless = [user for user in users if not user.fields.get("username")]
        if not nameless:
            return {}
        candidates = [name for user in nameless for name in username_candidates(user.final_email)]
        listed = {user.fields["username"] for user in self.wanted if user.fields.get("username")}
        made, problems = user_plan.make_usernames(nameless, self.store.taken(candidates) | listed)
        self.problems += problems
        return made

    def _transfers(self) -> dict[str, list[str]]:
        """Who takes what over: the id of each target, with those of the users that leave it something."""
        leaving = {}
        for task in user_repository.deletions(self.tasks):
            options = task.wanted.options if task.wanted else self.params
            if task.present and task.present.id in self.owns and options["owned"] == "transfer":
                leaving[task.present.id] = str(options["transfer_to"])
        targets = self.store.emails_to_ids(set(leaving.values())) if leaving else {}
        gone = {task.present.id for task in user_repository.deletions(self.tasks) if task.present}
        transfers: dict[str, list[str]] = {}
        for identifier, email in leaving.items():
            target = targets.get(email.lower())
            if target is None or target in gone:
                reason = "is not there" if target is None else "is itself removed"
                self.problems.append(f"transfer_to: {email} {reason}")
            else:
                transfers.setdefault(target, []).append(identifier)
        return transfers

    def _new_password(self, task: Task) -> Secret | None:
        """The password of which a hash is needed; None where there is none, or it is given as a hash."""
        if task.wanted is None or task.wanted.password is None:
            return None
        password = (task.change.after or {}).get("password")
        return password if isinstance(password, Secret) else None


def _with_password(present: Present, *, same: bool) -> Present:
    return Present({**present.row, "same_password": same})
