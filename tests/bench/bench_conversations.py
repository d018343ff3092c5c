# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs to search, count and export 200,000 messages, beside plain SQL in a playbook."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from support import memory
from support.bench import Contender, Row, memory_row, playbook_of
from support.conversations import LARGE, fill
from support.environment import Environment
from support.platform_schema import empty_platform, program

NAME = "bench_conversations"
#: What a managed host has to spare for an export of any size, in MB.
MEMORY = 150.0
SEARCH = """
SELECT m.id, m.content FROM messages m WHERE m.content ILIKE '%überweisung%' AND m.content ILIKE '%rechnung%'
ORDER BY m.created_at DESC, m.id DESC LIMIT 100
"""
COUNT = """
SELECT g.name, m.model_used, count(*), count(DISTINCT m.conversation_id), sum(m.tokens_used),
    sum(m.tokens_used * p.cost_per_1k_tokens / 1000)
FROM messages m JOIN conversations c ON c.id = m.conversation_id
LEFT JOIN user_group_association x ON x.user_id = c.user_id LEFT JOIN user_groups g ON g.id = x.group_id
LEFT JOIN ai_models p ON p.model_key = m.model_used AND p.is_active GROUP BY 1, 2
"""
TOTAL = """
SELECT count(*), count(DISTINCT m.conversation_id), sum(m.tokens_used) FROM messages m
JOIN conversations c ON c.id = m.conversation_id
"""
COPY = """
COPY (SELECT json_build_object('id', c.id, 'title', c.title, 'messages', json_agg(m ORDER BY m.created_at, m.id))
    FROM conversations c JOIN messages m ON m.conversation_id = c.id GROUP BY c.id) TO STDOUT
"""


class Conversations:
    """The database, and plays that read it."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.password = unquote(urlsplit(environment.secrets()["DATABASE_URL"]).password or "")
        self.dest = environment.folder / "conversations.jsonl"

    def make(self) -> None:
        """Create the database."""
        empty_platform(self.environment, NAME)
        port = self.environment.postgres_port
        fill(LARGE, host="127.0.0.1", port=port, user="convosphere", password=self.password, dbname=NAME)

    def ours(self, module: str, options: Mapping[str, Any]) -> Callable[[], None]:
        """Return a playbook of one task of the collection."""
        login = {"login_port": self.environment.postgres_port, "login_password": self.password, "login_db": NAME}
        return playbook_of(self.environment.folder, module, {f"convosphere.platform.{module}": {**login, **options}})

    def plain(self, name: str, *statements: str) -> Callable[[], None]:
        """Return a playbook with the same in plain SQL."""
        tasks = [
            {"ansible.builtin.command": {"argv": program(self.environment, "psql", "-c", each, NAME)}}
            for each in statements
        ]
        return playbook_of(self.environment.folder, f"plain-{name}", *tasks)

    def written_by_psql(self) -> Callable[[], None]:
        """Return a playbook in which psql writes the conversations into a file."""
        copy = program(self.environment, "psql", "--quiet", "-c", '"$COPY"', NAME)
        task = {
            "ansible.builtin.shell": {"cmd": f"{' '.join(copy)} > {self.dest}.plain"},
            "environment": {"COPY": " ".join(COPY.split())},
        }
        return playbook_of(self.environment.folder, "plain-export", task)


def rows(environment: Environment) -> Sequence[Row]:
    """Measure a search, the usage of two years by group and model, and an export with its memory."""
    found = Conversations(environment)
    found.make()
    search = {"words": ["überweisung", "rechnung"], "text": "full"}
    usage = {"since": "2000-01-01", "by": ["group", "model"]}
    export = Contender(
        "export of 200,000 messages",
        found.ours("convosphere_conversation_export", {"dest": str(found.dest)}),
        lambda: found.dest.unlink(missing_ok=True),
    )
    return [
        Row(
            Contender("search in 200,000 messages", found.ours("convosphere_message_info", search)),
            Contender("psql with ILIKE", found.plain("search", SEARCH)),
            limit=1.4,
        ),
        Row(
            Contender("usage of 200,000 messages by group and model", found.ours("convosphere_usage_info", usage)),
            Contender("psql with the two aggregates", found.plain("usage", COUNT, TOTAL)),
            limit=1.6,
        ),
        Row(export, Contender("psql with COPY of JSON", found.written_by_psql()), limit=2.5),
        memory_row(export, MEMORY, memory.is_module),
    ]
