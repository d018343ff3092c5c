"""Request bodies of the users and groups routes, and what answers must be.

Keys of a request that are not listed are ignored, as in the platform. An answer that breaks a rule is a 500: one such
row, which the tables accept, makes every page of the list fail that shows it.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field, StrictStr, validator

EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")


class UserRole(StrEnum):
    """Names are the database's labels, values are what REST speaks."""

    SUPER_ADMIN = "super_admin"
    ADMIN = "admin"
    MANAGER = "manager"
    USER = "user"
    GUEST = "guest"


class UserStatus(StrEnum):
    """Names are the database's labels, values are what REST speaks."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    SUSPENDED = "suspended"
    PENDING = "pending"
    ARCHIVED = "archived"


class AuthProvider(StrEnum):
    """Names are the database's labels, values are what REST speaks."""

    LOCAL = "local"
    LDAP = "ldap"
    SAML = "saml"
    OAUTH_GOOGLE = "oauth_google"
    OAUTH_MICROSOFT = "oauth_microsoft"
    OAUTH_GITHUB = "oauth_github"
    OAUTH_GITLAB = "oauth_gitlab"


def column_values(body: BaseModel, *without: str) -> dict[str, Any]:
    """Return the given fields as column values: enumerations become labels, omitted keys stay out, null stays null."""
    given = body.dict(exclude_unset=True, exclude=set(without))
    return {key: value.name if isinstance(value, Enum) else value for key, value in given.items()}


def checked_email(value: str | None) -> str | None:
    """Refuse an email that has no @ and no dot. `.local` is fine here, though nobody can log in with it."""
    if value is not None and not EMAIL.fullmatch(value):
        raise ValueError("Invalid email format")
    return value


def mixed_password(value: str) -> str:
    """Refuse a password that lacks upper case, lower case or a digit."""
    if not (re.search("[A-Z]", value) and re.search("[a-z]", value) and re.search("[0-9]", value)):
        raise ValueError("Password must contain an uppercase letter, a lowercase letter and a digit")
    return value


class Checked(BaseModel):
    """A body whose email, if it has one, is looked at roughly."""

    _email = validator("email", check_fields=False, allow_reuse=True)(checked_email)


class Profile(Checked):
    """The descriptive fields that creating and changing a user share."""

    first_name: str | None = Field(None, max_length=100)
    last_name: str | None = Field(None, max_length=100)
    display_name: str | None = Field(None, max_length=200)
    avatar_url: str | None = Field(None, max_length=500)
    bio: str | None = Field(None, max_length=2000)
    phone: str | None = Field(None, max_length=50)
    organization_id: UUID | None = None
    department: str | None = Field(None, max_length=200)
    job_title: str | None = Field(None, max_length=200)
    employee_id: str | None = Field(None, max_length=100)
    preferences: dict[str, Any] | None = None


class UserCreate(Profile):
    """A new user. The password may be left out even for local accounts."""

    email: str
    username: str = Field(..., min_length=3, max_length=100)
    auth_provider: AuthProvider = AuthProvider.LOCAL
    external_id: str | None = Field(None, max_length=255)
    status: UserStatus = UserStatus.ACTIVE
    role: UserRole = UserRole.USER
    language: str = Field("de", max_length=10)
    timezone: str = Field("Europe/Berlin", max_length=50)
    password: str | None = Field(None, min_length=8)
    sso_attributes: dict[str, Any] | None = None
    group_ids: list[UUID] | None = None


class UserUpdate(Profile):
    """Changes to a user. password, is_verified, auth_provider, external_id, group_ids and locked_until are no keys."""

    email: str | None = None
    username: str | None = Field(None, min_length=3, max_length=100)
    status: UserStatus | None = None
    role: UserRole | None = None
    language: str | None = Field(None, max_length=10)
    timezone: str | None = Field(None, max_length=50)


class SSOUserCreate(Checked):
    """A user as an identity provider would announce it."""

    email: str
    username: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    display_name: str | None = None
    avatar_url: str | None = None
    auth_provider: AuthProvider
    external_id: str
    sso_attributes: dict[str, Any]
    organization_id: UUID | None = None
    role: UserRole = UserRole.USER
    group_ids: list[UUID] | None = None


class UserPasswordUpdate(BaseModel):
    """The caller's own new password: upper case, lower case and a digit."""

    current_password: str = Field(..., min_length=1)
    new_password: str = Field(..., min_length=8)

    _mixed = validator("new_password", allow_reuse=True)(mixed_password)


class UserBulkUpdate(BaseModel):
    """The same change for many users; group_ids replaces what they had."""

    user_ids: list[UUID]
    status: UserStatus | None = None
    role: UserRole | None = None
    organization_id: UUID | None = None
    group_ids: list[UUID] | None = None


class UserGroupCreate(BaseModel):
    """A new group. Names need not be unique."""

    name: str = Field(..., min_length=1, max_length=200)
    description: str | None = Field(None, max_length=1000)
    organization_id: UUID | None = None
    permissions: list[str] | None = None
    settings: dict[str, Any] | None = None


class UserGroupUpdate(BaseModel):
    """Changes to a group."""

    name: str | None = Field(None, min_length=1, max_length=200)
    description: str | None = Field(None, max_length=1000)
    permissions: list[str] | None = None
    settings: dict[str, Any] | None = None


class UserGroupAssignment(BaseModel):
    """Put users into groups, or take them out."""

    user_ids: list[UUID]
    group_ids: list[UUID]
    operation: str = Field("add", regex="^(add|remove)$")


def checked_object(value: Any) -> Any:
    """Refuse what is no JSON object, which pydantic would make one of."""
    if value is not None and not isinstance(value, dict):
        raise ValueError("Input should be a valid dictionary")
    return value


class UserGroupAnswer(BaseModel):
    """A group in an answer, a user's own groups included."""

    name: str = Field(..., min_length=1, max_length=200)
    description: str | None = Field(None, max_length=1000)
    permissions: list[StrictStr] | None = None
    settings: dict[str, Any] | None = None
    created_at: datetime

    _object = validator("settings", pre=True, allow_reuse=True)(checked_object)


class UserAnswer(Profile):
    """A user in an answer."""

    email: str
    username: str = Field(..., min_length=3, max_length=100)
    external_id: str | None = Field(None, max_length=255)
    language: str = Field(..., max_length=10)
    timezone: str = Field(..., max_length=50)
    created_at: datetime

    _object = validator("preferences", pre=True, allow_reuse=True)(checked_object)
