# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hash and verify passwords in the platform's format, bcrypt with 12 rounds, on all cores.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ansible.module_utils.basic import missing_required_lib

from .._app.platform_rules import PASSWORD_MINIMUM
from .._core.errors import ConvosphereError
from .._entities.values import ValueProblem, as_text

Item = TypeVar("Item")
Result = TypeVar("Result")

ROUNDS = 12
#: bcrypt ignores all bytes after these.
MAX_BYTES = 72

_HASH = re.compile(r"\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}")


def as_password(value: Any) -> str:
    """Return a password that can be set. Raises ValueProblem, without the password, for any other."""
    if value == "":
        raise ValueProblem("is empty")
    password = as_text(value, secret=True)
    if len(password) < PASSWORD_MINIMUM:
        raise ValueProblem(f"is shorter than {PASSWORD_MINIMUM} characters, the platform's minimum")
    size = len(password.encode())
    if size > MAX_BYTES:
        raise ValueProblem(f"is {size} bytes long, and bcrypt takes at most {MAX_BYTES}")
    return password


def as_hash(value: Any) -> str:
    """Return a hash that the platform can verify. Raises ValueProblem, without the value, for any other."""
    if isinstance(value, str) and _HASH.fullmatch(value):
        return str.__str__(value)
    raise ValueProblem("is not a bcrypt hash ($2b$, $2a$ or $2y$, the rounds, $ and 53 characters)")


def hash_all(passwords: Sequence[str]) -> list[str]:
    """Return a hash for each password, in the same order."""
    bcrypt = _bcrypt()
    return _on_all_cores(lambda text: str(bcrypt.hashpw(text.encode(), bcrypt.gensalt(ROUNDS)).decode()), passwords)


def verify_all(pairs: Sequence[tuple[str, str | None]]) -> list[bool]:
    """Return for each (password, stored hash) whether the hash is that of the password."""
    if not any(stored for _password, stored in pairs):
        return [False] * len(pairs)
    bcrypt = _bcrypt()

    def verify(pair: tuple[str, str | None]) -> bool:
        password, stored = pair
        return bool(stored and _HASH.fullmatch(stored) and bcrypt.checkpw(password.encode(), stored.encode()))

    return _on_all_cores(verify, pairs)


def _on_all_cores(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    from concurrent.futures import ThreadPoolExecutor

    # Threads are enough: bcrypt releases the interpreter's lock while it computes.
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return list(pool.map(work, items))


def _bcrypt() -> Any:
    # Imported only if a hash is computed, which an unchanged run never does.
    try:
        import bcrypt
    except ImportError as error:
        raise ConvosphereError(
            missing_required_lib("bcrypt", reason="to set and verify passwords"),
            hint="Run the playbook setup.yml for this environment, which installs it (Debian: python3-bcrypt).",
        ) from error
    return bcrypt
