"""The users routes, with the platform's omissions: hardly a permission is checked and the list has no order."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, HTTPException, Query, Response
from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.engine import Connection, Row
from sqlalchemy.sql import ColumnElement

from app import user_schemas as schemas
from app.auth import CALLER
from app.database import TRANSACTION
from app.models.audit import audit_logs
from app.models.identity import user_group_association as membership
from app.models.identity import users
from app.passwords import hash_password, matches
from app.user_rows import is_locked, require_manager, set_groups, show_user, show_users

router = APIRouter()
ATTEMPTS_UNTIL_LOCKED = 5


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def find(connection: Connection, condition: ColumnElement[bool]) -> Row:
    """Return the user that meets a condition, or fail with 404. An invalid UUID ends as a database error: 500."""
    row = connection.execute(select(users).where(condition)).first()
    if row is None:
        raise HTTPException(404, "User not found")
    return row


def find_for(connection: Connection, caller: Row, condition: ColumnElement[bool]) -> Row:
    """Return the user for a read: callers see themselves, only administrators see others."""
    row = find(connection, condition)
    if row.id != caller.id:
        require_manager(caller)
    return row


def add_user(connection: Connection, body: schemas.UserCreate) -> dict[str, Any]:
    """Insert a user and return its body; 409 for an email or a username that is taken."""
    for field in ("email", "username"):
        value = getattr(body, field)
        if connection.scalar(select(users.c.id).where(users.c[field] == value)):
            raise HTTPException(409, f"User with {field} {value} already exists")
    values = {
        **schemas.column_values(schemas.UserCreate(**body.dict()), "password", "group_ids"),
        "id": uuid.uuid4(),
        "hashed_password": hash_password(body.password) if body.password else None,
        "is_verified": False,
        "failed_login_attempts": "0",
    }
    connection.execute(insert(users).values(**values))
    if body.group_ids:
        set_groups(connection, values["id"], body.group_ids)
    connection.commit()
    return show_user(connection, values["id"])


@router.post("/", status_code=201, dependencies=[CALLER])
def create_user(body: schemas.UserCreate, connection: Connection = TRANSACTION) -> dict[str, Any]:
    """Create a user. Whoever is logged in may, and may even make a super_admin."""
    return add_user(connection, body)


@router.get("/")
def list_users(
    query: str | None = None,
    role: schemas.UserRole | None = None,
    status: schemas.UserStatus | None = None,
    auth_provider: schemas.AuthProvider | None = None,
    organization_id: uuid.UUID | None = None,
    group_id: uuid.UUID | None = None,
    is_verified: bool | None = None,
    page: int = Query(1, ge=1),
    size: int = Query(20, ge=1, le=100),
    connection: Connection = TRANSACTION,
    caller: Row = CALLER,
) -> dict[str, Any]:
    """Return a page of users, unordered: rows that change between two calls appear twice or not at all."""
    conditions: list[ColumnElement[bool]] = []
    if query:
        texts = (users.c.email, users.c.username, users.c.first_name, users.c.last_name, users.c.display_name)
        conditions.append(or_(*(column.ilike(f"%{query}%") for column in texts)))
    for column, label in ((users.c.role, role), (users.c.status, status), (users.c.auth_provider, auth_provider)):
        if label:
            conditions.append(column == label.name)
    if organization_id:
        conditions.append(users.c.organization_id == organization_id)
    if group_id:
        conditions.append(users.c.id.in_(select(membership.c.user_id).where(membership.c.group_id == group_id)))
    if is_verified is not None:
        conditions.append(users.c.is_verified == is_verified)
    if caller.role != "SUPER_ADMIN":
        conditions.append(users.c.organization_id == caller.organization_id)
    total = connection.scalar(select(func.count()).select_from(users).where(*conditions))
    rows = connection.execute(select(users).where(*conditions).offset((page - 1) * size).limit(size))
    shown = show_users(connection, rows)
    return {"users": shown, "total": total, "page": page, "size": size, "pages": (total + size - 1) // size}


@router.get("/stats/overview")
def stats(connection: Connection = TRANSACTION, caller: Row = CALLER) -> dict[str, Any]:
    """Count the users of the caller's organization by status, role and provider."""
    scope = [] if caller.role == "SUPER_ADMIN" else [users.c.organization_id == caller.organization_id]

    def count(*conditions: ColumnElement[bool]) -> int:
        return connection.scalar(select(func.count()).select_from(users).where(*scope, *conditions))

    by_status = {item.value: count(users.c.status == item.name) for item in schemas.UserStatus}
    return {
        "total_users": count(),
        **{f"{name}_users": by_status[name] for name in ("active", "inactive", "suspended", "pending")},
        "verified_users": count(users.c.is_verified.is_(True)),
        "users_by_role": {item.value: count(users.c.role == item.name) for item in schemas.UserRole},
        "users_by_auth_provider": {
            item.value: count(users.c.auth_provider == item.name) for item in schemas.AuthProvider
        },
        "users_by_status": by_status,
        "recent_registrations": count(users.c.created_at >= now() - timedelta(days=30)),
        "recent_logins": count(users.c.last_login >= now() - timedelta(days=7)),
    }


