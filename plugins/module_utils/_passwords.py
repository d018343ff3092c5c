# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords in the platform's own format, bcrypt with 12 rounds: hash and verify many of them on all cores.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ansible_collections.convosphere.platform.plugins.module_utils._errors import ConvosphereError

Item = TypeVar("Item")
Result = TypeVar("Result")

ROUNDS = 12
#: bcrypt looks at no more bytes than these: what comes after them would protect nothing.
MAX_BYTES = 72

_HASH = re.compile(r"\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}")


def problem_of_password(password: str) -> str | None:
    """Why a password cannot be set, without the password; None where it can."""
    size = len(password.encode("utf-8", "surrogatepass"))
    if not password:
        return "the password is empty"
    if "\0" in password:
        return "the password has a null character in it"
    if any("\ud800" <= character <= "\udfff" for character in password):
        return "the password is not valid Unicode"
    if size > MAX_BYTES:
        return f"the password is {size} bytes long, and bcrypt takes at most {MAX_BYTES}"
    return None


def problem_of_hash(stored: str) -> str | None:
    """Why a text is no hash that the platform can verify, without the text; None where it is one."""
    if _HASH.fullmatch(stored):
        return None
    return "password_hash is no bcrypt hash ($2b$, $2a$ or $2y$, the rounds, $ and 53 characters)"


def hash_all(passwords: Sequence[str]) -> list[str]:
    """A hash for each password, in their order."""
    bcrypt = _bcrypt()
    return _on_all_cores(lambda text: str(bcrypt.hashpw(text.encode(), bcrypt.gensalt(ROUNDS)).decode()), passwords)


def verify_all(pairs: Sequence[tuple[str, str | None]]) -> list[bool]:
    """For each (password, stored hash) whether they belong together; without a hash, or with a foreign one, not."""
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
    # Imported only where a hash is computed, which an unchanged run never does.
    try:
        import bcrypt
    except ImportError as error:
        raise ConvosphereError(
            "The Python library bcrypt is missing on the host",
            hint="Run the playbook setup.yml for this environment, which installs it (Debian: python3-bcrypt).",
        ) from error
    return bcrypt
