"""Tools: a registry that every user sees. One odd row makes the list a 500 for all."""

from __future__ import annotations

import uuid
from typing import Any

from fastapi import APIRouter, HTTPException
from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection, Row

from app import content_schemas as schemas
from app.auth import CALLER, CALLER_ID
from app.database import TRANSACTION
from app.models import enums
from app.models.chat import tools
from app.models.identity import users

router = APIRouter()
SHOWN = [
    "name",
    "description",
    "version",
    "function_name",
    "parameters_schema",
    "implementation_path",
    "is_builtin",
    "is_enabled",
    "requires_auth",
    "required_permissions",
    "rate_limit",
    "tags",
]


def tool_body(row: Row, role: str | None) -> dict[str, Any]:
    """Return a tool as REST shows it. Raise ValueError if the platform's schema forbids the row.

    A tool that requires a login is usable for the role ADMIN and no other, not even for SUPER_ADMIN.
    """
    shown = {key: row._mapping[key] for key in SHOWN}
    schemas.ToolAnswer(**shown, metadata=row.tool_metadata)
    return {
        **shown,
        "id": str(row.id),
        "category": row.category.lower(),
        "metadata": row.tool_metadata,
        "creator_id": str(row.creator_id) if row.creator_id else None,
        "created_at": row.created_at.isoformat(),
        "updated_at": row.updated_at.isoformat() if row.updated_at else None,
        "can_use": not row.requires_auth or role == "ADMIN",
    }


def role_of(connection: Connection, caller_id: uuid.UUID) -> str | None:
    """Return the caller's role, or None for a user who is gone: the token goes on."""
    role: str | None = connection.scalar(select(users.c.role).where(users.c.id == caller_id))
    return role


def require_admin(caller: Row, status: int) -> None:
    """Refuse a caller who is no administrator."""
    if caller.role not in ("SUPER_ADMIN", "ADMIN"):
        raise HTTPException(status, "Only admins can change tools")


@router.get("/")
def list_tools(
    category: str | None = None,
    search: str | None = None,
    connection: Connection = TRANSACTION,
    caller_id: uuid.UUID = CALLER_ID,
) -> list[dict[str, Any]]:
    """List all tools, disabled ones too. The category is in lower case."""
    query = select(tools)
    if search:
        query = query.where(tools.c.name.ilike(f"%{search}%") | tools.c.description.ilike(f"%{search}%"))
    elif category:
        if category.upper() not in enums.toolcategory.enums or category != category.lower():
            return []
        query = query.where(tools.c.category == category.upper())
    role = role_of(connection, caller_id)
    return [tool_body(row, role) for row in connection.execute(query)]


@router.get("/categories/list")
def list_categories() -> dict[str, list[str]]:
    """Return the names of all categories, to callers without a login too."""
    return {"categories": [label.lower() for label in enums.toolcategory.enums]}


@router.get("/{tool_id}")
def get_tool(
    tool_id: uuid.UUID, connection: Connection = TRANSACTION, caller_id: uuid.UUID = CALLER_ID
) -> dict[str, Any]:
    """Return one tool by id."""
    row = connection.execute(select(tools).where(tools.c.id == tool_id)).first()
    if row is None:
        raise HTTPException(404, "Tool not found")
    return tool_body(row, role_of(connection, caller_id))


@router.post("/")
def create_tool(body: schemas.ToolCreate, connection: Connection = TRANSACTION, caller: Row = CALLER) -> None:
    """Store a tool without half of its fields, and answer 400: the platform forgets can_use in its own answer."""
    require_admin(caller, 500)
    kept = ("name", "description", "function_name", "parameters_schema", "is_builtin", "requires_auth")
    values = {
        **{key: getattr(body, key) for key in kept},
        "id": uuid.uuid4(),
        "category": body.category.upper(),
        "version": schemas.ROW_VERSION,
        "is_enabled": True,
        "required_permissions": [],
        "tags": [],
        "tool_metadata": {},
        "creator_id": caller.id,
    }
    connection.execute(insert(tools).values(**values))
    connection.commit()
    raise HTTPException(400, "1 validation error for ToolResponse")


@router.post("/{tool_id}/toggle")
def toggle_tool(
    tool_id: uuid.UUID, enabled: bool | None = None, connection: Connection = TRANSACTION, caller: Row = CALLER
) -> None:
    """Store the switch, and fail with a 500, as the platform does."""
    require_admin(caller, 403)
    value = ~tools.c.is_enabled if enabled is None else enabled
    connection.execute(update(tools).where(tools.c.id == tool_id).values(is_enabled=value))
    connection.commit()
    raise RuntimeError("can_use is missing in the answer")


@router.delete("/{tool_id}")
def delete_tool(tool_id: uuid.UUID, connection: Connection = TRANSACTION, caller: Row = CALLER) -> dict[str, str]:
    """Delete a tool."""
    require_admin(caller, 403)
    if not connection.execute(delete(tools).where(tools.c.id == tool_id)).rowcount:
        raise HTTPException(404, "Tool not found or insufficient permissions")
    connection.commit()
    return {"message": "Tool deleted successfully"}
