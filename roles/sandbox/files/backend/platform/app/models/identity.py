"""People: users, their groups and their dashboards."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, ForeignKey, String, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB

from app.models import enums
from app.models.base import Key, Moment, metadata, optional, required

users = Table(
    "users",
    metadata,
    required("id", Key, primary_key=True),
    required("email", String(255), index=True, unique=True),
    required("username", String(100), index=True, unique=True),
    optional("hashed_password", String(255)),
    optional("organization_id", Key, index=True),
    optional("department", String(200)),
    optional("job_title", String(200)),
    optional("employee_id", String(100), index=True),
    required("auth_provider", enums.authprovider),
    optional("external_id", String(255), index=True),
    optional("sso_attributes", JSON),
    optional("first_name", String(100)),
    optional("last_name", String(100)),
    optional("display_name", String(200)),
    optional("avatar_url", String(500)),
    optional("bio", Text),
    optional("phone", String(50)),
    required("status", enums.userstatus),
    required("role", enums.userrole),
    required("is_verified", Boolean),
    optional("email_verified_at", Moment),
    optional("password_changed_at", Moment),
    required("failed_login_attempts", String(10)),
    optional("locked_until", Moment),
    optional("password_reset_token", String(255), index=True),
    optional("password_reset_expires_at", Moment),
    required("language", String(10)),
    required("timezone", String(50)),
    optional("preferences", JSON),
    optional("last_login", Moment),
    optional("last_activity", Moment),
    optional("created_at", Moment, server_default=func.now()),
    optional("updated_at", Moment),
)

user_groups = Table(
    "user_groups",
    metadata,
    required("id", Key, primary_key=True),
    required("name", String(200), index=True),
    optional("description", Text),
    optional("organization_id", Key, index=True),
    required("is_active", Boolean),
    required("is_system", Boolean),
    optional("permissions", JSON),
    optional("settings", JSON),
    optional("created_at", Moment, server_default=func.now()),
    optional("updated_at", Moment),
)

user_group_association = Table(
    "user_group_association",
    metadata,
    required("user_id", Key, ForeignKey("users.id"), primary_key=True),
    required("group_id", Key, ForeignKey("user_groups.id"), primary_key=True),
)

user_dashboards = Table(
    "user_dashboards",
    metadata,
    required("user_id", Key, ForeignKey("users.id"), index=True),
    required("widgets", JSONB),
    required("layout", JSONB),
    required("id", Key, primary_key=True),
    required("created_at", Moment, server_default=func.now()),
    optional("updated_at", Moment),
)
