# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find values that came from Ansible Vault, encrypted by themselves or with the whole file that they are in.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

# Ansible has no public name for the tag with a value's file. If a version moves it, the import fails and with it every
# deploy: a check for secrets must not be skipped silently.
from ansible._internal._datatag._tags import Origin
from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultHelper
from ansible_collections.convosphere.platform.plugins.module_utils._core.redaction import SHORTEST, spellings

#: What Ansible itself adds to the variables of a host, which comes from no file.
ANSIBLES_OWN = {"ansible_facts", "environment", "groups", "hostvars", "omit", "vars"}
#: A word or a number that may stand in other texts by chance.
_COMMON = re.compile(r"[a-z]{1,15}|[A-Z]{1,15}|[0-9.:]{1,15}")


def vaulted_in(options: Mapping[str, Any], variables: Mapping[str, Any]) -> list[str]:
    """Return ``OPTION has the value of VARIABLE in it`` for each value from Vault among ``options`` or in their texts.

    ``variables`` are those of the host, as the inventory and the run give them, rendered or not.
    """
    known = {
        spelling: name
        for name, value in _leaves(variables, "", ANSIBLES_OWN)
        if encrypted_by(value)
        for spelling in spellings(_secret(value))
    }
    found: dict[str, None] = {}
    for place, value in _leaves(options, "", set()):
        option = re.split(r"[.\[]", place, maxsplit=1)[0]
        # An option that is in an encrypted file itself has its own value, which says nothing.
        names = [name for spelling, name in known.items() if name != place and spelling in str(value)]
        for name in dict.fromkeys(names):
            found[f"{option} has the value of {name} in it"] = None
        if not names and (source := encrypted_by(value)):
            found[f"{place} comes from {source}"] = None
    return list(found)


def _secret(value: Any) -> list[str]:
    try:
        text = str(value)
    except AnsibleError:  # it cannot be decrypted, and so nothing that is deployed has it
        return []
    return [text] if len(text) >= SHORTEST and not _COMMON.fullmatch(text) else []


def encrypted_by(value: Any) -> str | None:
    """Return where a value was encrypted: ``!vault``, or the name of the file; None if it was not."""
    if VaultHelper.get_ciphertext(value, with_tags=False) is not None:
        return "an encrypted value (!vault)"
    origin = Origin.get_tag(value)
    if origin is not None and origin.path and _is_encrypted(origin.path):
        return f"the encrypted file {origin.path}"
    return None


@cache
def _is_encrypted(path: str) -> bool:
    try:
        with Path(path).open("rb") as stream:
            return stream.read(14) == b"$ANSIBLE_VAULT"
    except OSError:
        return False


def _leaves(value: Any, place: str, without: set[str]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key not in without:
                yield from _leaves(item, f"{place}.{key}" if place else str(key), set())
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{place}[{index}]", set())
    elif value is not None and not isinstance(value, bool):
        yield place, value
