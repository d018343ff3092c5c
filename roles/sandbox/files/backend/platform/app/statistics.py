"""Statistics: counts of the whole platform, and the newest messages of all users to every caller."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Query
from sqlalchemy import Table, func, select
from sqlalchemy.engine import Connection, Row

from app.auth import CALLER
from app.database import TRANSACTION
from app.models.chat import assistants, conversations, messages, tools
from app.models.knowledge import documents

router = APIRouter()
PERFORMANCE = {"cpuUsage": 0, "memoryUsage": 0, "responseTime": 0, "uptime": 0}
TITLE_LENGTH = 50


def count(connection: Connection, table: Table, condition: Any = None) -> int:
    """Count the rows of a table that meet a condition."""
    query = select(func.count()).select_from(table)
    return int(connection.scalar(query if condition is None else query.where(condition)) or 0)


def activity(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """Return the beginnings of the newest messages of all users."""
    newest = select(messages).order_by(messages.c.created_at.desc()).limit(limit)
    return [
        {
            "id": str(row.id),
            "type": "message",
            "title": row.content[:TITLE_LENGTH],
            "timestamp": row.created_at.isoformat(),
            "user": "",
        }
        for row in connection.execute(newest)
    ]


def own(connection: Connection, caller: Row, since: datetime | None = None) -> tuple[int, int]:
    """Return how many conversations and messages the caller has."""
    talks = mine = conversations.c.user_id == caller.id
    said = messages.c.conversation_id.in_(select(conversations.c.id).where(mine))
    if since:
        talks, said = mine & (conversations.c.created_at >= since), said & (messages.c.created_at >= since)
    return count(connection, conversations, talks), count(connection, messages, said)


@router.get("/overview")
def overview(connection: Connection = TRANSACTION, caller: Row = CALLER) -> dict[str, Any]:
    """Return the totals; active are users with a conversation of the last day."""
    now = datetime.now(UTC)
    active = select(func.count(conversations.c.user_id.distinct()))
    talks, said = own(connection, caller, now - timedelta(days=7))
    return {
        "systemStats": {
            "totalConversations": count(connection, conversations),
            "totalMessages": count(connection, messages),
            "totalDocuments": count(connection, documents),
            "totalAssistants": count(connection, assistants),
            "totalTools": count(connection, tools),
            "activeUsers": connection.scalar(active.where(conversations.c.created_at >= now - timedelta(days=1))),
            "systemHealth": "healthy",
            "performance": PERFORMANCE,
        },
        "recentActivity": activity(connection, 10),
        "userStats": {
            "conversationsThisWeek": talks,
            "messagesThisWeek": said,
            "documentsUploaded": 0,
            "favoriteAssistant": "",
        },
    }


@router.get("/system-health")
def system_health() -> dict[str, Any]:
    """Return constants, to callers without a login too."""
    return {"status": "healthy", "performance": PERFORMANCE}


@router.get("/recent-activity", dependencies=[CALLER])
def recent_activity(limit: int = Query(10, ge=1, le=100), connection: Connection = TRANSACTION) -> list[dict[str, Any]]:
    """Return the beginnings of the newest messages of all users."""
    return activity(connection, limit)


@router.get("/user")
def user_statistics(connection: Connection = TRANSACTION, caller: Row = CALLER) -> dict[str, int]:
    """Return the caller's counts; documents are always 0."""
    talks, said = own(connection, caller)
    return {"conversations": talks, "messages": said, "documents": 0}
