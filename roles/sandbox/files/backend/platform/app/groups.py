"""The groups routes. Groups cannot be listed: GET /users/groups is taken for the user "groups" and fails."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Response
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.engine import Connection, Row

from app import user_schemas as schemas
from app.auth import CALLER
from app.database import TRANSACTION
from app.models.identity import user_group_association as membership
from app.models.identity import user_groups, users
from app.user_rows import group_body, require_manager

router = APIRouter()


def show_group(connection: Connection, group_id: str | uuid.UUID) -> dict[str, Any]:
    """Return the body of a group, or fail with 404 if there is no such group."""
    row = connection.execute(select(user_groups).where(user_groups.c.id == group_id)).first()
    if row is None:
        raise HTTPException(404, "Group not found")
    members = connection.scalar(select(func.count()).where(membership.c.group_id == row.id))
    return group_body(row._mapping, members)


def require_changeable(connection: Connection, group_id: str, caller: Row) -> None:
    """Fail with 404 for an unknown group, 500 for a caller without permission, 403 for a group of the system."""
    group = show_group(connection, group_id)
    require_manager(caller)
    if group["is_system"]:
        raise HTTPException(403, "Insufficient permissions")


@router.post("/groups", status_code=201)
def create_group(
    body: schemas.UserGroupCreate, connection: Connection = TRANSACTION, caller: Row = CALLER
) -> dict[str, Any]:
    """Create a group, in the caller's organization unless another is named."""
    require_manager(caller)
    values = {"id": uuid.uuid4(), "is_active": True, "is_system": False, **body.dict()}
    values["organization_id"] = body.organization_id or caller.organization_id
    connection.execute(insert(user_groups).values(**values))
    connection.commit()
    return show_group(connection, values["id"])


@router.get("/groups/{group_id}", dependencies=[CALLER])
def get_group(group_id: str, connection: Connection = TRANSACTION) -> dict[str, Any]:
    """Return one group by id."""
    return show_group(connection, group_id)


@router.put("/groups/{group_id}")
def update_group(
    group_id: str,
    body: schemas.UserGroupUpdate,
    connection: Connection = TRANSACTION,
    caller: Row = CALLER,
) -> dict[str, Any]:
    """Change a group."""
    require_changeable(connection, group_id, caller)
    values = {**schemas.column_values(body), "updated_at": datetime.now(UTC)}
    connection.execute(update(user_groups).where(user_groups.c.id == group_id).values(**values))
    connection.commit()
    return show_group(connection, group_id)


@router.delete("/groups/{group_id}", status_code=204, response_class=Response, response_model=None)
def delete_group(group_id: str, connection: Connection = TRANSACTION, caller: Row = CALLER) -> None:
    """Delete a group, members or not."""
    require_changeable(connection, group_id, caller)
    connection.execute(delete(membership).where(membership.c.group_id == group_id))
    connection.execute(delete(user_groups).where(user_groups.c.id == group_id))
    connection.commit()


@router.post("/groups/assign")
def assign(
    body: schemas.UserGroupAssignment,
    connection: Connection = TRANSACTION,
    caller: Row = CALLER,
) -> dict[str, str]:
    """Put users into groups or take them out; ids that do not exist are skipped in silence."""
    require_manager(caller)
    known_users = connection.scalars(select(users.c.id).where(users.c.id.in_(body.user_ids))).all()
    known_groups = connection.scalars(select(user_groups.c.id).where(user_groups.c.id.in_(body.group_ids))).all()
    pairs = [{"user_id": user, "group_id": group} for user in known_users for group in known_groups]
    if body.operation == "add" and pairs:
        connection.execute(insert_or(membership).on_conflict_do_nothing(), pairs)
    elif pairs:
        both = membership.c.user_id.in_(known_users) & membership.c.group_id.in_(known_groups)
        connection.execute(delete(membership).where(both))
    connection.commit()
    return {"message": f"Updated {len(known_users)} users successfully"}
