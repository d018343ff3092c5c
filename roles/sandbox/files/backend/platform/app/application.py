"""The application: start-up, middleware and routes put together."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Any

from fastapi import APIRouter, FastAPI
from loguru import logger
from starlette.middleware.trustedhost import TrustedHostMiddleware

from app import (
    ai_models,
    assistants,
    auth,
    broken_routes,
    conversations,
    database,
    domain_groups,
    errors,
    groups,
    health,
    knowledge,
    mcp,
    registration,
    sockets,
    statistics,
    stores,
    tools,
    users,
)
from app.filters import KNOWN_HOSTS, RequestFilter
from app.settings import settings

config_router = APIRouter()


@config_router.get("/api/config")
@config_router.get("/api/v1/config/")
def frontend_config() -> dict[str, Any]:
    """Return the configuration that the frontend requests first."""
    debug = settings().debug
    places = ("auth", "users", "conversations", "chat", "tools", "assistants", "knowledge", "health")
    return {
        "apiUrl": "/api",
        "wsUrl": settings().ws_url,
        "isDevelopment": debug,
        "isProduction": not debug,
        "enableDebug": debug,
        "wsEndpoints": {"chat": "/api/v1/ws", "notifications": "/api/v1/ws/notifications"},
        "apiEndpoints": {place: f"/api/v1/{place}" for place in places},
    }


@config_router.get("/")
def root() -> dict[str, str]:
    """Return a greeting with the version."""
    docs = "/docs" if settings().debug else "Documentation disabled in production"
    return {"message": "Welcome to AI Assistant Platform", "version": settings().version, "docs": docs}


def ignore_stop_signals() -> None:
    """Ignore SIGTERM and SIGINT like the platform: only SIGKILL ends the process, requests are answered until then."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        # The server's own handler must go first: the loop would go on calling it.
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_IGN)


async def start() -> None:
    """Start as slowly and as strictly as the platform: without database or Weaviate the server exits with 3."""
    logger.info("Starting AI Assistant Platform (sandbox)...")
    ignore_stop_signals()
    await asyncio.sleep(settings().start_seconds)
    if settings().never_healthy:
        logger.error("SANDBOX_NEVER_HEALTHY is set: start-up goes no further")
        await asyncio.Event().wait()
    await asyncio.to_thread(connect)
    logger.info("All services initialized successfully")


def connect() -> None:
    """Reach every service and make the tables; raises what went wrong."""
    logger.info("Initializing database...")
    try:
        database.create_tables()
        database.create_default_admin()
        database.create_default_assistant()
    except Exception as error:
        logger.error(f"Failed to initialize services: {error}")
        raise
    if not stores.cache_is_reachable():
        logger.warning("Redis not available - continuing without caching")
    if not stores.vectors_are_reachable():
        logger.error("Failed to initialize services: Weaviate connection failed")
        raise RuntimeError("Weaviate connection failed")


def create_application() -> FastAPI:
    """Build the application; its documentation is only served when DEBUG is on."""
    # Beside loguru's own sink on stderr: the platform logs every line twice, in two formats.
    logger.add(
        sys.stdout.write,
        level=settings().log_level,
        format="{time:YYYY-MM-DD HH:mm:ss} | {level} | {name}:{function}:{line} - {message}",
    )
    debug = settings().debug
    app = FastAPI(
        title="AI Assistant Platform",
        version=settings().version,
        description="Sandbox: a stand-in for trying and testing",
        docs_url="/docs" if debug else None,
        redoc_url="/redoc" if debug else None,
        openapi_url="/openapi.json" if debug else None,
        on_startup=[start],
    )
    # The last one added is asked first: an unknown host is refused before the filter looks at anything.
    app.add_middleware(RequestFilter)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["*"] if debug else KNOWN_HOSTS)
    errors.install(app)
    app.include_router(health.public_router)
    app.include_router(config_router)
    app.include_router(auth.router, prefix="/api/v1/auth")
    app.include_router(registration.router, prefix="/api/v1/auth")
    # Users come before groups, so that GET /users/groups means a user called "groups": a 500, as in the platform.
    app.include_router(users.router, prefix="/api/v1/users")
    app.include_router(groups.router, prefix="/api/v1/users")
    app.include_router(assistants.router, prefix="/api/v1/assistants")
    app.include_router(tools.router, prefix="/api/v1/tools")
    app.include_router(ai_models.router, prefix="/api/v1/ai-models")
    app.include_router(mcp.router, prefix="/api/v1/mcp")
    app.include_router(knowledge.router, prefix="/api/v1/knowledge")
    app.include_router(domain_groups.router, prefix="/api/v1/domain-groups")
    app.include_router(conversations.router, prefix="/api/v1/conversations")
    app.include_router(conversations.chat_router, prefix="/api/v1/chat")
    app.include_router(statistics.router, prefix="/api/v1/statistics")
    app.include_router(broken_routes.router, prefix="/api/v1")
    app.include_router(broken_routes.open_router, prefix="/api/v1")
    app.include_router(health.router, prefix="/api/v1/health")
    app.include_router(sockets.router, prefix="/api/v1/ws")
    return app
