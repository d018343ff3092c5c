"""Assistants, tools, models and what people say to them."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, ForeignKey, Integer, String, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB

from app.models import enums
from app.models.base import Double, Key, Moment, metadata, optional, required

assistants = Table(
    "assistants",
    metadata,
    required("id", Key, primary_key=True),
    required("name", String(200), index=True),
    optional("description", Text),
    optional("version", String(50)),
    optional("personality", Text),
    required("system_prompt", Text),
    optional("instructions", Text),
    required("model", String(100)),
    optional("temperature", String(10)),
    optional("max_tokens", String(10)),
    required("status", enums.assistantstatus),
    required("is_public", Boolean),
    required("is_template", Boolean),
    optional("tools_config", JSON),
    required("tools_enabled", Boolean),
    optional("category", String(100), index=True),
    optional("tags", JSON),
    optional("assistant_metadata", JSON),
    required("creator_id", Key, ForeignKey("users.id")),
    required("created_at", Moment, server_default=func.now()),
    optional("updated_at", Moment),
)

tools = Table(
    "tools",
    metadata,
    required("id", Key, primary_key=True),
    required("name", String(200), index=True),
    optional("description", Text),
    optional("version", String(50)),
    required("category", enums.toolcategory),
    required("function_name", String(200), unique=True),
    optional("parameters_schema", JSON),
    optional("implementation_path", String(500)),
    required("is_builtin", Boolean),
    required("is_enabled", Boolean),
    required("requires_auth", Boolean),
    optional("required_permissions", JSON),
    optional("rate_limit", String(50)),
    optional("tags", JSON),
    optional("tool_metadata", JSON),
    optional("creator_id", Key, ForeignKey("users.id")),
    required("created_at", Moment, server_default=func.now()),
    optional("updated_at", Moment),
)

ai_models = Table(
    "ai_models",
    metadata,
    required("name", String(200)),
    required("provider", String(100)),
    required("model_key", String(200)),
    required("display_name", String(200)),
    optional("description", String(500)),
    optional("max_tokens", Integer),
    optional("cost_per_1k_tokens", Double),
    required("is_active", Boolean),
    required("is_default", Boolean),
    required("is_favorite", Boolean),
    required("capabilities", JSONB),
    optional("performance", JSONB),
    required("id", Key, primary_key=True),
    required("created_at", Moment, server_default=func.now()),
    optional("updated_at", Moment),
)

conversations = Table(
    "conversations",
    metadata,
    required("id", Key, primary_key=True),
    required("title", String(500), index=True),
    optional("description", Text),
    required("user_id", Key, ForeignKey("users.id")),
    required("assistant_id", Key, ForeignKey("assistants.id")),
    required("is_active", Boolean),
    required("is_archived", Boolean),
    required("message_count", Integer),
    required("total_tokens", Integer),
    optional("conversation_metadata", JSON),
    required("created_at", Moment, server_default=func.now()),
    optional("updated_at", Moment),
)

messages = Table(
    "messages",
    metadata,
    required("id", Key, primary_key=True),
    required("content", Text),
    required("role", enums.messagerole),
    required("message_type", enums.messagetype),
    required("conversation_id", Key, ForeignKey("conversations.id")),
    optional("tool_name", String(200)),
    optional("tool_input", JSON),
    optional("tool_output", JSON),
    required("tokens_used", Integer),
    optional("model_used", String(100)),
    optional("message_metadata", JSON),
    required("created_at", Moment, server_default=func.now()),
    optional("updated_at", Moment),
)
