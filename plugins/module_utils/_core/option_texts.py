# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the texts among a module's options, at any depth, before any of them is used.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .option_walk import walk

NUL = "contains a NUL character, which no program, path or database accepts. Remove it"
SURROGATE = "contains half of a surrogate pair, which is not valid Unicode. Write the character itself, in UTF-8"

#: Paths, lock files, Compose projects and records are named after an environment.
ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
ENVIRONMENT_ALLOWED = (
    "Allowed: the name of a group of the inventory, at most 63 letters, digits, dots, dashes and underscores, "
    "beginning with a letter or a digit"
)


_TEXTS = ("str", "path")


def problem(text: str) -> str | None:
    """Return why ``text`` cannot be stored, for a sentence that starts with its name; None if it can."""
    if "\0" in text:
        return NUL
    try:
        text.encode()
    except UnicodeEncodeError:
        return SURROGATE
    return None


def repaired(value: Any) -> Any:
    """Return the same structure with a replacement character for each invalid one."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    if isinstance(value, Mapping):
        return {repaired(key): repaired(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [repaired(item) for item in value]
    return value


def unusable(options: Mapping[str, Any]) -> list[str]:
    """Return a sentence, without its final dot, for each text among ``options`` that cannot be stored."""
    everything = json.dumps(options, ensure_ascii=False, default=str)
    if "\\u0000" not in everything and problem(everything) is None:
        return []  # one check in C: a list may have 100,000 entries
    return [f"The option {place} {fault}" for place, text in _texts(options, "") if (fault := problem(text))]


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            name = repaired(str(key))
            yield f"{place}.{name}" if place else name, str(key)
            yield from _texts(item, f"{place}.{name}" if place else name)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _texts(item, f"{place}[{index}]")


def empty(spec: Mapping[str, Any], options: Mapping[str, Any], allowed: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield a sentence, without its final dot, for each text or path that is empty and must not be.

    These are required options, options with a default, which an empty text would replace, and paths, of which an empty
    one is the current directory. ``allowed`` are exceptions, by their names with a dot.
    """
    for name, option, value in walk(spec, options):
        known_as = re.sub(r"\[\d+\]", "", name)
        if isinstance(value, str) and not value.strip() and _needs_content(option) and known_as not in allowed:
            default = option.get("default")
            way_out = f"Leave it out for {default}, or give" if default else "Give"
            instead = " or leave it out" if not default and not option.get("required") else ""
            yield f"The option {name} is empty. {way_out} a value{instead}"


def structured(spec: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence, without its final dot, for each list or dictionary that is given for a text.

    Ansible would convert it to a text. ``given`` are the options before that. No value is shown.
    """
    for name, option, value in walk(spec, given):
        kind = option.get("type", "str")
        if kind == "list" and isinstance(value, (list, tuple)) and option.get("elements") in _TEXTS:
            yield from (fault for index, item in enumerate(value) for fault in _structure(f"{name}[{index}]", item))
        elif kind in _TEXTS:
            yield from _structure(name, value)


def _structure(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, (list, tuple, Mapping)):
        yield f"The option {name} is a {'dictionary' if isinstance(value, Mapping) else 'list'}. Give a text"


def misnamed(options: Mapping[str, Any]) -> list[str]:
    """Return a sentence, without its final dot, if ``environment_name`` is not a valid name."""
    name = options.get("environment_name")
    if not isinstance(name, str) or ENVIRONMENT.fullmatch(name):
        return []
    return [f"The option environment_name is {name[:80]!r}. {ENVIRONMENT_ALLOWED}"]


def _needs_content(option: Mapping[str, Any]) -> bool:
    texts = option.get("type", "str") in _TEXTS and not option.get("choices") and not option.get("no_log")
    return texts and bool(option.get("required") or option.get("default") or option.get("type") == "path")
