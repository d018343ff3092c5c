"""The database: one engine, the tables made at every start, and the answers the health routes need."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from fastapi import Depends
from loguru import logger
from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from app.models import metadata
from app.models.chat import assistants
from app.models.identity import users
from app.passwords import hash_password
from app.settings import is_true, settings


@lru_cache(maxsize=1)
def engine() -> Engine:
    """Return the process's engine, which gives up on a silent host after five seconds."""
    return create_engine(settings().database_url, future=True, pool_pre_ping=True, connect_args={"connect_timeout": 5})


def transaction() -> Iterator[Connection]:
    """Yield a connection in a transaction that is committed after the operation, or rolled back if it raises.

    Operations commit by themselves before they answer, because this runs on after the answer is sent.
    """
    with engine().connect() as connection:
        yield connection


TRANSACTION = Depends(transaction)


def create_tables() -> None:
    """Make what is missing, as the platform does at every start: no alembic_version, and nothing is ever altered."""
    metadata.create_all(engine())
    logger.info("Database tables created successfully")


def create_default_admin() -> None:
    """Make the first administrator from DEFAULT_ADMIN_* if CREATE_DEFAULT_ADMIN asks for it and no ADMIN is there."""
    if not is_true(os.environ.get("CREATE_DEFAULT_ADMIN", "false")):
        logger.info("No default administrator asked for")
        return
    email, username, password = (os.environ.get(f"DEFAULT_ADMIN_{part}") for part in ("EMAIL", "USERNAME", "PASSWORD"))
    if not (email and username and password):
        logger.warning("DEFAULT_ADMIN_EMAIL, DEFAULT_ADMIN_USERNAME and DEFAULT_ADMIN_PASSWORD are all needed")
        return
    try:
        with engine().begin() as connection:
            if connection.scalar(select(users.c.id).where(users.c.role == "ADMIN").limit(1)):
                logger.info("An administrator exists already")
                return
            connection.execute(
                insert(users).values(
                    id=uuid.uuid4(),
                    email=email,
                    username=username,
                    hashed_password=hash_password(password),
                    auth_provider="LOCAL",
                    status="ACTIVE",
                    role="ADMIN",
                    is_verified=True,
                    failed_login_attempts="0",
                    language="en",
                    timezone="Europe/Berlin",
                )
            )
        logger.info(f"Created the default administrator {email}")
    except SQLAlchemyError as error:
        # With two workers on an empty database one of them loses; both go on.
        logger.error(f"Could not create the default administrator: {error}")


def create_default_assistant() -> None:
    """Make a public assistant of the first ADMIN if CREATE_DEFAULT_ASSISTANT asks for it and the table is empty."""
    if not is_true(os.environ.get("CREATE_DEFAULT_ASSISTANT", "false")):
        return
    with engine().begin() as connection:
        owner = connection.scalar(select(users.c.id).where(users.c.role == "ADMIN").limit(1))
        if owner is None or connection.scalar(select(assistants.c.id).limit(1)):
            return
        connection.execute(
            insert(assistants).values(
                id=uuid.uuid4(),
                name="Default Assistant",
                version="0.1.2-beta",
                system_prompt="You are a helpful assistant.",
                model="gpt-4",
                temperature="0.7",
                max_tokens="4096",
                status="ACTIVE",
                is_public=True,
                is_template=False,
                tools_config=[],
                tools_enabled=True,
                tags=[],
                creator_id=owner,
            )
        )


def is_reachable() -> bool:
    """Return whether the database answers."""
    try:
        with engine().connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        logger.error(f"Database connection failed: {error}")
        return False
    return True


def describe() -> dict[str, Any]:
    """Return the `details` of the database component."""
    pool = engine().pool
    return {
        "status": "connected" if is_reachable() else "disconnected",
        "pool_size": pool.size(),
        "checked_in": pool.checkedin(),
        "checked_out": pool.checkedout(),
        "overflow": pool.overflow(),
    }
