# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversations of any number, made by the server from numbers alone, so that a test can foretell what is in them.

Everything is the same in each run: ids are hashes of names, timestamps count back from one day, and texts are sentences
of a few words. Number n of each kind starts at 0:

- users ``person<n>@example.com``, with umlauts in the names of every third. User n is in group n modulo the groups;
  every fifth is in the next group too; the last one is in none.
- assistants ``Assistant <n>``, owned by user n modulo the users.
- prices: ``gpt-4`` has an old inactive row (99) and an active default one (0.03), ``claude-3`` one (0.015), and
  ``local-llm`` one without a price.
- conversation n belongs to user n modulo the users and to assistant n modulo the assistants.
- message n is in conversation n * conversations / messages, so that each conversation has its own days. An even n is
  a question of a USER, without tokens and model. An odd n is an answer of the ASSISTANT, with 100 + n modulo 900 tokens
  and a model of MODELS in turn, of which one is unknown to ai_models and one is NULL.
- ``Rechnung`` is in every tenth message, ``Überweisung`` in every 997th, ``100%_sure <b>&`` in every 499th.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg2

#: The models of the answers, in turn.
MODELS = ("gpt-4", "claude-3", "local-llm", "retired-model", None)
GROUPS = ("Vertrieb", "Forschung", "Köln", "Buchhaltung", "Support", "Übersetzung", "Recht", "Betrieb")

_MAKE_USERS = """
INSERT INTO users (id, email, username, auth_provider, first_name, last_name, status, role, is_verified,
    failed_login_attempts, language, timezone, preferences, created_at)
SELECT md5('person' || n)::uuid, 'person' || n || '@example.com', 'person' || n, 'LOCAL',
    (ARRAY['Jürgen', 'Ada', 'Grace'])[1 + n %% 3], (ARRAY['Müßig', 'Lovelace', 'Hopper'])[1 + n %% 3], 'ACTIVE', 'USER',
    true, '0', 'de', 'Europe/Berlin', '{}', %(until)s - %(days)s * interval '1 day'
FROM generate_series(0, %(users)s - 1) n
"""
_MAKE_GROUPS = """
INSERT INTO user_groups (id, name, is_active, is_system)
SELECT md5('team' || n)::uuid, (%(names)s::text[])[1 + n], true, false FROM generate_series(0, %(groups)s - 1) n
"""
_MAKE_MEMBERS = """
INSERT INTO user_group_association (user_id, group_id)
SELECT md5('person' || n)::uuid, md5('team' || (n + more) %% %(groups)s)::uuid
FROM generate_series(0, %(users)s - 2) n, generate_series(0, 1) more
WHERE more = 0 OR (n %% 5 = 0 AND %(groups)s > 1)
"""
_MAKE_ASSISTANTS = """
INSERT INTO assistants (id, name, version, system_prompt, model, temperature, max_tokens, status, is_public,
    is_template, tools_enabled, tools_config, tags, creator_id)
SELECT md5('assistant' || n)::uuid, 'Assistant ' || n, '0.1.2-beta', 'Antworte höflich.', 'gpt-4', '0.7', '4096',
    'ACTIVE', false, false, true, '[]', '[]', md5('person' || n %% %(users)s)::uuid
FROM generate_series(0, %(assistants)s - 1) n
"""
_MAKE_MODELS = """
INSERT INTO ai_models (id, name, provider, model_key, display_name, cost_per_1k_tokens, is_active, is_default,
    is_favorite, capabilities, created_at)
SELECT md5('model' || n)::uuid, key, provider, key, key, price, active, standard, false, '["chat"]',
    %(until)s - (%(days)s + n) * interval '1 day'
FROM (VALUES (0, 'gpt-4', 'openai', 99::float, false, false), (1, 'gpt-4', 'openai', 0.03, true, true),
    (2, 'claude-3', 'anthropic', 0.015, true, false), (3, 'local-llm', 'local', NULL, true, false))
    AS given (n, key, provider, price, active, standard)
"""
_MAKE_CONVERSATIONS = """
INSERT INTO conversations (id, title, user_id, assistant_id, is_active, is_archived, message_count, total_tokens,
    conversation_metadata, created_at, updated_at)
SELECT md5('conversation' || n)::uuid, 'Gespräch ' || n, md5('person' || n %% %(users)s)::uuid,
    md5('assistant' || n %% %(assistants)s)::uuid, n %% 9 <> 0, n %% 9 = 0, 0, 0, '{}',
    %(until)s - %(days)s * interval '1 day' + n * %(messages)s / %(conversations)s * %(step)s::interval,
    %(until)s - %(days)s * interval '1 day' + (n + 1) * %(messages)s / %(conversations)s * %(step)s::interval
FROM generate_series(0::bigint, %(conversations)s - 1) n
"""
_MAKE_MESSAGES = """
INSERT INTO messages (id, content, role, message_type, conversation_id, tokens_used, model_used, message_metadata,
    created_at)
WITH words AS MATERIALIZED (SELECT ARRAY['die', 'Frage', 'über', 'Vertrag', 'heute', 'bitte', 'prüfen', 'Anlage', 'und',
    'weiter', 'Größe', 'Termin', 'senden', 'Antwort', 'größer', 'danke', 'the', 'question', 'about', 'delivery', 'of',
    'invoice', 'please', 'check'] AS list),
sentences AS MATERIALIZED (
    SELECT number, string_agg(list[1 + (number * 31 + place * 17 + number * place) %% 24], ' ' ORDER BY place) AS text
    FROM words, generate_series(0, 499) number, generate_series(0, 9) place GROUP BY number)
SELECT md5('message' || n)::uuid,
    concat_ws('. ', 'Nummer ' || n, a.text, CASE WHEN n %% 3 > 0 THEN b.text END,
        CASE WHEN answer THEN c.text || E'.\\n\\n' || b.text || '. ' || a.text || '. ' || c.text END,
        CASE WHEN n %% 10 = 0 THEN 'Rechnung' END, CASE WHEN n %% 997 = 0 THEN 'Überweisung' END,
        CASE WHEN n %% 499 = 0 THEN '100%%_sure <b>&' END),
    CASE WHEN answer THEN 'ASSISTANT' ELSE 'USER' END::messagerole, 'TEXT',
    md5('conversation' || n * %(conversations)s / %(messages)s)::uuid, CASE WHEN answer THEN 100 + n %% 900 ELSE 0 END,
    CASE WHEN answer THEN (%(models)s::text[])[1 + n / 2 %% %(kinds)s] END,
    CASE WHEN answer THEN '{"finish_reason": "stop"}'::json END,
    %(until)s - %(days)s * interval '1 day' + n * %(step)s::interval
FROM (SELECT n, n %% 2 = 1 AS answer FROM generate_series(0::bigint, %(messages)s - 1) n) numbered
JOIN sentences a ON a.number = n %% 500 JOIN sentences b ON b.number = n * 7 %% 500
JOIN sentences c ON c.number = n * 13 %% 500
"""
_ORDER = (
    _MAKE_USERS,
    _MAKE_GROUPS,
    _MAKE_MEMBERS,
    _MAKE_ASSISTANTS,
    _MAKE_MODELS,
    _MAKE_CONVERSATIONS,
    _MAKE_MESSAGES,
)


