# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate names of backups: labels, and the names of backups in options.

A label that looks like an id, a file or a keyword would make an option mean another backup than the operator expects.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .._core.display import quoted
from .._core.errors import InputError
from . import manifest

LATEST = "latest"
LATEST_VERIFIED = "latest_verified"
ALL = "all"
#: What a plan calls the backup that a run creates: its id is not known before.
NEW = "new backup"
KEYWORDS = (LATEST, LATEST_VERIFIED, ALL)
LONGEST_LABEL = 100
_ALLOWED = (
    f"Allowed: 1 to {LONGEST_LABEL} printable characters without slash, comma, or space at either end, except the id "
    f"of a backup and {', '.join(KEYWORDS)}. For example: nightly."
)


def refuse_label(label: str) -> None:
    """Raise InputError for an invalid label, with the reason and the allowed values."""
    reason = _objection(label)
    if reason:
        raise InputError(f"label is {quoted(label)}, which {reason}", hint=_ALLOWED)


def means_one(name: str) -> bool:
    """Return True for an id and for the name or path of a file, which are never labels."""
    return "/" in name or manifest.starts_with_id(name)


def refuse_unusable(params: Mapping[str, Any], *options: str) -> None:
    """Raise InputError if one of ``options`` is given and cannot name a backup because it is empty or not printable.

    An option is a text or a list of texts.
    """
    problems = []
    for option in options:
        given = params[option]
        if given == []:
            problems.append(f"{option} is an empty list: there is nothing to do")
        for name in _texts(given):
            if not name.strip():
                problems.append(f"{option} contains an empty name")
            elif not name.isprintable():
                problems.append(
                    f"There is no backup {quoted(name)}: {option} contains a character that is not printable"
                )
    if problems:
        raise InputError.of(problems, hint="Give an id, a label or latest, or omit the option.")


def _objection(label: str) -> str | None:
    if not label.strip():
        return "is empty"
    if len(label) > LONGEST_LABEL:
        return f"has {len(label)} characters"
    if label.lower() in KEYWORDS:
        return "is a keyword that means other backups"
    if means_one(label) or means_one(Path(label).name):
        return "looks like the id or a file of a backup"
    if not label.isprintable():
        return "contains characters that are not printable"
    return "contains a comma, or a space at either end" if "," in label or label != label.strip() else None


def _texts(given: Any) -> Iterable[str]:
    if given is None:
        return ()
    return [given] if isinstance(given, str) else list(given)
