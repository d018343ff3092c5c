# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the deletion of 500 conversations costs among 10,000 of them with 200,000 messages.

Each round deletes the next 500 with their 10,000 messages. Without an index it takes more than a minute.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

from support import conversations
from support.bench import Contender, Row, playbook_of
from support.compose_project import docker
from support.environment import Environment

NAME, TAKEN = "bench_retention", 500
#: What an operator would do by hand with an index.
PLAIN = f"""
CREATE INDEX by_hand ON messages (conversation_id);
CREATE TEMPORARY TABLE old AS SELECT c.id FROM conversations c
    LEFT JOIN (SELECT conversation_id, max(created_at) AS last FROM messages GROUP BY 1) m ON m.conversation_id = c.id
    ORDER BY coalesce(m.last, c.updated_at, c.created_at) LIMIT {TAKEN};
DELETE FROM messages WHERE conversation_id IN (SELECT id FROM old);
DELETE FROM conversations WHERE id IN (SELECT id FROM old);
DROP INDEX by_hand;
"""  # noqa: S608 - a number of this file


def rows(environment: Environment) -> list[Row]:
    """Compare a deletion with the same without the temporary index, and with plain SQL."""
    name = f"{TAKEN} of 10,000 conversations deleted, with a temporary index"
    indexed = Contender(name, play(environment, "indexed", temporary_index=True), lambda: made(environment))
    return [
        Row(indexed, Contender("without an index", play(environment, "bare", temporary_index=False)), limit=1 / 5),
        Row(indexed, Contender("plain SQL with an index", lambda: plain(environment)), limit=15),
    ]


def play(environment: Environment, name: str, **options: Any) -> Callable[[], None]:
    """Return a run of a playbook of one task that deletes the conversations that were not used for longest."""
    rule = {"name": "old", "records": "conversations", "action": "delete", "older_than": "30d"}
    task = {
        "environment_name": environment.name,
        "login_port": environment.postgres_port,
        "login_env_file": str(environment.directory / ".env"),
        "login_db": NAME,
        "rules": [rule],
        "limit": TAKEN,
        "accept_share": True,
        "skip_backup_gate": True,
        **options,
    }
    return playbook_of(environment.folder, f"retention-{name}", {"convosphere.platform.convosphere_records": task})


def plain(environment: Environment) -> None:
    """Delete as many with psql."""
    docker(*psql(environment), "--command", PLAIN, NAME)


@cache
def made(environment: Environment) -> None:
    """Create the database with the platform's tables, and fill it."""
    environment.sql(f"CREATE DATABASE {NAME}")
    copied = f"pg_dump -U convosphere --schema-only convosphere | psql -q -U convosphere {NAME}"
    docker("exec", "--user=postgres", environment.container("postgres"), "sh", "-c", copied)
    password = unquote(urlsplit(environment.secrets()["DATABASE_URL"]).password or "")
    conversations.fill(
        conversations.LARGE, host="127.0.0.1", port=environment.postgres_port, user="convosphere",
        password=password, dbname=NAME,
    )  # fmt: skip


def psql(environment: Environment) -> list[str]:
    """Return the arguments of docker that run psql in the container of the server."""
    container = environment.container("postgres")
    return ["exec", "--user=postgres", container, "psql", "--quiet", "--username=convosphere", "-v", "ON_ERROR_STOP=1"]
