# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Query users, groups and the audit trail for convosphere_user_info.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .._app import platform_rules
from .._core.errors import InputError
from .._entities import field_types
from .._entities.names import Names
from .._postgres.connection import Database, quoted_identifier
from .group_spec import FIELDS as GROUP_FIELDS
from .user_spec import FIELDS

_GROUPS = "ARRAY(SELECT a.group_id::text FROM user_group_association a WHERE a.user_id = u.id)"
_LAST_SEEN = "coalesce(greatest(u.last_activity, u.last_login), u.created_at)"
_TIMES = ("created_at", "last_login", "last_activity", "locked_until", "password_changed_at")

#: The fields of a user that can be returned, with their SQL. The password hash cannot be.
SELECTABLE: dict[str, str] = {
    "id": "u.id",
    "email": "u.email",
    **{name: f"u.{quoted_identifier(name)}" for name in FIELDS},
    "groups": _GROUPS,
    "locked": "u.locked_until IS NOT NULL",
    "has_password": "u.hashed_password IS NOT NULL",
    # ISO 8601 in UTC, so that a timestamp does not depend on the server's time zone.
    **{name: f"""to_char(u.{name} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')""" for name in _TIMES},
}

#: The condition of each filter; its value is the parameter of the same name.
_FILTERS: dict[str, str] = {
    "emails": "lower(u.email) = ANY (SELECT lower(e) FROM unnest(%(emails)s::text[]) e)",
    "usernames": "u.username = ANY (%(usernames)s::text[])",
    "ids": "u.id::text = ANY (SELECT lower(i) FROM unnest(%(ids)s::text[]) i)",
    "roles": "lower(u.role::text) = ANY (%(roles)s::text[])",
    "statuses": "lower(u.status::text) = ANY (%(statuses)s::text[])",
    "auth_providers": "lower(u.auth_provider::text) = ANY (%(auth_providers)s::text[])",
    "groups": """EXISTS (SELECT FROM user_group_association a JOIN user_groups g ON g.id = a.group_id
        WHERE a.user_id = u.id AND (g.name = ANY (%(groups)s::text[]) OR g.id::text = ANY (%(groups)s::text[])))""",
    "search": """strpos(lower(concat_ws(' ', u.email, u.username, u.first_name, u.last_name, u.display_name)),
        lower(%(search)s)) > 0""",
    "inactive_since": f"{_LAST_SEEN} < %(inactive_since)s::timestamptz",
    "inactive_days": f"{_LAST_SEEN} < now() - make_interval(days => %(inactive_days)s)",
    "locked": "(u.locked_until IS NOT NULL) = %(locked)s",
    "has_password": "(u.hashed_password IS NOT NULL) = %(has_password)s",
    "logged_in": "(u.last_login IS NOT NULL) = %(logged_in)s",
}
FILTERS = tuple(_FILTERS)

# Creating a user with the default role, or a lesser one, grants no rights.
_ROLE_CHANGES = """
SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), details ->> 'name', details ->> 'actor',
       details -> 'before' ->> 'role', details -> 'after' ->> 'role'
FROM audit_logs
WHERE resource_type = 'user' AND created_at >= %s::timestamptz AND details -> 'after' ->> 'role' IS NOT NULL
  AND (details -> 'before' ->> 'role' IS NOT NULL OR details -> 'after' ->> 'role' NOT IN ('user', 'guest'))
ORDER BY created_at, id
"""
#: The kinds of rows in ``unreadable``: the table, the column with the name, and the rules.
_SHOWN_BY_REST = {
    "user": ("users", "email", platform_rules.USER),
    "group": ("user_groups", "name", platform_rules.GROUP),
}


