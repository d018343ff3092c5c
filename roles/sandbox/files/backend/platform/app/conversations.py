"""Conversations: lists, archiving and deleting. No route stores a conversation or shows a message."""

from __future__ import annotations

import uuid
from typing import Any

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import BaseModel, Field, validator
from sqlalchemy import delete, select, update
from sqlalchemy.engine import Connection, Row

from app.auth import CALLER, CALLER_ID
from app.content_schemas import JsonObject
from app.database import TRANSACTION
from app.models.chat import assistants, conversations, messages

router = APIRouter()
chat_router = APIRouter()
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
SHOWN_IN_CHAT = ["id", "title", "description", "assistant_id", "message_count", "is_active"]


class ConversationAnswer(BaseModel):
    """What the platform checks of its own answer: one odd row makes the whole list a 500."""

    title: str = Field(min_length=1, max_length=500)
    description: str | None = Field(max_length=2000)
    conversation_metadata: JsonObject | None
    message_count: int = Field(ge=0)
    total_tokens: int = Field(ge=0)

    @validator("title", "description")
    @classmethod
    def visible(cls, value: str | None) -> str | None:
        """Refuse a text of blanks."""
        if value is not None and not value.strip():
            raise ValueError("cannot be empty")
        return value


def conversation_body(row: Row) -> dict[str, Any]:
    """Return a conversation as REST shows it. Raise ValueError if the platform's schema forbids the row."""
    shown = {key: row._mapping[key] for key in SHOWN}
    ConversationAnswer(**{key: shown[key] for key in ConversationAnswer.__fields__})
    texts = {key: shown[key] and shown[key].strip() for key in ("title", "description")}
    return {**shown, **texts, "assistant_name": row._mapping["assistant_name"], "messages": None}


def found(connection: Connection, condition: Any) -> list[Row]:
    """Return conversations with the names of their assistants, the latest first."""
    joined = select(conversations, assistants.c.name.label("assistant_name")).join(assistants)
    return list(connection.execute(joined.where(condition).order_by(conversations.c.updated_at.desc())).all())


def own(conversation_id: str, caller: Row) -> Any:
    """Return the condition for one conversation of the caller's own."""
    return (conversations.c.id == conversation_id) & (conversations.c.user_id == caller.id)


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
    shown = [conversation_body(row) for row in found(connection, conversations.c.user_id == owner)]
    total, first = len(shown), (page - 1) * size
    pages = (total + size - 1) // size
    return {"conversations": shown[first : first + size], "total": total, "page": page, "size": size, "pages": pages}


@router.get("/{conversation_id}")
def get_conversation(
    conversation_id: str, connection: Connection = TRANSACTION, caller: Row = CALLER
) -> dict[str, Any]:
    """Return one of the caller's own conversations, or fail with a 500 for any other, like the platform."""
    rows = found(connection, own(conversation_id, caller))
    if not rows:
        raise RuntimeError("conversation not found")
    return conversation_body(rows[0])


@router.post("/{conversation_id}/archive")
def archive_conversation(
    conversation_id: str, connection: Connection = TRANSACTION, caller: Row = CALLER
) -> dict[str, str]:
    """Archive one of the caller's own conversations."""
    values = {"is_archived": True, "is_active": False}
    changed = connection.execute(update(conversations).where(own(conversation_id, caller)).values(**values))
    if not changed.rowcount:
        raise HTTPException(404, "Conversation not found")
    connection.commit()
    return {"message": "Conversation archived"}


@router.delete("/{conversation_id}", status_code=204, response_class=Response, response_model=None)
def delete_conversation(conversation_id: str, connection: Connection = TRANSACTION, caller: Row = CALLER) -> None:
    """Delete one of the caller's own conversations with its messages."""
    key = connection.scalar(select(conversations.c.id).where(own(conversation_id, caller)))
    if key is None:
        raise HTTPException(404, "Conversation not found")
    connection.execute(delete(messages).where(messages.c.conversation_id == key))
    connection.execute(delete(conversations).where(conversations.c.id == key))
    connection.commit()


@chat_router.get("/conversations")
def list_chat(
    page: int = Query(1, ge=1),
    per_page: int = Query(20, ge=1, le=100),
    connection: Connection = TRANSACTION,
    caller_id: uuid.UUID = CALLER_ID,
) -> dict[str, Any]:
    """Return a page of the caller's conversations. One that was never updated makes it a 500."""
    rows = found(connection, conversations.c.user_id == caller_id)[(page - 1) * per_page : page * per_page]
    shown = [
        {
            **{key: row._mapping[key] for key in SHOWN_IN_CHAT},
            **{key: row._mapping[key].isoformat() for key in ("created_at", "updated_at")},
            "hybrid_mode": None,
        }
        for row in rows
    ]
    return {"conversations": shown, "total": len(shown), "page": page, "per_page": per_page}
