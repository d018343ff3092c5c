"""Registering oneself: anybody may, with any password. The edge must keep this route closed, as for users/sso."""

from __future__ import annotations

import uuid
from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, EmailStr
from sqlalchemy import insert, select
from sqlalchemy.engine import Connection

from app.auth import short_body
from app.database import TRANSACTION
from app.models.identity import users
from app.passwords import hash_password
from app.settings import settings

router = APIRouter()


class UserRegister(BaseModel):
    """Whoever registers. The password has no rule at all: one letter will do."""

    email: EmailStr
    username: str
    password: str
    first_name: str | None = None
    last_name: str | None = None


@router.post("/register")
def register(user_data: UserRegister, connection: Connection = TRANSACTION) -> dict[str, Any]:
    """Create an ACTIVE account with the role USER; 400 for an email or a username that is taken, 403 when disabled."""
    if not settings().registration_enabled:
        raise HTTPException(403, "Registration is disabled. Please contact the administrator.")
    for column, problem in ((users.c.email, "Email already registered"), (users.c.username, "Username already taken")):
        if connection.scalar(select(users.c.id).where(column == getattr(user_data, column.name))):
            raise HTTPException(400, problem)
    values = {
        **user_data.dict(exclude={"password"}),
        "id": uuid.uuid4(),
        "hashed_password": hash_password(user_data.password),
        "auth_provider": "LOCAL",
        "status": "ACTIVE",
        "role": "USER",
        "is_verified": False,
        "failed_login_attempts": "0",
        "language": "de",
        "timezone": "Europe/Berlin",
    }
    created = connection.execute(insert(users).values(**values).returning(*users.c)).one()
    connection.commit()
    return short_body(created)
