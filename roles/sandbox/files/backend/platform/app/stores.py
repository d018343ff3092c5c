"""The two other services the backend talks to: Redis, which may be absent, and Weaviate, which may not."""

from __future__ import annotations

import urllib.error
import urllib.request
from functools import lru_cache
from typing import Any

import redis
from loguru import logger

from app.settings import settings


@lru_cache(maxsize=1)
def cache() -> redis.Redis:
    """Return the Redis client, which connects with the first command."""
    options = {"decode_responses": True, "socket_connect_timeout": 5, "socket_timeout": 5}
    return redis.Redis.from_url(settings().redis_url, db=settings().redis_db, **options)


def cache_is_reachable() -> bool:
    """Return whether Redis answers."""
    try:
        return bool(cache().ping())
    except redis.RedisError as error:
        logger.error(f"Redis connection failed: {error}")
        return False


def describe_cache() -> dict[str, Any]:
    """Return the `details` of the cache component."""
    try:
        info = cache().info()
    except redis.RedisError as error:
        return {"status": "error", "error": str(error)}
    shown = ("connected_clients", "used_memory_human", "uptime_in_seconds", "keyspace_hits", "keyspace_misses")
    return {"status": "connected", "version": info["redis_version"], **{key: info[key] for key in shown}}


def vectors_are_reachable() -> bool:
    """Return whether Weaviate reports that it is ready and accepts the API key."""
    headers = {"Authorization": f"Bearer {settings().weaviate_api_key}"} if settings().weaviate_api_key else {}
    try:
        for path in ("/v1/.well-known/ready", "/v1/meta"):
            request = urllib.request.Request(settings().weaviate_url + path, headers=headers)
            urllib.request.urlopen(request, timeout=5).close()
    except (urllib.error.URLError, OSError) as error:
        logger.error(f"Weaviate connection failed: {error}")
        return False
    return True


def describe_vectors() -> dict[str, Any]:
    """Return the `details` of the vector_db component."""
    return {"status": "connected" if vectors_are_reachable() else "disconnected"}
