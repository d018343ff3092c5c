"""What is refused before any route sees it: suspicious headers, user agents and words in the path."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import PlainTextResponse
from loguru import logger
from starlette.types import ASGIApp, Receive, Scope, Send

# The only names the platform answers to unless DEBUG is on: no setting changes them.
KNOWN_HOSTS = ["localhost", "127.0.0.1", "yourdomain.com", "testserver", "testserver.local"]
REFUSED_HEADERS = ("x-forwarded-host", "x-original-url", "x-rewrite-url")
REFUSED_AGENTS = ("sqlmap", "nikto", "nmap", "scanner", "bot", "crawler", "spider")
REFUSED_IN_PATH = ("..", "~", "/etc/", "/proc/", "/sys/", "/dev/", "cmd", "exec", "system")


def refusal(request: Request) -> str | None:
    """Return why a request is refused, or None. Refuse even ordinary paths, as /users/search/username/executive."""
    for header in REFUSED_HEADERS:
        if header in request.headers:
            return f"header {header}"
    agent = request.headers.get("user-agent", "").lower()
    path = request.url.path.lower()
    for word in REFUSED_AGENTS:
        if word in agent:
            return f"user agent with {word}"
    for word in REFUSED_IN_PATH:
        if word in path:
            return f"path with {word}"
    return None


class RequestFilter:
    """ASGI middleware: answers 400 "Invalid request" to whatever `refusal` names."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = refusal(Request(scope)) if scope["type"] == "http" else None
        if reason is None:
            await self.app(scope, receive, send)
            return
        logger.warning(f"Refused a request: {reason}")
        await PlainTextResponse("Invalid request", status_code=400)(scope, receive, send)
