"""Rows of users and groups as the REST interface shows them, and the rule of who may manage whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.engine import Connection, Row

from app import user_schemas as schemas
from app.models.identity import user_group_association as membership
from app.models.identity import user_groups, users

PLAIN = [
    "id",
    "email",
    "username",
    "first_name",
    "last_name",
    "display_name",
    "avatar_url",
    "bio",
    "phone",
    "organization_id",
    "department",
    "job_title",
    "employee_id",
    "external_id",
    "language",
    "timezone",
    "preferences",
    "is_verified",
    "email_verified_at",
    "password_changed_at",
    "failed_login_attempts",
    "locked_until",
    "last_login",
    "last_activity",
    "created_at",
    "updated_at",
]
GROUP = [
    "id",
    "name",
    "description",
    "organization_id",
    "permissions",
    "settings",
    "is_active",
    "is_system",
    "created_at",
    "updated_at",
]
PERMISSIONS = {
    "SUPER_ADMIN": ["*"],
    "ADMIN": ["user:read", "user:write", "user:delete", "group:read", "group:write", "group:delete"],
    "MANAGER": ["user:read", "user:write", "group:read"],
}


def require_manager(caller: Row) -> None:
    """Let administrators pass. For others the platform fails on a detached row: 500, where 403 would be right."""
    if caller.role not in ("SUPER_ADMIN", "ADMIN"):
        raise RuntimeError("the caller's groups cannot be loaded: its row belongs to no session")


def is_locked(row: Mapping[str, Any]) -> bool:
    """Return whether an account is locked.

    The platform compares a naive timestamp with an aware one: for a row with a locked_until this raises TypeError, so
    every answer that shows the user, the list of all users included, is a 500 until the column is NULL again.
    """
    locked_until = row["locked_until"]
    return bool(locked_until) and datetime.utcnow() < locked_until


def full_name(row: Mapping[str, Any]) -> str:
    """Return the first and last name, or else the first name, display name or username."""
    if row["first_name"] and row["last_name"]:
        return f"{row['first_name']} {row['last_name']}"
    return row["first_name"] or row["display_name"] or row["username"]


def group_body(row: Mapping[str, Any], members: int) -> dict[str, Any]:
    """Return a group with its number of members. Raise ValueError if the platform's schema forbids the row."""
    schemas.UserGroupAnswer(**{key: row[key] for key in GROUP})
    return {**{key: row[key] for key in GROUP}, "user_count": members}


def user_body(row: Mapping[str, Any], groups: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a user with its groups and without its hash. Raise ValueError like `group_body`."""
    schemas.UserAnswer(**{key: row[key] for key in PLAIN})
    return {
        **{key: row[key] for key in PLAIN},
        "auth_provider": row["auth_provider"].lower(),
        "status": row["status"].lower(),
        "role": row["role"].lower(),
        "groups": groups,
        "effective_permissions": PERMISSIONS.get(row["role"], ["user:read"]),
        "full_name": full_name(row),
        "is_active": row["status"] == "ACTIVE",
        "is_locked": is_locked(row),
    }


def show_users(connection: Connection, rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return the bodies of many users, in the order of the rows, with two queries for all their groups."""
    rows = list(rows)
    sizes = dict(connection.execute(select(membership.c.group_id, func.count()).group_by(membership.c.group_id)).all())
    joined = select(membership.c.user_id, user_groups).join(user_groups, user_groups.c.id == membership.c.group_id)
    groups: dict[UUID, list[dict[str, Any]]] = {row.id: [] for row in rows}
    for found in connection.execute(joined.where(membership.c.user_id.in_(list(groups)))):
        groups[found.user_id].append(group_body(found._mapping, sizes[found.id]))
    return [user_body(row._mapping, groups[row.id]) for row in rows]


def show_user(connection: Connection, user_id: UUID) -> dict[str, Any]:
    """Return the body of a user that is known to exist."""
    return show_users(connection, [connection.execute(select(users).where(users.c.id == user_id)).one()])[0]


def set_groups(connection: Connection, user_id: UUID, group_ids: Iterable[UUID]) -> None:
    """Replace a user's groups; ids of groups that do not exist are skipped."""
    known = connection.scalars(select(user_groups.c.id).where(user_groups.c.id.in_(list(group_ids)))).all()
    connection.execute(delete(membership).where(membership.c.user_id == user_id))
    if known:
        connection.execute(insert(membership), [{"user_id": user_id, "group_id": key} for key in known])