@router.post("/sso", status_code=201)
def create_sso_user(body: schemas.SSOUserCreate, connection: Connection = TRANSACTION) -> dict[str, Any]:
    """Create a user as an identity provider would. Anybody may, in any role: the edge must keep this route closed."""
    same = (users.c.external_id == body.external_id) & (users.c.auth_provider == body.auth_provider.name)
    known = connection.scalar(select(users.c.id).where(same))
    if known:
        return show_user(connection, known)
    base = body.username or body.email.split("@")[0]
    username, suffix = base, 0
    while connection.scalar(select(users.c.id).where(users.c.username == username)) and not body.username:
        suffix += 1
        username = f"{base}{suffix}"
    return add_user(connection, schemas.UserCreate(**{**body.dict(), "username": username}))


@router.post("/authenticate")
def authenticate(email: str, password: str, connection: Connection = TRANSACTION) -> dict[str, str]:
    """Check credentials given in the address. Anybody may; the fifth bad password locks the account for 30 minutes."""
    row = connection.execute(select(users).where(users.c.email == email)).first()
    if row is None or is_locked(row._mapping) or row.status != "ACTIVE":
        raise HTTPException(401, "Invalid credentials")
    changes: dict[str, Any] = {"failed_login_attempts": "0", "locked_until": None, "last_login": now()}
    good = matches(password, row.hashed_password)
    if not good:
        attempts = int(row.failed_login_attempts) + 1
        changes = {"failed_login_attempts": str(attempts)}
        if attempts >= ATTEMPTS_UNTIL_LOCKED:
            changes["locked_until"] = now() + timedelta(minutes=30)
    connection.execute(update(users).where(users.c.id == row.id).values(**changes))
    connection.commit()
    if not good:
        raise HTTPException(401, "Invalid credentials")
    return {"message": "Authentication successful", "user_id": str(row.id)}


@router.put("/me/password")
def change_own_password(
    body: schemas.UserPasswordUpdate,
    connection: Connection = TRANSACTION,
    caller: Row = CALLER,
) -> dict[str, str]:
    """Change the caller's own password; there is no way to set another's."""
    if not matches(body.current_password, caller.hashed_password):
        raise HTTPException(400, "Invalid credentials")
    values = {"hashed_password": hash_password(body.new_password), "password_changed_at": now(), "updated_at": now()}
    connection.execute(update(users).where(users.c.id == caller.id).values(**values))
    connection.commit()
    return {"message": "Password updated successfully"}


@router.post("/bulk-update")
def bulk_update(
    body: schemas.UserBulkUpdate, connection: Connection = TRANSACTION, caller: Row = CALLER
) -> dict[str, str]:
    """Change many users at once; ids that do not exist are skipped in silence."""
    require_manager(caller)
    values = {**schemas.column_values(body, "user_ids", "group_ids"), "updated_at": now()}
    changed = connection.scalars(
        update(users).where(users.c.id.in_(body.user_ids)).values(**values).returning(users.c.id)
    ).all()
    if body.group_ids is not None:
        for user_id in changed:
            set_groups(connection, user_id, body.group_ids)
    connection.commit()
    return {"message": f"Updated {len(changed)} users successfully"}


@router.get("/search/email/{email}")
def get_user_by_email(email: str, connection: Connection = TRANSACTION, caller: Row = CALLER) -> dict[str, Any]:
    """Return one user by its exact email, of any organization."""
    return show_user(connection, find_for(connection, caller, users.c.email == email).id)


@router.get("/search/username/{username}")
def get_user_by_username(username: str, connection: Connection = TRANSACTION, caller: Row = CALLER) -> dict[str, Any]:
    """Return one user by its exact username, of any organization."""
    return show_user(connection, find_for(connection, caller, users.c.username == username).id)


@router.get("/{user_id}")
def get_user(user_id: str, connection: Connection = TRANSACTION, caller: Row = CALLER) -> dict[str, Any]:
    """Return one user by id."""
    return show_user(connection, find_for(connection, caller, users.c.id == user_id).id)


@router.put("/{user_id}")
def update_user(
    user_id: str,
    body: schemas.UserUpdate,
    connection: Connection = TRANSACTION,
    caller: Row = CALLER,
) -> dict[str, Any]:
    """Change a user. An email that is taken, or null where the column refuses it, is a 500."""
    row = find(connection, users.c.id == user_id)
    require_manager(caller)
    values = {**schemas.column_values(body), "updated_at": now()}
    connection.execute(update(users).where(users.c.id == row.id).values(**values))
    connection.commit()
    return show_user(connection, row.id)


@router.delete("/{user_id}", status_code=204, response_class=Response, response_model=None)
def delete_user(user_id: str, connection: Connection = TRANSACTION, caller: Row = CALLER) -> None:
    """Delete a user for good. Audit rows lose their user; an assistant or a conversation makes it a 500."""
    row = find(connection, users.c.id == user_id)
    require_manager(caller)
    if row.role == "SUPER_ADMIN":
        raise HTTPException(403, "Insufficient permissions")
    connection.execute(update(audit_logs).where(audit_logs.c.user_id == row.id).values(user_id=None))
    connection.execute(delete(membership).where(membership.c.user_id == row.id))
    connection.execute(delete(users).where(users.c.id == row.id))
    connection.commit()


@router.post("/{user_id}/verify", dependencies=[CALLER])
def verify(user_id: str, connection: Connection = TRANSACTION) -> dict[str, str]:
    """Mark a user as verified; there is no way back."""
    row = find(connection, users.c.id == user_id)
    values = {"is_verified": True, "email_verified_at": now(), "updated_at": now()}
    connection.execute(update(users).where(users.c.id == row.id).values(**values))
    connection.commit()
    return {"message": "User email verified successfully"}
