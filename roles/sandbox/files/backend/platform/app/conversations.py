"""The lists of conversations: one's own, and for administrators those of others. Nothing stores one."""

from __future__ import annotations

import uuid
from typing import Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.engine import Connection, Row

from app.auth import CALLER
from app.database import TRANSACTION
from app.models.chat import assistants, conversations

router = APIRouter()
SHOWN = [
    "id",
    "title",
    "description",
    "user_id",
    "assistant_id",
    "is_active",
    "is_archived",
    "message_count",
    "total_tokens",
    "conversation_metadata",
    "created_at",
    "updated_at",
]


class ConversationAnswer(BaseModel):
    """What the platform checks of its own answer: one odd row makes the whole list a 500."""

    title: str = Field(min_length=1, max_length=500)
    description: str | None = Field(max_length=2000)
    conversation_metadata: dict[str, Any] | None
    message_count: int = Field(ge=0)
    total_tokens: int = Field(ge=0)


def conversation_body(row: Row) -> dict[str, Any]:
    """Return a conversation as REST shows it. Raise ValueError if the platform's schema forbids the row."""
    shown = {key: row._mapping[key] for key in SHOWN}
    ConversationAnswer(**{key: shown[key] for key in ConversationAnswer.__fields__})
    return {**shown, "assistant_name": row._mapping["assistant_name"], "messages": None}


@router.get("/")
def list_conversations(
    user_id: str | None = None,
    page: int = Query(1, ge=1),
    size: int = Query(20, ge=1, le=100),
    connection: Connection = TRANSACTION,
    caller: Row = CALLER,
) -> dict[str, Any]:
    """Return a page of a user's conversations, of which the platform reads all. Only administrators see others'."""
    owner = uuid.UUID(user_id) if user_id else caller.id
    if owner != caller.id and caller.role not in ("SUPER_ADMIN", "ADMIN"):
        raise HTTPException(403, "Not enough permissions")
    joined = select(conversations, assistants.c.name.label("assistant_name")).join(assistants)
    rows = connection.execute(joined.where(conversations.c.user_id == owner)).all()
    shown = [conversation_body(row) for row in rows]
    total, first = len(shown), (page - 1) * size
    pages = (total + size - 1) // size
    return {"conversations": shown[first : first + size], "total": total, "page": page, "size": size, "pages": pages}
