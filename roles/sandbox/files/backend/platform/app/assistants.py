"""As much of the assistants as it takes for a user to own one."""

from __future__ import annotations

import uuid
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection, Row

from app.auth import CALLER
from app.database import TRANSACTION
from app.models.chat import assistants

router = APIRouter()
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
]


class AssistantCreate(BaseModel):
    """A new assistant. tools_config is accepted and dropped, as in the platform."""

    name: str
    description: str | None = None
    personality: str | None = None
    system_prompt: str
    instructions: str | None = None
    model: str = "gpt-4"
    temperature: float = 0.7
    max_tokens: int = 4096
    is_public: bool = False
    category: str | None = None
    tags: list[str] = Field(default_factory=list)
    tools_config: list[dict[str, Any]] = Field(default_factory=list)


def assistant_body(row: Row) -> dict[str, Any]:
    """Return an assistant as REST shows it: the two numbers are text in the database."""
    return {
        **{key: row._mapping[key] for key in SHOWN},
        "temperature": float(row.temperature),
        "max_tokens": int(row.max_tokens),
        "status": row.status.lower(),
        "tags": row.tags or [],
        "tools_config": row.tools_config or [],
        "version": row.version or "1.0.0",
    }


def find(connection: Connection, assistant_id: str, caller: Row) -> Row:
    """Return the assistant if it is public or the caller's. Otherwise fail with a 500, like the platform."""
    row = connection.execute(select(assistants).where(assistants.c.id == assistant_id)).first()
    if row is None or not (row.is_public or row.creator_id == caller.id):
        raise RuntimeError("assistant not found")
    return row


@router.post("/")
def create_assistant(
    body: AssistantCreate, connection: Connection = TRANSACTION, caller: Row = CALLER
) -> dict[str, Any]:
    """Create an assistant, a draft at first."""
    values = {
        **body.dict(exclude={"tools_config"}),
        "id": uuid.uuid4(),
        "temperature": str(body.temperature),
        "max_tokens": str(body.max_tokens),
        "version": "1.0.0",
        "status": "DRAFT",
        "is_template": False,
        "tools_enabled": True,
        "creator_id": caller.id,
    }
    connection.execute(insert(assistants).values(**values))
    connection.commit()
    return assistant_body(find(connection, str(values["id"]), caller))


@router.get("/")
def list_assistants(connection: Connection = TRANSACTION, caller: Row = CALLER) -> list[dict[str, Any]]:
    """List the caller's own assistants and the public ones."""
    visible = (assistants.c.creator_id == caller.id) | assistants.c.is_public
    return [assistant_body(row) for row in connection.execute(select(assistants).where(visible))]


@router.get("/{assistant_id}")
def get_assistant(assistant_id: str, connection: Connection = TRANSACTION, caller: Row = CALLER) -> dict[str, Any]:
    """Return one assistant by id."""
    return assistant_body(find(connection, assistant_id, caller))


@router.delete("/{assistant_id}")
def delete_assistant(assistant_id: str, connection: Connection = TRANSACTION, caller: Row = CALLER) -> dict[str, str]:
    """Delete one's own assistant; administrators delete any."""
    if caller.role not in ("SUPER_ADMIN", "ADMIN"):
        find(connection, assistant_id, caller)
    gone = connection.execute(delete(assistants).where(assistants.c.id == assistant_id))
    if not gone.rowcount:
        raise RuntimeError("assistant not found")
    connection.commit()
    return {"message": "Assistant deleted successfully"}
