"""Routes that fail for every caller, most of them only after a login, and the searches, which find nothing."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from app.auth import CALLER

router = APIRouter(dependencies=[CALLER])
BROKEN = {
    "audit/audit": ("GET policies", "GET policies/{row}", "GET retention", "GET alerts", "GET logs"),
    "conversations": ("GET {row}/messages",),
    "domain-groups": (
        "GET hierarchy",
        "GET stats",
        "GET {row}",
        "DELETE {row}",
        "GET {row}/members",
        "GET {row}/resources",
    ),
    "knowledge": (
        "GET documents/{row}",
        "GET documents/{row}/download",
        "POST documents/{row}/process",
        "GET processing/jobs",
        "GET tags",
        "GET tags/search",
    ),
}


class KnowledgeSearchRequest(BaseModel):
    """What to search for."""

    query: str
    limit: int = 5


class SemanticSearchRequest(KnowledgeSearchRequest):
    """What to search for in a conversation."""

    conversation_id: str | None = None


def fail() -> None:
    """Fail with a 500, as the platform always does."""
    raise RuntimeError("this version of the platform cannot do this")


@router.post("/search/knowledge")
@router.post("/knowledge/knowledge")
def search_knowledge(_search: KnowledgeSearchRequest) -> list[dict[str, Any]]:
    """Find nothing: the vector store has no class with a vectorizer."""
    return []


@router.post("/search/conversation")
def search_conversation(_search: SemanticSearchRequest) -> list[dict[str, Any]]:
    """Find nothing, as above."""
    return []


open_router = APIRouter()
open_router.add_api_route("/knowledge/processing/engines", fail, name="GET knowledge/processing/engines")
for place, operations in BROKEN.items():
    for operation in operations:
        method, _space, path = operation.partition(" ")
        router.add_api_route(f"/{place}/{path}", fail, methods=[method], name=f"{method} {place}/{path}")
