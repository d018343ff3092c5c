# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A content file with every field of every entity, as content.yml reads it and content_export.yml writes it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROMPT = 'Du bist die „Küchenhilfe\u201c 👩‍🍳.\r\n\n\t{{ user }} {% raw %} "quoted" \\n # no comment\n' * 40
#: Every field of every entity, with another value than that of a new row.
CONTENT: dict[str, Any] = {
    "tags": [{"name": "rezepte ü", "description": "Süßes\nund Salziges", "color": "#aa3300"}],
    "ai_models": [
        {
            "model_key": "gpt-4o",
            "provider": "openai",
            "name": "GPT ü",
            "display_name": "GPT 🤖",
            "description": "x" * 300,
            "max_tokens": 1000,
            "cost_per_1k_tokens": 0.0125,
            "is_active": False,
            "is_default": True,
            "is_favorite": True,
            "capabilities": ["text", "bilder"],
        }
    ],
    "tools": [
        {
            "function_name": "rezept_suchen",
            "name": "Rezeptsuche 🔎",
            "description": PROMPT,
            "category": "search",
            "version": "1.10",
            "parameters_schema": {"type": "object", "properties": {"zutat": {"type": "string"}}},
            "is_builtin": True,
            "is_enabled": False,
            "requires_auth": True,
            "required_permissions": ["rezepte.lesen"],
            "rate_limit": "10/minute",
            "tags": ["küche", "007"],
            "metadata": {"quelle": "öffentlich", "n": 1.5},
            "owner": "ada",
        }
    ],
    "assistants": [
        {
            "name": "Küchenhilfe",
            "owner": "ada",
            "description": "Hilft beim Kochen",
            "personality": "freundlich\n",
            "system_prompt": PROMPT,
            "instructions": "kurz",
            "model": "gpt-4o",
            "temperature": 1.25,
            "max_tokens": 100,
            "status": "active",
            "is_public": True,
            "is_template": True,
            "tools_enabled": False,
            "category": "Haushalt",
            "tags": ["a", "ä"],
            "metadata": {"z": [1, {"a": None}], "a": "é"},
            "version": "2.0",
            "tools": ["rezept_suchen"],
            "default_for": "all",
        }
    ],
    "knowledge_settings": {
        "chunk_size": 800,
        "chunk_overlap": 0,
        "embedding_model": "einbettung-ü",
        "index_type": "vector",
        "metadata_extraction": False,
        "auto_tagging": False,
        "search_algorithm": "bm25",
        "max_file_size": 1048576,
        "supported_file_types": ["text/plain"],
        "processing_timeout": 60,
        "batch_size": 100,
        "enable_cache": False,
        "cache_expiry": 86400,
    },
    "domain_groups": [
        {
            "name": "Küche",
            "organization_id": "11111111-2222-3333-4444-555555555555",
            "external_id": "ext-ü",
            "display_name": "Die Küche",
            "description": "Wer kocht",
            "domain_type": "cross_functional",
            "is_public": True,
            "is_active": False,
            "default_access_level": "admin",
            "allow_self_join": True,
            "require_approval": False,
            "tags": ["süß"],
            "settings": {"farbe": "grün"},
            "permissions": ["kochen"],
            "expires_at": "2027-01-31T12:00:00Z",
            "parent": "Haus",
            "members": [
                {"user": "ada", "access_level": "owner", "is_active": True},
                {"user": "bob", "access_level": "read_only", "is_active": False},
            ],
            "resources": [
                {"type": "assistant", "name": "Küchenhilfe", "access_level": "full_access"},
                {"type": "tool", "name": "rezept_suchen", "access_level": "read_only"},
                {"type": "workspace", "name": "w-1", "access_level": "read_write"},
            ],
        },
    ],
    "audit_policies": [
        {
            "name": "Logins ü",
            "description": "Wer sich anmeldet 🔐",
            "event_types": ["USER_LOGIN"],
            "event_categories": ["AUTHENTICATION"],
            "resource_types": ["assistant"],
            "user_roles": ["admin"],
            "enabled": False,
            "log_success": False,
            "log_failure": False,
            "include_context": False,
            "include_metadata": False,
            "retention_days": 3650,
            "archive_after_days": 1,
            "legal_hold_retention": 1,
            "compliance_frameworks": ["gdpr", "iso27001"],
            "data_classification": "confidential",
        }
    ],
    "retention_rules": [
        {
            "name": "Logins ü",
            "description": "Ein Jahr",
            "event_types": ["USER_LOGIN"],
            "event_categories": ["AUTHENTICATION"],
            "severity_levels": ["INFO"],
            "compliance_frameworks": ["gdpr"],
            "data_classification": "restricted",
            "retention_days": 365,
            "archive_days": 90,
            "legal_hold": True,
            "action_on_expiry": "anonymize",
            "notify_before_expiry": 30,
            "enabled": False,
        }
    ],
    "audit_alerts": [
        {
            "name": "Fehlversuche",
            "description": "Zu viele",
            "event_types": ["USER_LOGIN"],
            "severity_levels": ["WARNING"],
            "threshold_count": 1000,
            "threshold_period": 60,
            "notification_channels": ["email"],
            "notification_recipients": ["sicherheit@example.com"],
            "escalation_rules": {"nach": 3, "an": ["öl@example.com"]},
            "enabled": False,
        }
    ],
}
#: A group with what a new one has anyway.
PARENT = {
    "name": "Haus",
    "domain_type": "team",
    "is_public": False,
    "is_active": True,
    "default_access_level": "read_write",
    "allow_self_join": False,
    "require_approval": True,
    "members": [],
    "resources": [],
}
CONTENT["domain_groups"].insert(0, PARENT)


def fields_of(section: str) -> dict[str, Any]:
    """Return the fields of the only entry of a section, without its name."""
    [entry] = CONTENT[section]
    return {option: value for option, value in entry.items() if option != "name"}


def written(folder: Path, files: Mapping[str, str]) -> Path:
    """Write the files of an export to a folder; return the path of the content file."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return folder / "content.yml"


def read(folder: Path) -> dict[str, str]:
    """Return the texts of all files below a folder."""
    return {str(each.relative_to(folder)): each.read_bytes().decode() for each in folder.rglob("*") if each.is_file()}
