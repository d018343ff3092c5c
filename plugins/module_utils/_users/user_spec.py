# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user is: its fields, once, and the list of wanted users, read and checked.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from .._app import platform_rules
from .._core.display import printable
from .._postgres.catalog import Column
from . import field_types, passwords
from .field_types import (
    BOOL,
    JSON,
    LABEL,
    UUID,
    Field,
    ValueProblem,
)
from .list_problems import Problems

PRESENT = "present"
ABSENT = "absent"
USERNAME_LENGTH = 100


@cache
def _check_timezone(name: str) -> None:
    import zoneinfo

    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        # A host without the time zone database knows none of them, and cannot tell.
        if zoneinfo.available_timezones():
            raise ValueProblem(f"'{name}' does not exist") from error


def _check_key(text: str) -> None:
    if not text.isprintable() or not text.strip():
        raise ValueProblem(f"'{printable(text)}' is no email address")


#: The columns of ``users`` that an administrator sets, under the same names as options. A default is what a new user
#: gets: the platform has none in its tables.
FIELDS: dict[str, Field] = {
    name: replace(field, rule=platform_rules.USER.get(name))
    for name, field in {
        "username": Field(),
        "role": Field(LABEL, "user"),
        "status": Field(LABEL, "active"),
        "first_name": Field(),
        "last_name": Field(),
        "display_name": Field(),
        "department": Field(),
        "job_title": Field(),
        "employee_id": Field(),
        "organization_id": Field(UUID),
        "phone": Field(),
        "bio": Field(),
        "avatar_url": Field(),
        "language": Field(default="de"),
        "timezone": Field(default="Europe/Berlin", check=_check_timezone),
        "preferences": Field(JSON),
        "is_verified": Field(BOOL, default=False),
        "auth_provider": Field(LABEL, "local"),
        "external_id": Field(),
    }.items()
}
EMAIL = Field(rule=platform_rules.USER["email"])
#: The email of a user that may be there, as somebody else wrote it: to remove the user, or to rename it.
KEY = Field(check=_check_key)
DEFAULTS = {name: field.default for name, field in FIELDS.items() if field.default is not None}

#: Options that are no columns, with what they may be.
CHOICES: dict[str, tuple[str, ...]] = {
    "state": (PRESENT, ABSENT),
    "groups_mode": ("exact", "append"),
    "update_password": ("on_create", "always"),
    "owned": ("refuse", "transfer", "archive"),
}
OPTIONS = {*FIELDS, *CHOICES, "email", "new_email", "groups", "locked", "password", "password_hash", "transfer_to"}

#: The columns that the module reads or writes beside FIELDS.
COLUMNS = (
    "id", "email", "hashed_password", "failed_login_attempts", "locked_until", "email_verified_at",
    "password_changed_at", "password_reset_token", "password_reset_expires_at", "updated_at", *FIELDS,
)  # fmt: skip


class Wanted:
    """One user of the list. ``fields`` are those given, normalised; None for one that is to be cleared."""

    __slots__ = (
        "email",
        "fields",
        "groups",
        "key",
        "label",
        "new_email",
        "options",
        "password",
        "password_hash",
        "unlock",
    )

    def __init__(self, label: str, email: str) -> None:
        self.label = label
        self.email = email
        self.key = email.lower()
        self.new_email: str | None = None
        self.fields: dict[str, Any] = {}
        self.groups: list[str] | None = None
        self.unlock = False
        self.password: str | None = None
        self.password_hash: str | None = None
        self.options: Mapping[str, Any] = {}

    @property
    def keys(self) -> tuple[str, ...]:
        """The emails, in lower case, under which the user may be there."""
        return (self.key,) if self.new_email is None else (self.key, self.new_email.lower())

    @property
    def final_email(self) -> str:
        """The email of the user after the run, where it is created."""
        return self.new_email or self.email

    @property
    def always_password(self) -> bool:
        """Whether a password is given, and is to be set where the stored hash is another's."""
        given = self.password is not None or self.password_hash is not None
        return given and self.options["update_password"] != "on_create"  # noqa: S105 - a word, not a password

    @property
    def absent(self) -> bool:
        """Whether the user shall not be there."""
        return bool(self.options["state"] == ABSENT)


