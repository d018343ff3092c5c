# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One row of each table of content, with a value of its own in every field, and what REST shows of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

#: The roles that ask, and the label of each in the table of users. The owner is a user like any other.
ROLES = {"owner": "USER", "user": "USER", "manager": "MANAGER", "admin": "ADMIN", "super_admin": "SUPER_ADMIN"}
TEXT = "Grüße aus Köln: „Schön!\u201c 👩🏽‍💻 <b>&amp;</b> 'single' \"double\" \\n {{ x }} %s 你好"
PROMPT = "\n".join(f"{number}. {TEXT}" for number in range(1, 400))
TIME = "2025-03-04T05:06:07+00:00"


def key(name: str) -> str:
    """Return the id of a row of this file."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"content/{name}"))


USERS = {role: key(f"users/{role}") for role in ROLES}


def _user(role: str, label: str) -> dict[str, Any]:
    fixed = {"auth_provider": "LOCAL", "status": "ACTIVE", "is_verified": True, "failed_login_attempts": "0"}
    names = {"username": role, "email": f"{role}@example.com", "language": "de", "timezone": "Europe/Berlin"}
    return {"id": USERS[role], "role": label, **fixed, **names}


_ASSISTANT = {
    "id": key("assistant"),
    "name": f"Ä {TEXT}",
    "description": TEXT,
    "version": "7.8.9",
    "personality": TEXT,
    "system_prompt": PROMPT,
    "instructions": PROMPT,
    "model": "my-modél",
    "temperature": "1.25",
    "max_tokens": "12345",
    "status": "ACTIVE",
    "is_public": True,
    "is_template": True,
    "tools_config": [{"id": key("tool"), "Schlüssel": {"a": [1, None]}}],
    "tools_enabled": False,
    "category": "Küche",
    "tags": ["Ärger", "👋"],
    "assistant_metadata": {"ü": 1},
    "creator_id": USERS["owner"],
    "created_at": "2025-01-01T00:00:00+00:00",
}
#: Older than the public one, so that it is not the newest; not active, and shown to its owner all the same.
_PRIVATE = {
    **_ASSISTANT,
    "id": key("private"),
    "name": "private",
    "status": "MAINTENANCE",
    "is_public": False,
    "created_at": "2024-01-01T00:00:00+00:00",
}
_TOOL = {
    "id": key("tool"),
    "name": f"Wörter {TEXT}",
    "description": PROMPT,
    "version": "3.2.1",
    "category": "ANALYSIS",
    "function_name": "zähle_wörter",
    "parameters_schema": {"type": "object", "properties": {"tëxt": {"type": "string"}}},
    "implementation_path": "never.loaded",
    "is_builtin": True,
    "is_enabled": False,
    "requires_auth": True,
    "required_permissions": ["tool:ü"],
    "rate_limit": "5/min",
    "tags": ["ä"],
    "tool_metadata": {"k": ["ö"]},
    "creator_id": USERS["owner"],
}
_MODEL = {
    "id": key("model"),
    "name": f"Modell {TEXT}",
    "provider": "örtlich",
    "model_key": "my-modél",
    "display_name": "Ä 👋",
    "description": TEXT,
    "max_tokens": 4711,
    "cost_per_1k_tokens": 0.0125,
    "is_active": False,
    "is_default": True,
    "is_favorite": True,
    "capabilities": ["chät"],
    "performance": {"p": 1},
}
_GROUP = {
    "id": key("domain"),
    "name": f"Gruppe {TEXT}",
    "description": PROMPT[:2000],
    "display_name": TEXT,
    "domain_type": "CROSS_FUNCTIONAL",
    "external_id": "saml:ü",
    "tags": ["ä"],
    "is_public": False,
    "is_active": False,
    "is_system": True,
    "default_access_level": "FULL_ACCESS",
    "allow_self_join": True,
    "require_approval": False,
    "settings": {"ü": [1]},
    "permissions": ["p:ö"],
    "created_at": TIME,
    "expires_at": "2099-01-01T00:00:00+00:00",
}
_CONVERSATION = {
    "id": key("conversation"),
    "title": TEXT,
    "description": PROMPT[:1999].strip(),
    "user_id": USERS["owner"],
    "assistant_id": key("assistant"),
    "is_active": False,
    "is_archived": True,
    "message_count": 9,
    "total_tokens": 99,
    "conversation_metadata": {"ü": None},
    "created_at": TIME,
    "updated_at": TIME,
}
_MESSAGE = {
    "id": key("message"),
    "content": PROMPT,
    "role": "TOOL",
    "message_type": "TEXT",
    "conversation_id": key("conversation"),
    "tokens_used": 5,
    "created_at": TIME,
}
_SETTINGS = {
    "id": key("settings"),
    "chunk_size": 1234,
    "chunk_overlap": 321,
    "embedding_model": "einbettung-ü",
    "index_type": "dicht",
    "metadata_extraction": False,
    "auto_tagging": False,
    "search_algorithm": "eigener",
    "max_file_size": 7 * 1024**2,
    "supported_file_types": ["text/ü"],
    "processing_timeout": 61,
    "batch_size": 99,
    "enable_cache": False,
    "cache_expiry": 86399,
}
_DOCUMENT = {
    "id": key("document"),
    "title": TEXT,
    "file_name": "ü.md",
    "file_path": f"local://knowledge-base/documents/{key('document')}",
    "file_type": "md",
    "file_size": 1,
    "status": "processed",
    "user_id": USERS["owner"],
    "created_at": "2025-03-04T05:06:07",
}
_POLICY = {
    "id": key("policy"),
    "name": TEXT,
    **dict.fromkeys(("enabled", "log_success", "log_failure", "include_context", "include_metadata"), True),
    **dict.fromkeys(("retention_days", "archive_after_days", "legal_hold_retention"), 7),
}
_RULE = {
    "id": key("rule"),
    "name": TEXT,
    "retention_days": 7,
    "legal_hold": True,
    "action_on_expiry": "archive",
    "enabled": True,
}
#: The rows of each table, in an order that foreign keys allow.
ROWS: dict[str, list[dict[str, Any]]] = {
    "users": [_user(role, label) for role, label in ROLES.items()],
    "assistants": [_PRIVATE, _ASSISTANT],
    "tools": [_TOOL],
    "ai_models": [_MODEL],
    "knowledge_settings": [_SETTINGS],
    "documents": [_DOCUMENT],
    "tags": [{"id": key("tag"), "name": "ä 👋", "is_system": False, "usage_count": 1}],
    "domain_groups": [_GROUP],
    "domain_group_members": [
        {"domain_group_id": key("domain"), "user_id": USERS["owner"], "access_level": "OWNER", "is_active": True}
    ],
    "conversations": [_CONVERSATION],
    "messages": [_MESSAGE],
    "audit_policies": [_POLICY],
    "audit_retention_rules": [_RULE],
}


def without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return a row without some of its columns."""
    return {name: value for name, value in row.items() if name not in names}


