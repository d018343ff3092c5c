"""Assistants: a list of one's own, a default in the order of the heap, and writes by the owner or an administrator."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Path
from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection, Row

from app import content_schemas as schemas
from app.auth import CALLER, CALLER_ID
from app.database import TRANSACTION
from app.models.chat import assistants
from app.models.identity import users

router = APIRouter()
ID = Path(..., regex=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
SHOWN = [
    "id",
    "name",
    "description",
    "personality",
    "system_prompt",
    "instructions",
    "model",
    "is_public",
    "is_template",
    "category",
    "tools_enabled",
    "creator_id",
    "tags",
    "tools_config",
    "version",
]


def assistant_body(row: Row) -> dict[str, Any]:
    """Return an assistant as REST shows it. Raise ValueError if the platform's schema forbids the row."""
    checked = schemas.AssistantAnswer(**{key: row._mapping[key] for key in schemas.AssistantAnswer.__fields__})
    return {
        **{key: row._mapping[key] for key in SHOWN},
        "temperature": checked.temperature,
        "max_tokens": checked.max_tokens,
        "status": row.status.lower(),
    }


def one(connection: Connection, condition: Any) -> Row | None:
    """Return the first row that meets the condition, in the order of the heap."""
    return connection.execute(select(assistants).where(condition)).first()


def readable(connection: Connection, assistant_id: str, caller_id: uuid.UUID) -> Row:
    """Return the assistant if it is public or the caller's. Otherwise fail with a 500, like the platform."""
    row = one(connection, assistants.c.id == assistant_id)
    if row is None or not (row.is_public or row.creator_id == caller_id):
        raise RuntimeError("assistant not found")
    return row


def is_writable(connection: Connection, assistant_id: str, caller_id: uuid.UUID) -> bool:
    """Return whether the caller owns the assistant or is an administrator."""
    owner = connection.scalar(select(assistants.c.creator_id).where(assistants.c.id == assistant_id))
    role = connection.scalar(select(users.c.role).where(users.c.id == caller_id))
    return owner is not None and (owner == caller_id or role in ("SUPER_ADMIN", "ADMIN"))


def change(connection: Connection, assistant_id: str, caller_id: uuid.UUID, values: dict[str, Any]) -> dict[str, Any]:
    """Write to an assistant and return its body, or fail with a 500 for a caller who must not."""
    if not is_writable(connection, assistant_id, caller_id):
        raise RuntimeError("assistant not found")
    changes = {**values, "updated_at": datetime.now(UTC)}
    connection.execute(update(assistants).where(assistants.c.id == assistant_id).values(**changes))
    connection.commit()
    row = one(connection, assistants.c.id == assistant_id)
    return assistant_body(row) if row else {}


@router.get("/")
def list_assistants(connection: Connection = TRANSACTION, caller_id: uuid.UUID = CALLER_ID) -> list[dict[str, Any]]:
    """List the caller's own assistants, newest first. The public ones of others are in no list."""
    own = select(assistants).where(assistants.c.creator_id == caller_id).order_by(assistants.c.created_at.desc())
    return [assistant_body(row) for row in connection.execute(own)]


@router.get("/public")
def list_public_assistants() -> None:
    """Fail with a 500, as the platform always does."""
    raise RuntimeError("a list cannot be awaited")


@router.get("/status/list")
def list_statuses() -> list[str]:
    """Return the names of all statuses."""
    return ["active", "inactive", "draft", "maintenance"]


@router.get("/default")
def get_default_assistant(connection: Connection = TRANSACTION) -> dict[str, Any]:
    """Return the first active public assistant in the order of the heap, to callers without a login too."""
    row = one(connection, (assistants.c.status == "ACTIVE") & assistants.c.is_public)
    if row is None:
        raise HTTPException(404, "No default assistant found")
    return assistant_body(row)


