# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a list of desired users and check it against the table's columns and the platform's rules.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._core.display import printable
from .._entities import field_types, option_names, values
from .._entities.field_types import Field
from .._entities.list_problems import Problems
from .._entities.values import ValueProblem
from .._postgres.catalog import Column
from . import passwords
from .user_spec import ABSENT, CHOICES, EMAIL, FIELDS, KEY, OPTIONS, DesiredUser


class UserReader:
    """Read and check a list of users. ``problems`` collects everything that is wrong with it."""

    def __init__(self, columns: Mapping[str, Column], defaults: Mapping[str, Any]) -> None:
        self.columns = columns
        self.defaults = {name: defaults[name] for name in (*CHOICES, "transfer_to")}
        self.problems = Problems()
        self._options: dict[tuple[Any, ...], Mapping[str, Any]] = {}

    def read(self, entries: Iterable[Any], *, single: bool = False) -> list[DesiredUser]:
        """Return the users of a list that have an email. Every problem of the list is collected."""
        users = []
        for index, entry in enumerate(consume(entries) if isinstance(entries, list) else entries):
            label = "" if single else f"users[{index}]"
            if not isinstance(entry, Mapping):
                self.problems.add(label, f"must be a dictionary of options, not {type(entry).__name__}")
                continue
            user = self._user(label, entry)
            if user:
                users.append(user)
        self._refuse_duplicates(users)
        return users

    def _user(self, label: str, entry: Mapping[str, Any]) -> DesiredUser | None:
        given = entry.get("email")
        email_shown = printable(given)
        name = f"{label} ({email_shown})" if label and given else label or email_shown
        for problem in option_names.unknown(entry, OPTIONS):
            self.problems.add(name, problem)
        if not given:
            self.problems.add(label or "The user", "email is missing")
            return None
        options = self._choices(name, entry)
        renamed = entry.get("new_email")
        # A user whose email breaks the platform's rules can still be removed or renamed.
        email = self._value(name, "email", KEY if renamed or options["state"] == ABSENT else EMAIL, given)
        user = DesiredUser(name, email or "")
        user.options = options
        for option, field in FIELDS.items():
            value = entry.get(option)
            if value is not None:
                user.fields[option] = self._value(name, option, field, value)
        if renamed:
            user.new_email = self._value(name, "new_email", EMAIL, renamed)
        self._read_others(user, name, entry)
        return user if email else None

    def _value(self, name: str, option: str, field: Field, value: Any) -> Any:
        column = self.columns["email" if option == "new_email" else option]
        try:
            return field_types.normalise(field, column, value)
        except ValueProblem as problem:
            self.problems.add(name, f"{option} {problem}")
            return None

    def _read_others(self, user: DesiredUser, name: str, entry: Mapping[str, Any]) -> None:
        try:
            if entry.get("groups") is not None:
                user.groups = values.as_list(entry["groups"])
        except ValueProblem as problem:
            self.problems.add(name, f"groups {problem}")
        try:
            locked = entry.get("locked")
            user.unlock = locked not in (None, "") and not values.as_bool(locked)
            if locked not in (None, "") and not user.unlock:
                raise ValueProblem("can only be false: to lock a user out set status to suspended")
        except ValueProblem as problem:
            self.problems.add(name, f"locked {problem}")
        self._read_password(user, name, entry)

    def _read_password(self, user: DesiredUser, name: str, entry: Mapping[str, Any]) -> None:
        given = [option for option in ("password", "password_hash") if entry.get(option) is not None]
        if len(given) > 1:
            self.problems.add(name, "password and password_hash cannot both be given")
        try:
            if "password" in given:
                user.password = passwords.as_password(entry["password"])
            elif given:
                user.password_hash = passwords.as_hash(entry["password_hash"])
        except ValueProblem as problem:
            self.problems.add(name, str(problem))

    def _choices(self, name: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
        given = tuple(str(entry.get(option) or default or "") for option, default in self.defaults.items())
        # Thousands of users share a few combinations.
        known = self._options.get(given)
        if known is not None:
            return known
        options = dict(zip(self.defaults, given))
        problems = [
            f"{option} '{printable(options[option])}' is not one of {', '.join(choices)}"
            for option, choices in CHOICES.items()
            if options[option] not in choices
        ]
        if options["owned"] == "transfer" and not options["transfer_to"]:
            problems.append("owned is transfer, and transfer_to is missing")
        try:
            values.as_text(entry.get("transfer_to") or "")
        except ValueProblem as error:
            problems.append(f"transfer_to {error}")
        for problem in problems:
            self.problems.add(name, problem)
        if not problems:
            self._options[given] = options
        return options

    def _refuse_duplicates(self, users: Iterable[DesiredUser]) -> None:
        emails: dict[str, DesiredUser] = {}
        usernames: dict[str, DesiredUser] = {}
        for user in users:
            for key in user.keys:
                other = emails.setdefault(key, user)
                if other is not user:
                    self.problems.append(f"{other.label} and {user.label} have the same email in the list")
                    break
            username = user.fields.get("username")
            if username is not None and not user.absent:
                other = usernames.setdefault(username, user)
                if other is not user:
                    self.problems.append(f"{other.label} and {user.label} have the same username '{username}'")


def consume(entries: list[Any]) -> Iterator[Any]:
    """Yield the items of a list and release each one, so that a long list is not in memory twice."""
    for index, entry in enumerate(entries):
        entries[index] = None
        yield entry
