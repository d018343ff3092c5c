"""The platform's error bodies: {"detail": "errors.snake_case"} for 4xx, a larger one for 422 and 5xx."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from loguru import logger
from starlette.exceptions import HTTPException


def large_body(status: int, error: str, message: str, details: list[dict[str, Any]] | None = None) -> JSONResponse:
    """Build the body of 422 and 5xx answers."""
    body = {
        "success": False,
        "error": error,
        "message": message,
        "details": details,
        "timestamp": datetime.now(UTC).replace(tzinfo=None).isoformat(),
        "path": None,
        "method": None,
        "status_code": status,
        "request_id": None,
    }
    return JSONResponse(body, status_code=status)


async def on_http_error(_request: Request, error: HTTPException) -> JSONResponse:
    """Answer a 4xx with a translation key instead of a sentence."""
    key = f"errors.{str(error.detail).lower().replace(' ', '_')}"
    logger.warning(f"HTTP {error.status_code}: {error.detail}")
    if error.status_code >= 500:
        return large_body(error.status_code, "INTERNAL_SERVER_ERROR", key)
    return JSONResponse({"detail": key}, status_code=error.status_code)


async def on_invalid_request(_request: Request, error: RequestValidationError) -> JSONResponse:
    """Answer 422 and name every field."""
    details = [
        {
            "field": ".".join(str(part) for part in item["loc"]),
            "message": item["msg"],
            "code": item["type"],
            "value": None,
        }
        for item in error.errors()
    ]
    logger.warning(f"Validation failed: {[item['field'] for item in details]}")
    return large_body(422, "VALIDATION_ERROR", "Request validation failed", details)


async def on_any_error(_request: Request, error: Exception) -> JSONResponse:
    """Answer 500 without the cause, which is in the log."""
    logger.error(f"Unhandled exception: {error}")
    return large_body(500, "INTERNAL_SERVER_ERROR", "An unexpected error occurred")


def install(app: FastAPI) -> None:
    """Register the handlers."""
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    app.add_exception_handler(Exception, on_any_error)
