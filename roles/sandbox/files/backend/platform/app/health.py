"""The health routes. They answer 200 whatever happens; only some of their bodies tell the truth."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from loguru import logger

from app import database, stores
from app.settings import settings

router = APIRouter()
public_router = APIRouter()


def _word(healthy: bool) -> str:
    return "healthy" if healthy else "unhealthy"


def _identity() -> dict[str, str]:
    return {
        "service": "ai-assistant-platform",
        "version": settings().version,
        "environment": settings().environment,
    }


@public_router.get("/health")
def liveness() -> dict[str, Any]:
    """Report healthy, always: only the redis field depends on anything."""
    info = stores.describe_cache()
    state = "connected" if info["status"] == "connected" else "unavailable"
    return {
        "status": "healthy",
        "app_name": "AI Assistant Platform",
        "version": settings().version,
        "environment": settings().environment,
        "timestamp": datetime.now(UTC).isoformat(),
        "services": {"redis": {"status": state, "info": info}},
    }


@router.get("/")
def basic() -> dict[str, str]:
    """Report healthy without any check."""
    return {"status": "healthy", **_identity()}


@router.get("/detailed")
def detailed() -> dict[str, Any]:
    """Report healthy or degraded by a check of every component."""
    found = {
        "database": (database.is_reachable(), database.describe()),
        "cache": (stores.cache_is_reachable(), stores.describe_cache()),
        "vector_db": (stores.vectors_are_reachable(), stores.describe_vectors()),
    }
    overall = "healthy" if all(healthy for healthy, _details in found.values()) else "degraded"
    logger.info(f"Health: {overall}")
    return {
        "status": overall,
        **_identity(),
        "components": {
            name: {"status": _word(healthy), "details": details} for name, (healthy, details) in found.items()
        },
        "timestamp": datetime.now(UTC).replace(tzinfo=None).isoformat(),
    }


@router.get("/database")
def database_only() -> dict[str, Any]:
    """Report the database component alone."""
    return {"status": _word(database.is_reachable()), "component": "database", "details": database.describe()}


@router.get("/redis")
def cache_only() -> dict[str, Any]:
    """Report the cache component alone."""
    return {"status": _word(stores.cache_is_reachable()), "component": "cache", "details": stores.describe_cache()}


@router.get("/weaviate")
def vectors_only() -> dict[str, Any]:
    """Report the vector store alone."""
    healthy = stores.vectors_are_reachable()
    return {"status": _word(healthy), "component": "vector_db", "details": stores.describe_vectors()}
