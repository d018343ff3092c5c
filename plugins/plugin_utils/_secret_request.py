# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check that the parameters of a run of secrets.yml belong together, and the path and the key of what it fetches.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from ansible_collections.convosphere.platform.plugins.module_utils._host.secret_file import path_problem
from ansible_collections.convosphere.platform.plugins.module_utils._stack.secret_export import is_export, is_public_key


def problems(rotate: Collection[str], fetch_to: str, names: Collection[str], recipient: str) -> Iterator[str]:
    """Yield what is wrong, a sentence each without its final dot. The path is looked at on this machine."""
    if rotate and fetch_to:
        yield "rotate and fetch_to are given together. Rotate first, and fetch with a second run"
    for name, value in (("names", names), ("recipient", recipient)):
        if value and not fetch_to:
            yield f"{name} is given without fetch_to. Give fetch_to too, or leave {name} out"
    problem = _path_problem(fetch_to) if fetch_to else None
    if problem:
        yield f"fetch_to has {fetch_to}: {problem}"
    if recipient and not is_public_key(recipient):  # it is not shown: it may be the secret key
        yield "recipient is not a public key of age. Give the one that age-keygen prints, age1..., or an SSH public key"


def _path_problem(fetch_to: str) -> str | None:
    try:
        path = Path(os.path.expandvars(fetch_to)).expanduser()
    except RuntimeError:
        return "the user behind ~ has no home directory. Give an absolute path"
    return path_problem(path) or _other_file(path)


def _other_file(path: Path) -> str | None:
    """Return why a file that exists is not replaced: a key or a password may have its path by mistake."""
    try:
        text = path.read_bytes().decode("utf-8", "replace") if path.exists() else ""
    except OSError as error:
        return f"the file exists, and cannot be read: {error.strerror}. Remove it, or give another path"
    return None if is_export(text) else "the file exists, and no run has fetched it. Remove it, or give another path"
