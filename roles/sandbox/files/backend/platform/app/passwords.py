"""Password hashes as the platform writes them: bcrypt, prefix $2b$, cost 12."""

from __future__ import annotations

import bcrypt

ROUNDS = 12


def hash_password(password: str) -> str:
    """Hash a password; bcrypt looks at its first 72 bytes only."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(ROUNDS)).decode()


def matches(password: str, stored: str | None) -> bool:
    """Return whether a password belongs to a stored hash; an account without a hash matches nothing."""
    if not stored:
        return False
    try:
        return bcrypt.checkpw(password.encode(), stored.encode())
    except ValueError:
        return False
