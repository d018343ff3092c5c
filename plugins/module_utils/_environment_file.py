# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file ``.env`` of a stack: its secrets, which Docker Compose puts into the containers' environment.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
import secrets as random_source
import string
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ansible_collections.convosphere.platform.plugins.module_utils._errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._plan import Secret

ALPHABET = string.ascii_letters + string.digits
_ASSIGNMENT = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$")
_REFERENCE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_ESCAPED = re.compile(r'([\\"$])')
_UNESCAPED = re.compile(r'\\([\\"$])')


def parse(text: str) -> dict[str, Secret]:
    """The variables of a ``.env`` file by name, in the file's order."""
    found = (_ASSIGNMENT.match(line) for line in text.splitlines())
    return {match[1]: Secret(_unquote(match[2].strip())) for match in found if match}


def render(variables: Mapping[str, str], header: str) -> str:
    """The text of a ``.env`` file which Docker Compose reads back as exactly ``variables``.

    Between double quotes Compose takes every character as it is but the backslash, the quote and the dollar sign
    (docs.docker.com, "Set, use, and manage variables in a Compose file with interpolation").
    """
    lines = [f'{name}="{_ESCAPED.sub(_backslash, value)}"' for name, value in variables.items()]
    return "\n".join([f"# {header}", *lines, ""])


def wanted(entries: Sequence[Mapping[str, Any]], present: Mapping[str, str]) -> dict[str, Secret]:
    """What the secrets shall be, by name.

    Each entry has ``name`` and one of: ``value``, which wins; ``derive``, a text in which ``{NAME}`` stands for
    another secret, percent-encoded for a URL; or else ``length``: the present value is kept, and where there is none
    one of that many letters and digits is made up. Raises InputError for a value that a ``.env`` file cannot hold.
    """
    result: dict[str, Secret] = {}
    for entry in entries:
        result[entry["name"]] = Secret(_value_of(entry, {**present, **result}))
    return result


def _value_of(entry: Mapping[str, Any], known: Mapping[str, str]) -> str:
    name = entry["name"]
    if entry.get("value") is not None:
        if "\n" in entry["value"] or "\0" in entry["value"]:
            raise InputError(f"The secret {name} has a line feed or a null character in it: no container variable can")
        return str(entry["value"])
    if entry.get("derive") is not None:
        return _REFERENCE.sub(lambda match: quote(_named(match[1], name, known), safe=""), entry["derive"])
    return known.get(name) or "".join(random_source.choice(ALPHABET) for _each in range(entry["length"]))


def _named(reference: str, name: str, known: Mapping[str, str]) -> str:
    if reference not in known:
        raise InputError(f"The secret {name} is derived from {reference}, which is not given before it")
    return known[reference]


def _backslash(match: re.Match[str]) -> str:
    return "\\" + match[1]


def _unquote(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"':
        return _UNESCAPED.sub(lambda match: match[1], text[1:-1])
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1]
    return text
