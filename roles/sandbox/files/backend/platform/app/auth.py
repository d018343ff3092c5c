"""Logging in, tokens, and who is calling."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, EmailStr
from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection, Row

from app.database import TRANSACTION
from app.limits import limited
from app.models.audit import audit_logs
from app.models.identity import users
from app.passwords import matches
from app.settings import settings

router = APIRouter()
BEARER = Depends(HTTPBearer())


class UserLogin(BaseModel):
    """Credentials: email or username. Addresses in special-use domains such as .local are refused as an email."""

    email: EmailStr | None = None
    username: str | None = None
    password: str


class RefreshTokenRequest(BaseModel):
    """A refresh token."""

    refresh_token: str


def make_token(subject: uuid.UUID, lifetime: timedelta, **claims: str) -> str:
    """Sign a token. A refresh token differs by one claim, which is never checked: it is accepted as an access token."""
    payload = {"exp": datetime.now(UTC) + lifetime, "sub": str(subject), **claims}
    return jwt.encode(payload, settings().secret_key, algorithm=settings().jwt_algorithm)


def current_user_id(credentials: HTTPAuthorizationCredentials = BEARER) -> uuid.UUID:
    """Return the id in the caller's token, whose user may be gone. No token is 403, an invalid one 401."""
    try:
        claims = jwt.decode(credentials.credentials, settings().secret_key, algorithms=[settings().jwt_algorithm])
    except jwt.PyJWTError:
        raise HTTPException(401, "Could not validate credentials") from None
    return uuid.UUID(claims["sub"])


CALLER_ID = Depends(current_user_id)


def current_user(caller_id: uuid.UUID = CALLER_ID, connection: Connection = TRANSACTION) -> Row:
    """Return the caller's row; the account's status is not checked."""
    row = connection.execute(select(users).where(users.c.id == caller_id)).first()
    if row is None:
        raise HTTPException(401, "User not found")
    return row


CALLER = Depends(current_user)


def record_login(connection: Connection, user_id: uuid.UUID | None, request: Request, success: bool) -> None:
    """Write the platform's own audit row."""
    connection.execute(
        insert(audit_logs).values(
            id=uuid.uuid4(),
            event_type="USER_LOGIN",
            severity="INFO" if success else "WARNING",
            user_id=user_id,
            ip_address=request.client.host if request.client else None,
            user_agent=request.headers.get("user-agent", ""),
            description="Login succeeded" if success else "Login failed",
            details={"success": success},
        )
    )
    connection.commit()


@router.post("/login")
def login(user_credentials: UserLogin, request: Request, connection: Connection = TRANSACTION) -> Any:
    """Exchange credentials for tokens."""
    return limited(request, lambda: check_login(user_credentials, request, connection))


def check_login(given: UserLogin, request: Request, connection: Connection) -> dict[str, Any]:
    """Log in by email or username: ignore locks, accept ACTIVE accounts only."""
    if given.email:
        wanted = users.c.email == given.email
    elif given.username:
        wanted = users.c.username == given.username
    else:
        raise HTTPException(400, "Either email or username must be provided")
    row = connection.execute(select(users).where(wanted)).first()
    if row is None or not matches(given.password, row.hashed_password):
        record_login(connection, row.id if row else None, request, success=False)
        raise HTTPException(401, "Incorrect email or password")
    if row.status != "ACTIVE":
        record_login(connection, row.id, request, success=False)
        raise HTTPException(401, "User account is disabled")
    connection.execute(update(users).where(users.c.id == row.id).values(last_login=datetime.now(UTC)))
    record_login(connection, row.id, request, success=True)
    return {
        "access_token": make_token(row.id, timedelta(minutes=settings().access_minutes)),
        "refresh_token": make_token(row.id, timedelta(days=settings().refresh_days), type="refresh"),
        "token_type": "bearer",
        "expires_in": settings().access_minutes * 60,
    }


def short_body(row: Row) -> dict[str, Any]:
    """Return a user as the auth routes show it, with fewer fields than the users routes."""
    shown = ("id", "email", "username", "first_name", "last_name", "display_name", "is_verified")
    return {
        **{key: row._mapping[key] for key in shown},
        "role": row.role.lower(),
        "is_active": row.status == "ACTIVE",
    }


@router.get("/me")
def me(caller: Row = CALLER) -> dict[str, Any]:
    """Return the caller in short. Works for a locked account too, unlike the users routes."""
    return short_body(caller)


@router.post("/refresh")
def refresh(given: RefreshTokenRequest) -> None:
    """Fail with a 500, as the platform always does."""
    raise RuntimeError(f"a token of {len(given.refresh_token)} characters is not refreshed: the platform cannot")


@router.post("/logout", dependencies=[CALLER])
def logout() -> None:
    """Fail with a 500, as the platform always does; the token remains valid."""
    raise RuntimeError("logging out does not work in the platform")
