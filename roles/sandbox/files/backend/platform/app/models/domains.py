"""Domain groups: members, managers, resources and invitations."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, ForeignKey, String, Table, Text, func

from app.models import enums
from app.models.base import Key, Moment, metadata, optional, required

domain_groups = Table(
    "domain_groups",
    metadata,
    required("id", Key, primary_key=True),
    required("name", String(200), index=True),
    optional("description", Text),
    optional("display_name", String(200)),
    required("domain_type", enums.domaintype, index=True),
    optional("parent_domain_id", Key, ForeignKey("domain_groups.id")),
    optional("organization_id", Key, index=True),
    optional("external_id", String(255), index=True),
    optional("tags", JSON),
    required("is_public", Boolean),
    required("is_active", Boolean),
    required("is_system", Boolean),
    required("default_access_level", enums.accesslevel),
    required("allow_self_join", Boolean),
    required("require_approval", Boolean),
    optional("settings", JSON),
    optional("permissions", JSON),
    optional("created_at", Moment, server_default=func.now()),
    optional("updated_at", Moment),
    optional("expires_at", Moment),
)

domain_group_hierarchy = Table(
    "domain_group_hierarchy",
    metadata,
    required("parent_domain_id", Key, ForeignKey("domain_groups.id"), primary_key=True),
    required("child_domain_id", Key, ForeignKey("domain_groups.id"), primary_key=True),
    required("relationship_type", String(50)),
    optional("created_at", Moment, server_default=func.now()),
)

domain_group_managers = Table(
    "domain_group_managers",
    metadata,
    required("domain_group_id", Key, ForeignKey("domain_groups.id"), primary_key=True),
    required("user_id", Key, ForeignKey("users.id"), primary_key=True),
    required("manager_type", String(50)),
    optional("assigned_at", Moment, server_default=func.now()),
    optional("assigned_by", Key, ForeignKey("users.id")),
)

domain_group_members = Table(
    "domain_group_members",
    metadata,
    required("domain_group_id", Key, ForeignKey("domain_groups.id"), primary_key=True),
    required("user_id", Key, ForeignKey("users.id"), primary_key=True),
    required("access_level", enums.accesslevel),
    optional("joined_at", Moment, server_default=func.now()),
    optional("invited_by", Key, ForeignKey("users.id")),
    required("is_active", Boolean),
)

domain_group_resources = Table(
    "domain_group_resources",
    metadata,
    required("domain_group_id", Key, ForeignKey("domain_groups.id"), primary_key=True),
    required("resource_id", String(255), primary_key=True),
    required("resource_type", enums.resourcetype),
    required("access_level", enums.accesslevel),
    optional("added_at", Moment, server_default=func.now()),
    optional("added_by", Key, ForeignKey("users.id")),
    required("is_active", Boolean),
)

domain_resources = Table(
    "domain_resources",
    metadata,
    required("id", Key, primary_key=True),
    required("domain_group_id", Key, ForeignKey("domain_groups.id")),
    required("resource_id", String(255), index=True),
    required("resource_type", enums.resourcetype, index=True),
    optional("resource_name", String(200)),
    required("access_level", enums.accesslevel),
    required("is_public", Boolean),
    optional("description", Text),
    optional("tags", JSON),
    optional("resource_metadata", JSON),
    required("is_active", Boolean),
    optional("added_at", Moment, server_default=func.now()),
    optional("updated_at", Moment),
    optional("expires_at", Moment),
)

domain_activities = Table(
    "domain_activities",
    metadata,
    required("id", Key, primary_key=True),
    required("domain_group_id", Key, ForeignKey("domain_groups.id")),
    optional("user_id", Key, ForeignKey("users.id")),
    required("activity_type", String(100), index=True),
    optional("resource_type", enums.resourcetype),
    optional("resource_id", String(255)),
    required("description", Text),
    optional("details", JSON),
    optional("created_at", Moment, server_default=func.now()),
)

domain_invitations = Table(
    "domain_invitations",
    metadata,
    required("id", Key, primary_key=True),
    required("domain_group_id", Key, ForeignKey("domain_groups.id")),
    required("email", String(255), index=True),
    optional("user_id", Key, ForeignKey("users.id")),
    required("access_level", enums.accesslevel),
    required("status", String(20)),
    required("token", String(255), index=True, unique=True),
    optional("message", Text),
    required("expires_at", Moment),
    optional("created_at", Moment, server_default=func.now()),
    optional("accepted_at", Moment),
)