class UserQuery:
    """The users that match all given filters. ``params`` has None for a filter that is not given."""

    def __init__(self, database: Database, params: Mapping[str, Any]) -> None:
        self.database = database
        self.values = {name: params[name] for name in FILTERS if params[name] is not None}
        conditions = [_FILTERS[name] for name in self.values]
        self.condition = " AND ".join(conditions) or "true"

    def users(self, fields: Sequence[str], limit: int | None, offset: int) -> list[dict[str, Any]]:
        """Return the users, by email in lower case and then by id, so that pages neither overlap nor have gaps."""
        selected = ", ".join(SELECTABLE[name] for name in fields)
        statement = (
            f"SELECT {selected} FROM users u WHERE {self.condition} "  # noqa: S608 - texts of this file
            "ORDER BY lower(u.email), u.id LIMIT %(limit)s OFFSET %(offset)s"
        )
        rows = self.database.stream(statement, {**self.values, "limit": limit, "offset": offset})
        groups = self.database.fetch("SELECT id, name FROM user_groups") if "groups" in fields else ()
        labels = Names(groups).labels
        shown = [_shown(name, labels) for name in fields]
        return [{name: show(value) for name, show, value in zip(fields, shown, row)} for row in rows]

    def counts(self) -> dict[str, Any]:
        """Return ``{total, by_role, by_status}`` of all matching users, independent of the page."""
        rows = self.database.fetch(
            "SELECT lower(u.role::text), lower(u.status::text), count(*) FROM users u "  # noqa: S608 - as above
            f"WHERE {self.condition} GROUP BY 1, 2 ORDER BY 1, 2",
            self.values,
        )
        counts: dict[str, Any] = {"total": 0, "by_role": {}, "by_status": {}}
        for role, status, number in rows:
            counts["total"] += number
            counts["by_role"][role] = counts["by_role"].get(role, 0) + number
            counts["by_status"][status] = counts["by_status"].get(status, 0) + number
        return counts


def check(database: Database, columns: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    """Raise InputError for fields that cannot be returned, unknown labels, and groups that do not exist."""
    problems = []
    for name in params["fields"] or ():
        if name not in SELECTABLE:
            problems.append(f"fields: there is no field '{name}'. Allowed: {', '.join(SELECTABLE)}")
    for option, column in (("roles", "role"), ("statuses", "status"), ("auth_providers", "auth_provider")):
        labels = [label.lower() for label in columns[column].labels]
        problems += [
            f"{option}: '{value}' is not one of {', '.join(labels)}"
            for value in params[option] or ()
            if value not in labels
        ]
    if params["groups"]:
        rows = database.fetch(
            "SELECT name FROM user_groups WHERE name = ANY (%(g)s::text[]) UNION "
            "SELECT id::text FROM user_groups WHERE id::text = ANY (%(g)s::text[])",
            {"g": params["groups"]},
        )
        found = {row[0] for row in rows}
        problems += [f"groups: there is no group '{name}'" for name in params["groups"] if name not in found]
    if params["offset"] < 0 or (params["limit"] is not None and params["limit"] < 0):
        problems.append("limit and offset cannot be negative")
    if problems:
        raise InputError.of(problems)


def role_changes(database: Database, since: str) -> list[dict[str, Any]]:
    """Return the changes of roles since a timestamp, from the audit trail that this collection writes."""
    names = ("at", "email", "actor", "before", "after")
    return [dict(zip(names, row)) for row in database.fetch(_ROLE_CHANGES, (since,))]


def unreadable(database: Database) -> list[dict[str, Any]]:
    """Return the rows that the platform's REST interface cannot return, with the reasons."""
    found = []
    for kind, (table, name, rules) in _SHOWN_BY_REST.items():
        broken = {field: platform_rules.condition(rule, quoted_identifier(field)) for field, rule in rules.items()}
        cases = ", ".join(f"CASE WHEN {condition} THEN '{field}' END" for field, condition in broken.items())
        rows = database.fetch(
            f"SELECT id::text, {name}, array_remove(ARRAY[{cases}], NULL) FROM {table} "  # noqa: S608 - as above
            f"WHERE {' OR '.join(broken.values())} ORDER BY 2, 1"
        )
        found += [
            {
                "kind": kind,
                "id": identifier,
                "name": label,
                "reasons": [f"{field} {platform_rules.demand(rules[field])}" for field in fields],
            }
            for identifier, label, fields in rows
        ]
    return found


def groups(database: Database) -> list[dict[str, Any]]:
    """Return all groups in the form of convosphere_group's options, sorted by name, without empty fields."""
    names = list(GROUP_FIELDS)
    rows = database.fetch(f"SELECT {', '.join(names)} FROM user_groups ORDER BY name, id")  # noqa: S608 - as above
    shown = [{name: field_types.of_row(GROUP_FIELDS[name], value) for name, value in zip(names, row)} for row in rows]
    return [without_empty(group) for group in shown]


def without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that are not empty, which a list has to give."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def _shown(name: str, labels: Mapping[str, str]) -> Callable[[Any], Any]:
    if name == "groups":
        return lambda ids: sorted(labels[identifier] for identifier in ids)
    if name in FIELDS:
        field = FIELDS[name]
        return lambda value: field_types.of_row(field, value)
    return lambda value: value
