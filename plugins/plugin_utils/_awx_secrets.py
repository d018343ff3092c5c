# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe the credential types, credentials and notification templates that an environment declares for AWX.

AWX never shows the secrets of such an object. So its description has a fingerprint of them, by which a later run knows
that the declared ones are others. A secret that was changed by hand in AWX cannot be seen.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.display import quoted
from ansible_collections.convosphere.platform.plugins.plugin_utils._awx_names import described, title

Entry = Mapping[str, Any]

#: What AWX shows in the place of a secret.
ENCRYPTED = "$encrypted$"
#: When a notification is sent.
EVENTS = ("started", "success", "error")
#: The type of credentials that a project uses, and no job.
SOURCE_CONTROL = "Source Control"
#: For each type of notification the settings with what AWX gives to those that are missing, and the secret one.
_REQUIRED = object()
_SETTINGS: dict[str, dict[str, Any]] = {
    "webhook": {
        "url": _REQUIRED,
        "http_method": "POST",
        "headers": {},
        "disable_ssl_verification": False,
        "username": "",
    },
    "email": {
        "host": _REQUIRED,
        "port": _REQUIRED,
        "sender": _REQUIRED,
        "recipients": _REQUIRED,
        "username": "",
        "use_tls": False,
        "use_ssl": False,
        "timeout": 30,
    },
    "slack": {"channels": _REQUIRED},
}
_OPTIONAL = {"slack": ("hex_color",)}
_SECRET = {"webhook": "password", "email": "password", "slack": "token"}
_KEYS = {
    "credential_types": ("name", "kind", "inputs", "injectors"),
    "credentials": ("name", "type", "inputs", "secrets", "attach"),
    "notifications": ("name", "type", "settings", "secrets", "events"),
}
_NEEDED = {"credential_types": ("inputs",), "credentials": ("type",), "notifications": ("type",)}
#: Inputs whose values would be shown, and that are secrets by their name.
_LOOKS_SECRET = re.compile(r"password|passphrase|secret|token|private|key_data|unlock|api_key", re.IGNORECASE)
#: AWX asks for it at launch.
_ASK = "ASK"
_ROUNDS = 100_000
#: The bytes of a fingerprint: enough to see a change, of which it misses one in 65536. It confirms no guess: of a
#: million wrong passwords fifteen have the same one.
_FINGERPRINT = 2


