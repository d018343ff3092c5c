"""The login's rate limit: 5 calls in 300 seconds for one address, counted in a Redis sorted set."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import redis
from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse
from loguru import logger

from app.stores import cache

CALLS = 5
WINDOW_SECONDS = 300


def refused(address: str) -> JSONResponse | None:
    """Return the 429 answer for an address that called too often, else None. Refuse no address without Redis.

    Every call is counted, refused ones as well: a client that keeps trying is never admitted again. Several calls in
    the same second are one entry and count once.
    """
    key, now = f"rate_limit:auth:{address}", int(time.time())
    try:
        steps = cache().pipeline()
        steps.zremrangebyscore(key, 0, now - WINDOW_SECONDS)
        steps.zcard(key)
        steps.zadd(key, {str(now): now})
        steps.expire(key, WINDOW_SECONDS)
        calls = int(steps.execute()[1])
    except redis.RedisError as error:
        logger.error(f"Rate limiting error: {error}")
        return None
    if calls < CALLS:
        return None
    facts = {
        "limited": True,
        "current_requests": calls,
        "max_requests": CALLS,
        "remaining_requests": 0,
        "reset_time": now + WINDOW_SECONDS,
        "window_seconds": WINDOW_SECONDS,
    }
    body = {
        "error": "Rate limit exceeded",
        "message": f"Too many requests. Try again in {WINDOW_SECONDS} seconds.",
        "rate_limit_info": facts,
    }
    headers = {
        "X-RateLimit-Limit": str(CALLS),
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(facts["reset_time"]),
        "Retry-After": str(WINDOW_SECONDS),
    }
    return JSONResponse(body, status_code=429, headers=headers)


def limited(request: Request, operation: Callable[[], Any]) -> Any:
    """Run an operation under the limit. One that refuses is run a second time: the platform's decorator does that."""
    answer = refused(request.client.host if request.client else "unknown")
    if answer is not None:
        return answer
    try:
        return operation()
    except HTTPException as error:
        logger.error(f"Rate limiting error: {error.detail}")
        return operation()
