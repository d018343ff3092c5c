# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the platform's REST interface for the users and groups that it returns, as data.

The platform validates its answers: a row that breaks a rule makes every page of the user list that contains it fail
with 500. The tables themselves allow such rows.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._postgres.connection import literal

OBJECT = "an object"
TEXTS = "a list of texts"


@dataclass(frozen=True)
class Rule:
    """The rule for one field. Lengths are in characters; ``pattern`` means the same to Python and PostgreSQL.

    ``json`` is OBJECT or TEXTS for a column of JSON. ``required`` fields must not be NULL, ``absent`` ones must be.
    """

    minimum: int = 0
    maximum: int | None = None
    pattern: str | None = None
    meaning: str = ""
    json: str | None = None
    required: bool = False
    absent: bool = False


EMAIL = r"[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}"
_EMAIL_MEANING = (
    "an email address of ASCII letters, digits and . _ % + - before the @, and a domain that ends in a dot and letters"
)

#: Fields of UserResponse whose rules are stricter than the table.
USER: Mapping[str, Rule] = {
    "email": Rule(pattern=EMAIL, meaning=_EMAIL_MEANING, required=True),
    "username": Rule(minimum=3, maximum=100, required=True),
    "first_name": Rule(maximum=100),
    "last_name": Rule(maximum=100),
    "display_name": Rule(maximum=200),
    "avatar_url": Rule(maximum=500),
    "bio": Rule(maximum=2000),
    "phone": Rule(maximum=50),
    "department": Rule(maximum=200),
    "job_title": Rule(maximum=200),
    "employee_id": Rule(maximum=100),
    "external_id": Rule(maximum=255),
    "language": Rule(maximum=10, required=True),
    "timezone": Rule(maximum=50, required=True),
    "preferences": Rule(json=OBJECT),
    "created_at": Rule(required=True),
    # The platform fails to compare this timestamp with its clock.
    "locked_until": Rule(absent=True),
}
#: Fields of UserGroupResponse, which is part of the answer for each member.
GROUP: Mapping[str, Rule] = {
    "name": Rule(minimum=1, maximum=200, required=True),
    "description": Rule(maximum=1000),
    "permissions": Rule(json=TEXTS),
    "settings": Rule(json=OBJECT),
    "created_at": Rule(required=True),
}
#: The shortest password that the platform's REST interface accepts for a new user.
PASSWORD_MINIMUM = 8


def condition(rule: Rule, column: str) -> str:
    """Return the SQL condition for values that break the rule. ``column`` is an SQL expression."""
    parts = [f"{column} IS NULL"] if rule.required else []
    if rule.absent:
        parts.append(f"{column} IS NOT NULL")
    if rule.minimum:
        parts.append(f"char_length({column}) < {rule.minimum}")
    if rule.maximum is not None:
        parts.append(f"char_length({column}) > {rule.maximum}")
    if rule.pattern:
        parts.append(f"{column} !~ {literal(f'^{rule.pattern}$')}")
    if rule.json == OBJECT:
        parts.append(f"json_typeof({column}::json) NOT IN ('object', 'null')")
    if rule.json == TEXTS:
        # CASE, because json_array_elements fails for anything else.
        parts.append(
            f"CASE coalesce(json_typeof({column}::json), 'null') WHEN 'null' THEN false WHEN 'array' THEN EXISTS "
            f"(SELECT FROM json_array_elements({column}::json) one WHERE json_typeof(one) <> 'string') ELSE true END"
        )
    return " OR ".join(parts)


def demand(rule: Rule) -> str:
    """Return what a rule demands, as the end of a sentence that begins with the field's name."""
    if rule.json or rule.pattern:
        return f"must be {rule.json or rule.meaning}"
    if rule.minimum and rule.maximum is not None:
        return f"must have {rule.minimum} to {rule.maximum} characters"
    if rule.maximum is not None:
        return f"must have at most {rule.maximum} characters"
    return "must be NULL" if rule.absent else "must not be NULL"


def problem(rule: Rule, value: Any) -> str | None:
    """Return why REST cannot return a value, as the end of a sentence that begins with the field's name; or None."""
    if rule.json:
        return None if _fits(rule.json, value) else demand(rule)
    if len(value) < rule.minimum or (rule.maximum is not None and len(value) > rule.maximum):
        return f"has {len(value)} characters, and {demand(rule)}"
    if rule.pattern:
        import re

        if not re.fullmatch(rule.pattern, value):
            return f"'{value}' {demand(rule)}"
    return None


def _fits(kind: str, value: Any) -> bool:
    if kind == OBJECT:
        return isinstance(value, dict)
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
