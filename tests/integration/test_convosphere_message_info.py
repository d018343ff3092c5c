# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from support.conversations import Volume, fill, identifier
from support.database_verb import database_verb
from support.law import Refused, Step
from support.platform_database import PlatformDatabase
from support.sandbox import DATABASE_KEY, Sandbox

MODULE = "convosphere_message_info"
#: A part of the text of message 0.
TEXT = "die question Größe Vertrag"


@pytest.fixture(scope="module")
def database(tables: Sandbox) -> PlatformDatabase:
    """Fill a database, which no test changes."""
    database = PlatformDatabase(tables)
    fill(Volume(), **connection(database))
    return database


def connection(database: PlatformDatabase) -> dict[str, Any]:
    login = database.login
    return {"host": "127.0.0.1", "port": login["login_port"], "user": "convosphere", "password": DATABASE_KEY,
            "dbname": database.name}  # fmt: skip


@pytest.mark.law
def test_law(run_info_law, database):
    first = {
        "id": identifier("message", 0), "conversation": identifier("conversation", 0), "user": "person0@example.com",
        "assistant": "Assistant 0", "role": "user", "model": None, "tokens": 0, "created_at": "2026-03-23T00:00:00Z",
        "hit": True,
    }  # fmt: skip
    indexes = database.query("SELECT count(*) FROM pg_indexes")
    run_info_law(
        MODULE,
        {**database.login, "words": ["ÜBERWEISUNG", "rechnung"], "role": "user"},
        returns={"messages": [first], "hits": 1, "more": False},
        refused=[
            Refused(
                "expression", {**database.login, "regex": "a("}, "regex is no regular expression of PostgreSQL: pare"
            ),
            Refused(
                "database",
                {**database.login, "login_db": "postgres"},
                "has no table conversations",
            ),
            Refused("user", {**database.login, "user": "eve"}, "users: 'eve' is no user with this e-mail, username or"),
            Refused("assistant", {**database.login, "assistant": "x"}, "assistants: 'x' is no assistant of this name"),
            Refused("id", {**database.login, "conversation": "x"}, "conversations: 'x' is no UUID"),
            Refused("time", {**database.login, "since": "soon"}, "since is 'soon'"),
            Refused("period", {**database.login, "since": "2026-02-01", "until": "2026-01-01"}, "is not before until"),
            Refused("limit", {**database.login, "limit": 10001}, "limit is 10001: give at most 10000"),
        ],
        secrets=[TEXT],
        in_playbook=False,
    )
    assert database.query("SELECT count(*) FROM pg_indexes") == indexes


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"words": ["100%_SURE <b>&"]}, [0, 499, 998, 1497, 1996]),
        ({"words": ["10_%"]}, []),
        ({"words": ["\\"]}, []),
        ({"words": ["überweisung"], "limit": 2}, [997, 1994]),
        ({"regex": r"\mNummer 4(2)\M"}, [42]),
        ({"words": ["Überweisung"], "users": ["person2", "PERSON3@example.com"]}, [1994]),
        ({"words": ["Überweisung"], "assistant": "Assistant 1", "until": "2026-06-01"}, [997]),
        ({"conversation": identifier("conversation", 3), "role": "user", "limit": 2}, [76, 78]),
        ({"since": "2026-06-30T22:00:00Z"}, [1999]),
    ],
)
def test_filters(run_steps, database, filters, found):
    step = Step("Find", {**database.login, **filters}, changed=False)
    messages = run_steps(MODULE, [step]).task("Find").result["messages"]
    assert [message["id"] for message in messages] == [identifier("message", number) for number in found]


def test_matches_come_with_those_around_them_in_the_same_conversation(run_steps, database):
    options = {**database.login, "words": ["Überweisung"], "limit": 2, "context": 2, "text": "full"}
    result = run_steps(MODULE, [Step("Find", options)]).task("Find").result
    hits = {997: range(995, 1000), 1994: range(1992, 1997)}
    numbers = [number for around in hits.values() for number in around]

    assert [message["id"] for message in result["messages"]] == [identifier("message", each) for each in numbers]
    assert [message["hit"] for message in result["messages"]] == [each in hits for each in numbers]
    assert [message["text"].split(".")[0] for message in result["messages"]] == [f"Nummer {each}" for each in numbers]
    assert (result["hits"], result["more"]) == (2, True)


def test_an_excerpt_is_around_the_first_match(run_steps, database):
    options = {**database.login, "words": ["überweisung"], "limit": 1, "text": "excerpt"}
    text = run_steps(MODULE, [Step("Find", options)]).task("Find").result["messages"][0]["text"]
    assert text.startswith("…")
    assert text.endswith("Überweisung")
    assert len(text) < 80


def test_the_server_ends_a_search_that_takes_too_long(run_steps, database):
    with closing(psycopg2.connect(**connection(database))) as holder, holder.cursor() as cursor:
        cursor.execute("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE")
        options = {**database.login, "words": ["x"], "since": "1d", "search_timeout": 1}
        run_steps(MODULE, [Step("Find", options, fails="The search took longer than 1 s and was ended. Bound it")])


def test_messages_yml_shows_texts_only_on_request(database, tmp_path: Path):
    run = database_verb(tmp_path, database, "conversations", "messagestest")
    hidden = run("messages.yml", words="Überweisung", since="2026-01-01", limit=2).succeeded()
    shown = run(
        "messages.yml", words="Überweisung", text="excerpt", context=1, conversation=identifier("conversation", 49)
    )
    lines = shown.succeeded().task("Report the messages").result["msg"]

    assert "Nummer" not in hidden.output
    assert hidden.task("Report the messages").result["msg"][-2:] == [
        "2 messages match; there are older ones: -e limit=20",
        "Texts are not shown: -e text=excerpt, or -e text=full",
    ]
    assert lines[0] == f"{identifier('conversation', 49)}  person1@example.com with Assistant 1"
    assert [line[0] for line in lines] == [lines[0][0], " ", "*", " ", "1"]
    assert lines[2].endswith("Überweisung")
