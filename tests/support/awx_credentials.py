# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Store and show the secrets of credentials and notification templates as AWX does. AWX itself is replaced.

A secret is never shown, an empty one is, and the text that stands for a secret keeps the stored one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ENCRYPTED = "$encrypted$"
#: The types of credentials that AWX has, with their secret inputs.
BUILT_IN = {
    "Machine": ("password", "ssh_key_data", "ssh_key_unlock", "become_password"),
    "Vault": ("vault_password",),
    "Source Control": ("password", "ssh_key_data", "ssh_key_unlock"),
}
#: The settings of each type of notification: those that are required, and those that are filled in.
REQUIRED = {
    "webhook": ("url", "headers"),
    "email": ("host", "port", "username", "password", "use_tls", "use_ssl", "sender", "recipients"),
    "slack": ("token", "channels"),
}
FILLED: dict[str, dict[str, Any]] = {
    "webhook": {"http_method": "POST", "disable_ssl_verification": False, "username": "", "password": ""},
    "email": {"timeout": 30},
    "slack": {},
}
PASSWORDS = {"webhook": ("password",), "email": ("password",), "slack": ("token",)}
FIELDS = {"credentials": "inputs", "notification_templates": "notification_configuration"}

Item = Mapping[str, Any]


def built_in_types() -> list[dict[str, Any]]:
    """Return the credential types of a new AWX."""
    types = []
    for name, secrets in BUILT_IN.items():
        fields = [{"id": each, "label": each, "type": "string", "secret": True} for each in secrets]
        types.append({"name": name, "managed": True, "kind": "ssh", "inputs": {"fields": fields}, "injectors": {}})
    return types


def problem(kind: str, fields: Item, credential_type: Item | None) -> dict[str, list[str]] | None:
    """Return why AWX refuses an object; None if it is accepted."""
    if kind == "notification_templates":
        given = fields.get("notification_configuration") or {}
        missing = [name for name in REQUIRED[fields["notification_type"]] if name not in given]
        if missing:
            return {
                "notification_configuration": [f"Missing required fields for Notification Configuration: {missing}."]
            }
    if kind == "credentials" and credential_type:
        given = fields.get("inputs") or {}
        missing = [name for name in credential_type["inputs"].get("required", ()) if not given.get(name)]
        if missing:
            return {"inputs": [f"required for {credential_type['name']}: {', '.join(missing)}"]}
    return None


def kept(kind: str, fields: Item, before: Item) -> dict[str, Any]:
    """Return the fields to store: the text that stands for a secret keeps the one that is stored."""
    found, key = dict(fields), FIELDS.get(kind, "")
    if key in found:
        stored = before.get(key) or {}
        given = {name: stored.get(name) if value == ENCRYPTED else value for name, value in found[key].items()}
        kind_of = found.get("notification_type") or before.get("notification_type") or ""
        found[key] = {**(FILLED[kind_of] if kind == "notification_templates" else {}), **given}
    return found


def shown(kind: str, item: Item, credential_type: Item | None) -> dict[str, Any]:
    """Return an object without its secrets."""
    key = FIELDS.get(kind, "")
    if key not in item:
        return dict(item)
    secret = PASSWORDS.get(item.get("notification_type", ""), ())
    if credential_type:
        secret = tuple(each["id"] for each in credential_type["inputs"].get("fields", ()) if each.get("secret"))
    return {**item, key: {name: ENCRYPTED if name in secret and text else text for name, text in item[key].items()}}
