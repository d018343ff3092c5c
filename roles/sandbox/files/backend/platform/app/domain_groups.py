"""Domain groups: they can be listed and created, and change nobody's access."""

from __future__ import annotations

import uuid
from typing import Any

from fastapi import APIRouter, HTTPException, Query
from sqlalchemy import exists, func, insert, select
from sqlalchemy.engine import Connection, Row

from app.auth import CALLER
from app.content_schemas import DomainGroupAnswer, DomainGroupCreate
from app.database import TRANSACTION
from app.models.domains import domain_group_members as members
from app.models.domains import domain_groups, domain_resources

router = APIRouter()
SHOWN = [
    "id",
    "name",
    "description",
    "display_name",
    "parent_domain_id",
    "organization_id",
    "external_id",
    "tags",
    "is_public",
    "allow_self_join",
    "require_approval",
    "settings",
    "permissions",
    "is_active",
    "is_system",
    "created_at",
    "updated_at",
    "expires_at",
]


def group_body(connection: Connection, row: Row) -> dict[str, Any]:
    """Return a domain group; its number of members is always 0. Raise ValueError if the schema forbids the row."""
    shown = {key: row._mapping[key] for key in SHOWN}
    DomainGroupAnswer(**shown)
    resources = domain_resources.c
    active = select(func.count()).where((resources.domain_group_id == row.id) & resources.is_active)
    now = connection.scalar(select(func.now()))
    return {
        **shown,
        "domain_type": row.domain_type.lower(),
        "default_access_level": row.default_access_level.lower(),
        "member_count": 0,
        "resource_count": connection.scalar(active),
        "is_expired": bool(row.expires_at and now and now > row.expires_at),
    }


@router.get("/")
def list_domain_groups(
    page: int = Query(1, ge=1),
    size: int = Query(20, ge=1, le=100),
    connection: Connection = TRANSACTION,
    caller: Row = CALLER,
) -> dict[str, Any]:
    """List the groups of the caller's organization; callers who are no administrators see public ones and their own."""
    condition: Any = domain_groups.c.id.is_not(None)
    if caller.organization_id and caller.role != "SUPER_ADMIN":
        condition &= domain_groups.c.organization_id == caller.organization_id
    if caller.role not in ("SUPER_ADMIN", "ADMIN"):
        own = exists().where((members.c.domain_group_id == domain_groups.c.id) & (members.c.user_id == caller.id))
        condition &= domain_groups.c.is_public | own
    total = connection.scalar(select(func.count()).select_from(domain_groups).where(condition))
    rows = connection.execute(select(domain_groups).where(condition).offset((page - 1) * size).limit(size))
    shown = [group_body(connection, row) for row in rows]
    return {"domains": shown, "total": total, "page": page, "size": size, "pages": (total + size - 1) // size}


@router.post("/", status_code=201)
def create_domain_group(
    body: DomainGroupCreate, connection: Connection = TRANSACTION, caller: Row = CALLER
) -> dict[str, Any]:
    """Create a group, with the caller as a member who may read and write, not as its owner."""
    if caller.role not in ("SUPER_ADMIN", "ADMIN", "MANAGER"):
        raise HTTPException(403, "Insufficient permissions")
    labels = {key: getattr(body, key).upper() for key in ("domain_type", "default_access_level")}
    key = uuid.uuid4()
    values = {**body.dict(), **labels, "id": key, "is_active": True, "is_system": False}
    values["organization_id"] = body.organization_id or caller.organization_id
    connection.execute(insert(domain_groups).values(**values))
    member = {"domain_group_id": key, "user_id": caller.id, "access_level": "READ_WRITE", "is_active": True}
    connection.execute(insert(members).values(**member))
    connection.commit()
    return group_body(connection, connection.execute(select(domain_groups).where(domain_groups.c.id == key)).one())
