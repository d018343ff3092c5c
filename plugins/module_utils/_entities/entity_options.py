# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Derive the options of a module from the declaration of its entity.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._app import platform_rules
from .._app.audit_log import AUDIT_OPTIONS
from .._postgres.connection import DATABASE_OPTIONS
from .entity import Entity
from .field_types import BOOL, INTEGER, INTEGER_TEXT, JSON, NUMBER, NUMBER_TEXT, TEXTS, Field

_TYPES: Mapping[str, Mapping[str, Any]] = {
    BOOL: {"type": "bool"},
    INTEGER: {"type": "int"},
    INTEGER_TEXT: {"type": "int"},
    NUMBER: {"type": "float"},
    NUMBER_TEXT: {"type": "float"},
    TEXTS: {"type": "list", "elements": "str"},
    JSON: {"type": "raw"},
}
_LIST: Mapping[str, Any] = {
    "remote_src": {"type": "bool", "default": False},
    "list_name": {"type": "str", "default": ""},
    "prune": {"type": "bool", "default": False},
    "prune_limit": {"type": "int", "default": 10},
    "planned": {"type": "dict"},
}


def object_options(entity: Entity) -> dict[str, Any]:
    """Return the options of one object."""
    fields: dict[str, Any] = {name: _spec(name, each) for name, each in entity.fields.items()}
    named = {name: {"type": "str"} for name in (*entity.references, *entity.renames)}
    parts = {option: spec for make in entity.parts for option, spec in make().options.items()}
    identity = {name: {"type": "str"} for name in _id(entity)}
    return {**fields, **named, **parts, **identity}


def choice_options(entity: Entity) -> dict[str, Any]:
    """Return the options that say how an object is changed. For a list they are the defaults of its objects."""
    return {
        name: {"type": "str", **({"choices": list(choices), "default": choices[0]} if choices else {}), **_plain(name)}
        for name, choices in entity.all_choices.items()
    }


def known_options(entity: Entity) -> tuple[str, ...]:
    """Return the names of the options of an object of a list."""
    return (*object_options(entity), *entity.all_choices)


def argument_spec(entity: Entity) -> dict[str, Any]:
    """Return Ansible's argument spec of the entity's module."""
    one = {**object_options(entity), **choice_options(entity)}
    if entity.singleton:
        return {**DATABASE_OPTIONS, **AUDIT_OPTIONS, **one}
    listed = {
        entity.list_option: {"type": "list", "elements": "dict"},
        f"{entity.list_option}_file": {"type": "path"},
        **_LIST,
    }
    return {**DATABASE_OPTIONS, **AUDIT_OPTIONS, **one, **listed}


def rules(entity: Entity, exclusive: Sequence[tuple[str, ...]] = ()) -> dict[str, Any]:
    """Return Ansible's further rules: one object, a list or a file; ``exclusive`` are options that exclude others."""
    if entity.singleton:
        return {}
    several = (entity.list_option, f"{entity.list_option}_file")
    return {
        "mutually_exclusive": [*((name, *several) for name in (*_id(entity), *entity.key_options)), *exclusive],
        "required_one_of": [(*_id(entity), *entity.key_options, *several)],
        "required_if": [("prune", True, several, True)],
    }


def unlisted(entity: Entity) -> dict[str, Any]:
    """Return the list that is neither logged on the host nor returned in the invocation."""
    return {} if entity.singleton else {entity.list_option: {**object_options(entity), **choice_options(entity)}}


def _id(entity: Entity) -> tuple[str, ...]:
    return () if entity.singleton or not entity.by_id else ("id",)


def _spec(name: str, field: Field) -> dict[str, Any]:
    if field.kind == JSON and field.rule and field.rule.json == platform_rules.OBJECT:
        return {"type": "dict", **_plain(name)}
    return {**_TYPES.get(field.kind, {"type": "str"}), **_plain(name)}


def _plain(name: str) -> dict[str, Any]:
    # None of these is a secret, though Ansible takes a key, tokens or update_password for one.
    return {"no_log": False} if any(word in name for word in ("key", "token", "password")) else {}