@router.get("/default/id")
def get_default_id(connection: Connection = TRANSACTION, caller_id: uuid.UUID = CALLER_ID) -> dict[str, str]:
    """Return the id in the caller's preferences unchecked, else that of the newest own assistant."""
    preferences = connection.scalar(select(users.c.preferences).where(users.c.id == caller_id))
    chosen = (preferences or {}).get("default_assistant_id")
    own = select(assistants.c.id).where(assistants.c.creator_id == caller_id)
    found = chosen or connection.scalar(own.order_by(assistants.c.created_at.desc()))
    if not found:
        raise HTTPException(404, "No default assistant configured for user")
    return {"assistant_id": str(found)}


@router.post("/default/set")
def set_default_id(
    body: schemas.DefaultAssistantRequest, connection: Connection = TRANSACTION, caller: Row = CALLER
) -> dict[str, str]:
    """Report success, but store the id only while the caller's preferences are empty: the platform changes a dict."""
    row = one(connection, assistants.c.id == body.assistant_id)
    if row is None or not (row.is_public or row.creator_id == caller.id):
        raise HTTPException(400, "Failed to set default assistant")
    if not caller.preferences:
        preferences = {"default_assistant_id": body.assistant_id}
        connection.execute(update(users).where(users.c.id == caller.id).values(preferences=preferences))
        connection.commit()
    return {"message": "Default assistant set successfully"}


@router.post("/")
def create_assistant(
    body: schemas.AssistantCreate, connection: Connection = TRANSACTION, caller: Row = CALLER
) -> dict[str, Any]:
    """Create an assistant, a draft at first."""
    values = {
        **body.dict(exclude={"tools_config"}),
        "id": uuid.uuid4(),
        "temperature": str(body.temperature),
        "max_tokens": str(body.max_tokens),
        "version": schemas.ROW_VERSION,
        "status": "DRAFT",
        "is_template": False,
        "tools_config": [],
        "tools_enabled": True,
        "assistant_metadata": {},
        "creator_id": caller.id,
    }
    connection.execute(insert(assistants).values(**values))
    connection.commit()
    return assistant_body(readable(connection, str(values["id"]), caller.id))


@router.get("/{assistant_id}")
def get_assistant(
    assistant_id: str = ID, connection: Connection = TRANSACTION, caller_id: uuid.UUID = CALLER_ID
) -> dict[str, Any]:
    """Return one assistant by id, of any status."""
    return assistant_body(readable(connection, assistant_id, caller_id))


@router.put("/{assistant_id}")
def update_assistant(
    body: schemas.AssistantUpdate,
    assistant_id: str = ID,
    connection: Connection = TRANSACTION,
    caller_id: uuid.UUID = CALLER_ID,
) -> dict[str, Any]:
    """Change an assistant; a null changes nothing."""
    values = {key: value for key, value in body.dict().items() if value is not None}
    texts = {key: str(values[key]) for key in ("temperature", "max_tokens") if key in values}
    return change(connection, assistant_id, caller_id, {**values, **texts})


@router.delete("/{assistant_id}")
def delete_assistant(
    assistant_id: str = ID, connection: Connection = TRANSACTION, caller_id: uuid.UUID = CALLER_ID
) -> dict[str, str]:
    """Delete an assistant if the caller may; report success in any case, as the platform does."""
    if is_writable(connection, assistant_id, caller_id):
        connection.execute(delete(assistants).where(assistants.c.id == assistant_id))
        connection.commit()
    return {"message": "Assistant deleted successfully"}


@router.post("/{assistant_id}/activate")
def activate_assistant(
    assistant_id: str = ID, connection: Connection = TRANSACTION, caller_id: uuid.UUID = CALLER_ID
) -> dict[str, Any]:
    """Make an assistant active."""
    return change(connection, assistant_id, caller_id, {"status": "ACTIVE"})


@router.post("/{assistant_id}/deactivate")
def deactivate_assistant(
    assistant_id: str = ID, connection: Connection = TRANSACTION, caller_id: uuid.UUID = CALLER_ID
) -> dict[str, Any]:
    """Make an assistant inactive."""
    return change(connection, assistant_id, caller_id, {"status": "INACTIVE"})