@dataclass(frozen=True)
class Volume:
    """How many of each there are, and the period over which the messages are spread evenly."""

    messages: int = 2000
    conversations: int = 100
    users: int = 12
    assistants: int = 4
    groups: int = 3
    days: int = 100
    #: Every message is older.
    until: datetime = datetime(2026, 7, 1, tzinfo=UTC)

    def values(self) -> dict[str, Any]:
        """Return the values of the statements."""
        step = (self.days * 86400) / self.messages
        return {
            **vars(self),
            "step": f"{step:.6f} seconds",
            "names": list(GROUPS),
            "models": list(MODELS),
            "kinds": len(MODELS),
        }


#: 200,000 messages of two years, about 62 MB of text.
LARGE = Volume(messages=200_000, conversations=10_000, users=200, assistants=25, groups=8, days=730)


def identifier(kind: str, number: int) -> str:
    """Return an id: ``kind`` is person, team, assistant, model, conversation or message."""
    return str(uuid.UUID(hashlib.md5(f"{kind}{number}".encode(), usedforsecurity=False).hexdigest()))


def fill(volume: Volume, **connection: Any) -> None:
    """Fill the empty tables of the platform's database that psycopg2.connect reaches with ``connection``."""
    opened = psycopg2.connect(**connection)
    opened.autocommit = True
    try:
        with opened.cursor() as cursor:
            for statement in _ORDER:
                cursor.execute(statement, volume.values())
            cursor.execute("ANALYZE")
    finally:
        opened.close()