class Reader:
    """Reads a list of users. ``problems`` collects everything that is wrong with it."""

    def __init__(self, columns: Mapping[str, Column], defaults: Mapping[str, Any]) -> None:
        self.columns = columns
        self.defaults = {name: defaults[name] for name in (*CHOICES, "transfer_to")}
        self.problems = Problems()
        self._options: dict[tuple[Any, ...], Mapping[str, Any]] = {}

    def read(self, entries: Iterable[Any], *, single: bool = False) -> list[Wanted]:
        """The users of a list, without those that have no email. Problems are collected, and looked for to the end."""
        found = []
        for index, entry in enumerate(consume(entries) if isinstance(entries, list) else entries):
            label = "" if single else f"users[{index}]"
            if not isinstance(entry, Mapping):
                self.problems.add(label, f"must be a dictionary of options, not {type(entry).__name__}")
                continue
            user = self._user(label, entry)
            if user:
                found.append(user)
        self._refuse_duplicates(found)
        return found

    def _user(self, label: str, entry: Mapping[str, Any]) -> Wanted | None:
        given = entry.get("email")
        email_shown = printable(given)
        name = f"{label} ({email_shown})" if label and given else label or email_shown
        for problem in field_types.unknown(entry, OPTIONS):
            self.problems.add(name, problem)
        if not given:
            self.problems.add(label or "The user", "email is missing")
            return None
        options = self._choices(name, entry)
        renamed = entry.get("new_email")
        # A row that the platform cannot show must be within reach, to be removed or to be given another email.
        email = self._value(name, "email", KEY if renamed or options["state"] == ABSENT else EMAIL, given)
        user = Wanted(name, email or "")
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

    def _read_others(self, user: Wanted, name: str, entry: Mapping[str, Any]) -> None:
        try:
            if entry.get("groups") is not None:
                user.groups = field_types.as_list(entry["groups"])
        except ValueProblem as problem:
            self.problems.add(name, f"groups {problem}")
        try:
            locked = entry.get("locked")
            user.unlock = locked not in (None, "") and not field_types.as_bool(locked)
            if locked not in (None, "") and not user.unlock:
                raise ValueProblem("can only be false: set status to suspended to keep somebody out")
        except ValueProblem as problem:
            self.problems.add(name, f"locked {problem}")
        self._read_password(user, name, entry)

    def _read_password(self, user: Wanted, name: str, entry: Mapping[str, Any]) -> None:
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
        # Thousands of users share a handful of combinations.
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
            problems.append("owned is transfer, and transfer_to does not say to whom")
        try:
            field_types.as_text(entry.get("transfer_to") or "")
        except ValueProblem as error:
            problems.append(f"transfer_to {error}")
        for problem in problems:
            self.problems.add(name, problem)
        if not problems:
            self._options[given] = options
        return options

    def _refuse_duplicates(self, users: Iterable[Wanted]) -> None:
        emails: dict[str, Wanted] = {}
        usernames: dict[str, Wanted] = {}
        for user in users:
            for key in user.keys:
                other = emails.setdefault(key, user)
                if other is not user:
                    self.problems.append(f"{other.label} and {user.label} are the same email in the list")
                    break
            username = user.fields.get("username")
            if username is not None and not user.absent:
                other = usernames.setdefault(username, user)
                if other is not user:
                    self.problems.append(f"{other.label} and {user.label} have the same username '{username}'")


def consume(entries: list[Any]) -> Iterator[Any]:
    """The items of a list that is given up: each is let go when it is taken, so that a long one is not there twice."""
    for index, entry in enumerate(entries):
        entries[index] = None
        yield entry


def username_candidates(email: str) -> list[str]:
    """The usernames to try for a new user that was given none: the email's local part, and one that is its own.

    The second ends in six digits of the email's hash. Both depend on nothing but the email, so that the same list
    makes the same usernames in every environment. The first is left out if it is too short for the platform.
    """
    digest = hashlib.sha256(email.lower().encode()).hexdigest()[:6]
    base = re.sub(r"[^a-z0-9._-]+", "-", email.lower().partition("@")[0]).strip("-") or "user"
    candidates = (base[:USERNAME_LENGTH], f"{base[: USERNAME_LENGTH - 7]}-{digest}")
    return [name for name in candidates if platform_rules.problem(platform_rules.USER["username"], name) is None]
