# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database of the platform of any size, as years of conversations would leave it, made by the server in a minute.

For a measurement of backups its text has to compress as people's text does. Digits of a hash hardly
compress at all, and a text that is repeated compresses to nothing: both would flatter one program or the other. So it
is made of thousands of words of one to four syllables, the frequent ones short, drawn as in any language: the second
half as often as the first, the third a third as often. Words are put together to paragraphs once, and paragraphs at
random to messages: that is quick, and the same one comes again tens of megabytes later, further away than gzip looks
back (32 kB), and than zstd does by far most of the time (2 MB).

Everything is the same in each run: ids are hashes of numbers, and the generator of random numbers starts from one seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg2

#: What a message takes with its share of everything else, indexes among it, in bytes.
_BYTES_A_MESSAGE = 800
_WORDS, _WORDS_A_PARAGRAPH, _MESSAGES_A_CONVERSATION, _CONVERSATIONS_A_USER = 4000, 40, 12, 60
_ASSISTANTS = 25
#: So many that a paragraph comes again far away.
_PARAGRAPHS = 120_000


@dataclass(frozen=True)
class Size:
    """How many of each there are."""

    messages: int

    @classmethod
    def of(cls, megabytes: int) -> Size:
        """Return what makes a database of about that size."""
        return cls(megabytes * 1024 * 1024 // _BYTES_A_MESSAGE)

    @property
    def conversations(self) -> int:
        """One for a dozen messages."""
        return self.messages // _MESSAGES_A_CONVERSATION + 1

    @property
    def users(self) -> int:
        """One for sixty conversations."""
        return self.conversations // _CONVERSATIONS_A_USER + 1

    @property
    def paragraphs(self) -> int:
        """Those that messages are put together from."""
        return max(1000, min(_PARAGRAPHS, self.messages // 2))


# Frequent words are short: one syllable for the first few, four for the rare ones.
_MAKE_WORDS = f"""
CREATE TEMPORARY TABLE words AS
SELECT rank, string_agg(
    (string_to_array('b c d f g h l m n p r s t v w z k ch sh th', ' '))[1 + floor(random() * 20)]
    || (string_to_array('a e i o u ea ou e a', ' '))[1 + floor(random() * 9)]
    || (ARRAY['', '', '', '', 'n', 'r', 's', 't'])[1 + floor(random() * 8)], '') AS word
FROM generate_series(1, {_WORDS}) rank, generate_series(1, 1 + floor(log(rank + 2))::int) GROUP BY rank
"""  # noqa: S608 - numbers of this file
_MAKE_PARAGRAPHS = f"""
CREATE TEMPORARY TABLE paragraphs AS
SELECT number - 1 AS number, initcap(left(string_agg(word, '' ), 1)) || substr(string_agg(
    word || CASE WHEN place %% 13 = 0 THEN '. ' WHEN place %% 7 = 0 THEN ', ' ELSE ' ' END, ''), 2) || 'so.' AS text
FROM (SELECT number, place, floor(exp(random() * ln({_WORDS})))::int AS rank
      FROM generate_series(1, %(paragraphs)s) number, generate_series(1, {_WORDS_A_PARAGRAPH}) place OFFSET 0) drawn
JOIN words USING (rank) GROUP BY number
"""  # noqa: S608
_MAKE_USERS = """
INSERT INTO users (id, email, username, hashed_password, department, job_title, auth_provider, first_name, last_name,
    status, role, is_verified, failed_login_attempts, language, timezone, preferences, created_at, updated_at)
SELECT md5('user' || n)::uuid, 'user' || n || '@example.com', 'user' || n,
    '$2b$12$' || left(md5(n::text) || md5('-' || n), 53),
    (ARRAY['Research', 'Sales', 'Support', 'Finance', 'Operations'])[1 + n %% 5], 'Engineer', 'LOCAL',
    initcap(a.word), initcap(b.word), 'ACTIVE', 'USER', true, '0',
    (ARRAY['de', 'en', 'fr'])[1 + n %% 3], 'Europe/Berlin',
    json_build_object('theme', (ARRAY['dark', 'light'])[1 + n %% 2], 'notifications', n %% 3 = 0),
    timestamptz '2024-01-01' + n * interval '7 minutes', NULL
FROM generate_series(0, %(users)s - 1) n
JOIN words a ON a.rank = 100 + n %% 3000 JOIN words b ON b.rank = 100 + n * 7 %% 3900
"""
_MAKE_DASHBOARDS = """
INSERT INTO user_dashboards (id, user_id, widgets, layout, created_at, updated_at)
SELECT md5('dashboard' || n)::uuid, md5('user' || n)::uuid,
    jsonb_build_array(jsonb_build_object('kind', 'recent', 'count', n %% 20), jsonb_build_object('kind', 'usage')),
    jsonb_build_object('columns', 1 + n %% 3), now(), now()
FROM generate_series(0, %(users)s - 1) n
"""
_MAKE_ASSISTANTS = """
INSERT INTO assistants (id, name, description, system_prompt, model, temperature, max_tokens, status, is_public,
    is_template, tools_enabled, category, tags, creator_id)
SELECT md5('assistant' || n)::uuid, 'Assistant ' || n, p.text, p.text || ' ' || p.text, 'gpt-4', '0.7', '2048',
    'ACTIVE', true, false, true, 'general', '["chat"]', md5('user' || n %% %(users)s)::uuid
FROM generate_series(0, %(assistants)s - 1) n JOIN paragraphs p ON p.number = n
"""
_MAKE_CONVERSATIONS = """
INSERT INTO conversations (id, title, user_id, assistant_id, is_active, is_archived, message_count, total_tokens,
    conversation_metadata, created_at, updated_at)
SELECT md5('conversation' || n)::uuid, left(p.text, 20 + n %% 40),
    md5('user' || floor(random() * %(users)s)::int)::uuid,
    md5('assistant' || floor(random() * %(assistants)s)::int)::uuid, true, n %% 9 = 0, 12, (random() * 9000)::int,
    json_build_object('source', (ARRAY['web', 'api', 'mobile'])[1 + n %% 3], 'pinned', n %% 17 = 0),
    timestamptz '2024-02-01' + n * interval '9 minutes', timestamptz '2024-02-01' + n * interval '11 minutes'
FROM generate_series(0, %(conversations)s - 1) n JOIN paragraphs p ON p.number = n %% %(paragraphs)s
"""
# Questions are a part of a paragraph, answers one to five of them, sometimes ten: these are what PostgreSQL lays apart.
_MAKE_MESSAGES = """
INSERT INTO messages (id, content, role, message_type, conversation_id, tokens_used, model_used, message_metadata,
    created_at)
SELECT md5('message' || d.n)::uuid,
    CASE WHEN d.n %% 2 = 0 THEN left(p.text, 20 + (d.length * 200)::int)
    ELSE concat_ws(E'\\n\\n', p.text,
        CASE WHEN d.length > 0.2 THEN q.text END, CASE WHEN d.length > 0.4 THEN r.text END,
        CASE WHEN d.length > 0.6 THEN s.text END, CASE WHEN d.length > 0.8 THEN t.text END,
        CASE WHEN d.length > 0.96 THEN concat_ws(E'\\n\\n', t.text, r.text, s.text, q.text, p.text) END) END,
    (ARRAY['USER', 'ASSISTANT'])[1 + d.n %% 2]::messagerole, 'TEXT',
    md5('conversation' || d.n / %(a_conversation)s)::uuid, (d.length * 900)::int,
    CASE WHEN d.n %% 2 = 1 THEN 'gpt-4' END,
    CASE WHEN d.n %% 2 = 1 THEN json_build_object('latency_ms', (random() * 4000)::int, 'finish_reason', 'stop',
        'sources', json_build_array(d.b, d.c), 'temperature', 0.7) ELSE json_build_object('client', 'web') END,
    timestamptz '2024-02-01' + d.n * interval '41 seconds'
FROM (SELECT n, random() AS length,
          floor(random() * %(paragraphs)s)::int AS a, floor(random() * %(paragraphs)s)::int AS b,
          floor(random() * %(paragraphs)s)::int AS c, floor(random() * %(paragraphs)s)::int AS d,
          floor(random() * %(paragraphs)s)::int AS e
      FROM generate_series(0, %(messages)s - 1) n OFFSET 0) d
JOIN paragraphs p ON p.number = d.a JOIN paragraphs q ON q.number = d.b JOIN paragraphs r ON r.number = d.c
JOIN paragraphs s ON s.number = d.d JOIN paragraphs t ON t.number = d.e
"""
_SETTINGS = (
    # Every row that another one refers to is made here: to look each of them up would take longer than all else.
    "SET session_replication_role = replica",
    "SET synchronous_commit = off",
    "SET work_mem = '128MB'",
    # In another order of rows the numbers would be drawn for others, and the words of a paragraph be sorted.
    "SET max_parallel_workers_per_gather = 0",
    "SET enable_mergejoin = off",
    "SELECT setseed(0.42)",
)


def fill(megabytes: int, **connection: object) -> int:
    """Fill the empty tables of a platform until its database has about that size; its real size, in bytes.

    ``connection`` is what psycopg2.connect takes; the role must be a superuser.
    """
    size = Size.of(megabytes)
    numbers = {
        "messages": size.messages,
        "conversations": size.conversations,
        "users": size.users,
        "paragraphs": size.paragraphs,
        "assistants": _ASSISTANTS,
        "a_conversation": _MESSAGES_A_CONVERSATION,
    }
    opened = psycopg2.connect(**connection)  # type: ignore[call-overload]
    opened.autocommit = True
    try:
        with opened.cursor() as cursor:
            for statement in _SETTINGS:
                cursor.execute(statement)
            cursor.execute(_MAKE_WORDS)
            cursor.execute("ANALYZE words")
            for statement in (_MAKE_PARAGRAPHS, _MAKE_USERS, _MAKE_DASHBOARDS, _MAKE_ASSISTANTS):
                cursor.execute(statement, numbers)
            cursor.execute("ANALYZE paragraphs")
            cursor.execute(_MAKE_CONVERSATIONS, numbers)
            # An index that is made afterwards takes a tenth of what it takes to keep it up row by row.
            cursor.execute("ALTER TABLE messages DROP CONSTRAINT messages_pkey")
            cursor.execute(_MAKE_MESSAGES, numbers)
            cursor.execute("ALTER TABLE messages ADD CONSTRAINT messages_pkey PRIMARY KEY (id)")
            for table in ("words", "paragraphs"):
                cursor.execute(f"DROP TABLE {table}")
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
    finally:
        opened.close()