def _assistant_shown(row: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {"temperature": float(row["temperature"]), "max_tokens": int(row["max_tokens"])}
    return {**without(row, "assistant_metadata", "created_at"), **numbers, "status": row["status"].lower()}


#: What REST shows of a row, by the name of the object; timestamps are left out, because their spelling differs.
SHOWN: dict[str, dict[str, Any]] = {
    "assistant": _assistant_shown(_ASSISTANT),
    "private": _assistant_shown(_PRIVATE),
    "tool": {**without(_TOOL, "tool_metadata"), "category": "analysis", "metadata": _TOOL["tool_metadata"]},
    "model": _MODEL,
    "domain": {
        **without(_GROUP, "created_at", "expires_at"),
        "domain_type": "cross_functional",
        "default_access_level": "full_access",
        "member_count": 0,
        "is_expired": False,
    },
    "conversation": {**without(_CONVERSATION, "created_at", "updated_at"), "assistant_name": _ASSISTANT["name"]},
    "chat": {name: _CONVERSATION[name] for name in ("id", "title", "description", "assistant_id", "is_active")},
    "message": {"id": key("message"), "title": PROMPT[:50], "user": ""},
    "settings": {
        "".join(part.capitalize() if number else part for number, part in enumerate(name.split("_"))): value
        for name, value in without(_SETTINGS, "id").items()
    },
    "totals": {
        "totalConversations": 1,
        "totalMessages": 1,
        "totalDocuments": 1,
        "totalAssistants": 2,
        "totalTools": 1,
        "activeUsers": 0,
    },
    "own totals": {"conversations": 1, "messages": 1, "documents": 0},
    "no totals": {"conversations": 0, "messages": 0, "documents": 0},
    "default": {"assistant_id": key("assistant")},
}


def statements(tables: Mapping[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """Return the statements that insert the rows of some tables; JSON columns get JSON."""
    for table in tables:
        for row in ROWS[table]:
            names, places = ", ".join(row), ", ".join(["%s"] * len(row))
            values = [
                json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value
                for value in row.values()
            ]
            yield f"INSERT INTO {table} ({names}) VALUES ({places})", values  # noqa: S608 - names of this file