@cache
def _fingerprint(name: str, secrets: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", secrets.encode(), name.encode(), _ROUNDS)[:_FINGERPRINT].hex()


def objects(env: str, organization: str, declared: Mapping[str, Sequence[Entry]]) -> dict[str, Any]:
    """Return the objects by kind and name. ``declared`` has no ``problems``."""
    types = {entry["name"]: title(env, entry["name"]) for entry in declared["credential_types"]}
    plain = described(env, "Of the inventory.")
    found: dict[str, Any] = {
        "credential_types": {types[each["name"]]: {**_type(each), **plain} for each in declared["credential_types"]},
        "credentials": {},
        "notification_templates": {},
    }
    for each in declared["credentials"]:
        fields = {**_credential(each, types), "organization": organization}
        found["credentials"][title(env, each["name"])] = {**fields, **_marked(env, each)}
    for each in declared["notifications"]:
        fields = {**_notification(each), "organization": organization}
        found["notification_templates"][title(env, each["name"])] = {**fields, **_marked(env, each)}
    return found


def _marked(env: str, entry: Entry) -> dict[str, str]:
    secrets = {key: str(value) for key, value in _secrets(entry).items()}
    name, text = title(env, entry["name"]), json.dumps(secrets, sort_keys=True)
    return described(env, f"Secrets {_fingerprint(name, text)}." if secrets else "No secrets.")


def _type(entry: Entry) -> dict[str, Any]:
    return {
        "kind": str(entry.get("kind", "cloud")),
        "inputs": dict(entry["inputs"]),
        "injectors": dict(entry.get("injectors") or {}),
    }


def _credential(entry: Entry, own_types: Mapping[str, str]) -> dict[str, Any]:
    return {
        "credential_type": own_types.get(entry["type"], entry["type"]),
        "inputs": {**(entry.get("inputs") or {}), **dict.fromkeys(_secrets(entry), ENCRYPTED)},
    }


def _notification(entry: Entry) -> dict[str, Any]:
    kind = entry["type"]
    secret = _SECRET[kind]
    defaults = {name: value for name, value in _SETTINGS[kind].items() if value is not _REQUIRED}
    shown = {**defaults, **(entry.get("settings") or {}), secret: ENCRYPTED if secret in _secrets(entry) else ""}
    return {"notification_type": kind, "notification_configuration": shown}


def attached(credentials: Iterable[Entry]) -> list[str]:
    """Return the names of the credentials that all job templates get."""
    return [each["name"] for each in credentials if each.get("attach", each["type"] != SOURCE_CONTROL)]


def notified(notifications: Iterable[Entry], event: str) -> list[str]:
    """Return the names of the notifications that are sent at an event."""
    return [each["name"] for each in notifications if event in _events(each)]


def problems(declared: Mapping[str, Sequence[Entry]]) -> Iterator[str]:
    """Yield what is missing or not allowed, a sentence each, without any value of a setting."""
    for kind, entries in declared.items():
        variable = f"scheduler_awx_own_{kind}"
        names = [str(entry.get("name") or "") for entry in entries]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"{variable} names {quoted(name)} several times."
        for entry, name in zip(entries, names):
            known = list(_keys(kind, entry))
            yield from (f"{variable}, {quoted(name)}: {text}" for text in known or _contents(kind, entry))


def _keys(kind: str, entry: Entry) -> Iterator[str]:
    for key in ("name", *_NEEDED[kind]):
        if not entry.get(key):
            yield f"{key} is missing. Set it."
    others = sorted(set(entry) - set(_KEYS[kind]))
    if others:
        yield f"there is no {', '.join(others)}. Allowed: {', '.join(_KEYS[kind])}."


def _contents(kind: str, entry: Entry) -> Iterator[str]:
    for name, value in (entry.get("secrets") or {}).items():
        if value is None or str(value) == "":
            yield f"the secret {name} is empty. Give it by the environment or a vault, or leave it out."
    shown = entry.get("settings" if kind == "notifications" else "inputs") or {}
    if kind != "credential_types":
        for name, value in shown.items():
            if _LOOKS_SECRET.search(name) and value not in (_ASK, ""):
                yield f"{name} would be shown. Give it under secrets."
    if kind == "notifications":
        yield from _notification_contents(entry, shown)


def _notification_contents(entry: Entry, shown: Entry) -> Iterator[str]:
    kind = entry["type"]
    if kind not in _SETTINGS:
        yield f"type is {quoted(kind)}. Allowed: {', '.join(_SETTINGS)}."
        return
    allowed = (*_SETTINGS[kind], *_OPTIONAL.get(kind, ()))
    missing = [name for name, value in _SETTINGS[kind].items() if value is _REQUIRED and not shown.get(name)]
    others = sorted(set(shown) - set(allowed))
    if missing:
        yield f"settings lack {', '.join(missing)}."
    if others:
        yield f"settings have {', '.join(others)}. Allowed: {', '.join(allowed)}."
    wrong = sorted(set(_secrets(entry)) - {_SECRET[kind]})
    if wrong or (kind == "slack" and not _secrets(entry)):
        yield f"secrets of {kind} are: {_SECRET[kind]}."
    if not _events(entry) or set(_events(entry)) - set(EVENTS):
        yield f"events are not allowed. Allowed: {', '.join(EVENTS)}."


def _secrets(entry: Entry) -> Mapping[str, Any]:
    return dict(entry.get("secrets") or {})


def _events(entry: Entry) -> tuple[str, ...]:
    return tuple(entry.get("events", ("error",)))
