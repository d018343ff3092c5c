# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Add or remove the account of one run. Runs in the container of the backend, with its SQLAlchemy and DATABASE_URL.

The row has no password, so that no login is possible. Rows that interrupted runs left are removed after an hour.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
import sys
from typing import Any

#: The beginning of the usernames, by which a later run finds the row that an interrupted one left.
PREFIX = "convosphere-run-"
REMOVE = (
    "DELETE FROM users WHERE left(username, 16) = 'convosphere-run-' AND hashed_password IS NULL"
    " AND (id = CAST(:id AS uuid) OR created_at < now() - interval '1 hour')"
)
#: Not ADMIN: the platform makes the first ADMIN that it finds the owner of its default assistant.
ADD = (
    "INSERT INTO users (id, email, username, display_name, auth_provider, status, role, is_verified,"
    " failed_login_attempts, language, timezone) VALUES (CAST(:id AS uuid), :email, :username,"
    " 'Run of convosphere.platform', 'LOCAL', 'ACTIVE', 'SUPER_ADMIN', true, '0', 'en', 'UTC')"
)


def run(action: str, identifier: str, engine: Any, text: Any) -> None:
    """Remove old rows and that of ``identifier``, and with ``add`` insert it, in one transaction."""
    username = PREFIX + identifier
    row = {"id": identifier, "username": username, "email": f"{username}@service.invalid"}
    with engine.begin() as connection:
        connection.execute(text(REMOVE), {"id": identifier})
        if action == "add":
            connection.execute(text(ADD), row)


def main() -> None:
    """Do what the arguments name, and end with the first line of an error if it fails."""
    try:
        from sqlalchemy import create_engine, text

        run(sys.argv[1], sys.argv[2], create_engine(os.environ["DATABASE_URL"]), text)
    except Exception as error:  # the caller shows its first line; the others may quote rows
        raise SystemExit(f"{type(error).__name__}: {error}".partition("\n")[0]) from error


if __name__ == "__main__":
    main()
