# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the backend of a boot for what users ask it: log in, list the users, list conversations.

The questions depend on what the restored database has. Rows of which it is known that the platform's REST interface
cannot return them, in the live platform either, say nothing about a backup.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from ..._app.api_client import Answer, Api
from ..._core.errors import ApiError, DatabaseError
from ..._postgres.connection import Database
from ..._users import passwords, user_queries
from .verdict import BootError

USERS, CONVERSATIONS = "users", "conversations"
ANSWERED, NOTHING_TO_READ = "answered", "nothing to read"
_LOGIN = "/api/v1/auth/login"
_USERS = "/api/v1/users/"
_CONVERSATIONS = "/api/v1/conversations/"
#: The roles of the probe user: the first that the database knows. Only a super_admin sees all users.
_ROLES = ("SUPER_ADMIN", "ADMIN")
_SUPER_ADMIN = _ROLES[0]
_COLUMNS = (
    "id", "email", "username", "hashed_password", "auth_provider", "status", "role", "is_verified",
    "failed_login_attempts", "language", "timezone",
)  # fmt: skip
_PAGE = 100
#: The user with the fewest conversations of those whose list the platform can return: it reads all rows of a list.
_OWNER = """
SELECT user_id::text, count(*) FROM conversations c
WHERE EXISTS (SELECT FROM assistants a WHERE a.id = c.assistant_id)
GROUP BY user_id
HAVING bool_and(
    title ~ '[^[:space:]]' AND message_count >= 0 AND total_tokens >= 0
    AND (description IS NULL OR description ~ '[^[:space:]]' AND char_length(description) <= 2000)
    AND coalesce(json_typeof(conversation_metadata::json), 'null') IN ('object', 'null')
)
ORDER BY 2, 1 LIMIT 1
"""
_ANY_OWNER = "SELECT user_id::text, count(*) FROM conversations GROUP BY user_id ORDER BY 2, 1 LIMIT 1"
_NO_RIGHT = "42501"
_HAS_TABLE = "SELECT to_regclass(%s) IS NOT NULL"


@dataclass(frozen=True)
class ProbeUser:
    """A user in the restored database alone, with which the boot logs in. It is removed with the database."""

    username: str
    password: str

    @classmethod
    def new(cls) -> ProbeUser:
        """Return a user that does not exist yet."""
        return cls(f"convosphere-probe-{secrets.token_hex(6)}", secrets.token_urlsafe(24))

    def add(self, database: Database) -> str:
        """Add the user, and return its role. Raises BootError if the table of users cannot have it."""
        try:
            columns = database.columns("users", _COLUMNS)
            role = next((name for name in _ROLES if name in columns["role"].labels), _ROLES[-1])
            [password_hash] = passwords.hash_all([self.password])
            email = f"{self.username}@example.com"
            identity = (str(uuid.uuid4()), email, self.username, password_hash)
            values = (*identity, "LOCAL", "ACTIVE", role, True, "0", "en", "UTC")
            database.insert("users", [dict(zip(_COLUMNS, values))], _COLUMNS)
            database.connection.commit()
        except DatabaseError as error:
            code = str(error.details.get("sqlstate", "42"))
            if not code.startswith(("22", "23", "42")) or code == _NO_RIGHT:
                raise  # the server or the role, and not the table
            raise BootError(f"The restored table users cannot have a user to log in with: {error.message}") from error
        return role


@dataclass
class Questions:
    """The questions to one backend at ``api``, and in ``found`` what became of each."""

    api: Api
    database: Database
    user: ProbeUser
    found: dict[str, str] = field(default_factory=dict)

    def ask(self) -> None:
        """Log in, and ask for the lists. Raises BootError, or ApiError without an answer."""
        role = self.user.add(self.database)
        body = {"username": self.user.username, "password": self.user.password}
        login = self._checked(self.api.post(_LOGIN, body), "log in as the probe user")
        self.api.token = str(login.get("access_token"))
        self.found["login"] = ANSWERED
        self.found[USERS] = self._list_users(role)
        self.found[CONVERSATIONS] = self._list_conversations()

    def _list_users(self, role: str) -> str:
        """Ask for the probe user by the list of users, and for the first page of it."""
        query = f"{_USERS}?query={quote(self.user.username)}"
        found = self._checked(self.api.get(query), "list the probe user").get("users") or []
        if role == _SUPER_ADMIN and self.user.username not in [each.get("username") for each in found]:
            raise BootError("The backend does not list the probe user, who has logged in")
        answer = self.api.get(f"{_USERS}?size={_PAGE}")
        if answer.status >= 500 and (rows := self._unreadable()):
            return f"{ANSWERED}, but for {rows} rows that the platform cannot return"
        total = self._checked(answer, "list the users").get("total")
        [(expected,)] = self.database.fetch("SELECT count(*) FROM users")
        if role == _SUPER_ADMIN and total != expected:
            raise BootError(f"The backend lists {total} users, and the restored database has {expected}")
        return ANSWERED

    def _list_conversations(self) -> str:
        """Ask for the conversations of one user, as an administrator may."""
        if not self.database.fetch(_HAS_TABLE, (CONVERSATIONS,))[0][0]:
            return NOTHING_TO_READ
        owner = self._unless_columns_differ(_OWNER)
        owner = self.database.fetch(_ANY_OWNER) if owner is None else owner
        if not owner:
            return NOTHING_TO_READ
        identifier, expected = owner[0]
        answer = self.api.get(f"{_CONVERSATIONS}?user_id={identifier}")
        if answer.status in (404, 405):
            return "the backend has no such list"
        total = self._checked(answer, "list the conversations of a user").get("total")
        if total != expected:
            raise BootError(f"The backend lists {total} conversations of a user who has {expected}")
        return ANSWERED

    def _unreadable(self) -> int:
        """Return the number of users and groups that break a rule of the platform's own answers."""
        try:
            return len(user_queries.unreadable(self.database))
        except DatabaseError:  # a table lacks a column, which the platform does not forgive
            self.database.connection.rollback()
            return 0

    def _unless_columns_differ(self, statement: str) -> list[Any] | None:
        """Return the rows of a query; None if it cannot be run on the tables of this version."""
        try:
            return self.database.fetch(statement)
        except DatabaseError:
            self.database.connection.rollback()
            return None

    @staticmethod
    def _checked(answer: Answer, step: str) -> Mapping[str, Any]:
        """Return a good answer. Raises BootError for any other."""
        if answer.status >= 300:
            raise BootError(
                f"The backend cannot {step}: it answers {answer.status}: {answer.text.strip()[:300]}",
                step=step,
                status=answer.status,
            )
        try:
            found = answer.json()
        except ApiError as error:
            raise BootError(f"The backend cannot {step}: {error.message}") from error
        return found if isinstance(found, dict) else {}


def documents(database: Database, limit: int) -> list[dict[str, Any]]:
    """Return the newest rows of documents that were processed; none without such a table."""
    if not database.fetch(_HAS_TABLE, ("documents",))[0][0]:
        return []
    rows = database.fetch(
        "SELECT id::text, file_path, file_size, knowledge_metadata FROM documents WHERE status = 'processed' "
        "ORDER BY created_at DESC NULLS LAST, id LIMIT %s",
        (limit,),
    )
    return [dict(zip(("id", "file_path", "file_size", "knowledge_metadata"), row)) for row in rows]
