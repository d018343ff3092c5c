# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from support.conversations import Volume, fill, identifier
from support.database_verb import database_verb
from support.law import Case, Refused, Step
from support.platform_database import PlatformDatabase
from support.sandbox import DATABASE_KEY, Sandbox

MODULE = "convosphere_conversation_export"
#: A part of the text of message 20, the first of conversation 1.
TEXT = "Nummer 20."


@pytest.fixture(scope="module")
def database(tables: Sandbox) -> PlatformDatabase:
    """Fill a database, which no test changes. One conversation has no message, another has odd texts."""
    database = PlatformDatabase(tables)
    login = {"host": "127.0.0.1", "port": database.login["login_port"], "user": "convosphere"}
    fill(Volume(), password=DATABASE_KEY, dbname=database.name, **login)
    database.query("DELETE FROM messages WHERE conversation_id = %s", identifier("conversation", 13))
    database.query(
        "UPDATE messages SET content = %s, tool_input = %s, tool_name = 'a*b' WHERE id = %s",
        "````\nfence <script>alert(1)</script>\u2028\x07\n",
        '{"half": "\\ud800", "n": 1.50,\n "nested": [null]}',
        identifier("message", 21),
    )
    database.query("UPDATE conversations SET title = '# <b>\n' WHERE id = %s", identifier("conversation", 1))
    return database


@pytest.mark.law
def test_law(run_law, database, tmp_path: Path):
    dest = tmp_path / "out/export"
    dest.parent.mkdir()
    selected = {**database.login, "user": "person1", "dest": str(dest)}
    counts = {"conversations": 9, "messages": 160, "users": 1}
    run = run_law(
        MODULE,
        cases=[
            Case(
                "create", selected, diff={"before": {}, "after": {str(dest): {**counts, "mode": "0600"}}},
                returns={"dest": str(dest), **counts, "sha256": ANY, "size_bytes": ANY},
            ),
            Case(
                "another format", {**selected, "format": "html"}, returns=counts,
                diff={"before": {str(dest): {"sha256": ANY}}, "after": {str(dest): {"sha256": ANY}}},
            ),
            Case(
                "mode", {**selected, "format": "html"}, returns=counts,
                diff={"before": {str(dest): {"mode": "0644"}}, "after": {str(dest): {"mode": "0600"}}},
                setup=[{"name": "Open the file", "ansible.builtin.file": {"path": str(dest), "mode": "0644"}}],
            ),
        ],
        refused=[
            Refused("relative", {**selected, "dest": "export"}, "dest is export, which is no absolute path"),
            Refused("directory", {**selected, "dest": str(tmp_path)}, "is no regular file"),
            Refused("missing", {**selected, "dest": str(tmp_path / "x/y")}, f"dest, {tmp_path / 'x'}, does not exist"),
            Refused("database", {**selected, "login_db": "postgres"}, "has no table conversations"),
            Refused("user", {**selected, "user": "eve"}, "users: 'eve' is no user with this e-mail, username or id"),
        ],
        secrets=[TEXT],
    )  # fmt: skip
    assert run.task("create (check)").result["sha256"] is None
    assert [path.name for path in dest.parent.iterdir()] == ["export"]
    assert TEXT in dest.read_text()


def test_json_lines_have_every_column(run_steps, database, tmp_path: Path):
    dest = tmp_path / "all.jsonl"
    # What a killed run left is replaced, whoever could read it.
    (tmp_path / ".convosphere-all.jsonl").write_text("of a killed run")
    run_steps(MODULE, [Step("Export", {**database.login, "dest": str(dest)}, changed=True)])
    exported = {each["id"]: each for each in map(json.loads, dest.read_text().split("\n")[:-1])}
    rows = database.query(
        "SELECT conversation_id::text, array_agg(id::text ORDER BY created_at, id) FROM messages GROUP BY 1"
    )

    assert len(exported) == 100
    assert {key: [message["id"] for message in each["messages"]] for key, each in exported.items()} == {
        **dict(rows), identifier("conversation", 13): []
    }  # fmt: skip
    assert stat.S_IMODE(dest.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".convosphere")] == []
    message = exported[identifier("conversation", 1)]["messages"][1]
    assert message == {
        "id": identifier("message", 21), "role": "assistant", "message_type": "text",
        "content": "````\nfence <script>alert(1)</script>\u2028\x07\n", "tool_name": "a*b",
        "tool_input": {"half": "\ud800", "n": 1.5, "nested": [None]}, "tool_output": None, "tokens_used": 121,
        "model_used": "gpt-4", "message_metadata": {"finish_reason": "stop"},
        "created_at": "2026-03-24T01:12:00.000000Z", "updated_at": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"since": "2026-06-29T12:00:00Z"}, [98, 99]),
        ({"until": "2026-03-24"}, [0]),
        ({"since": "2026-03-25", "until": "2026-03-26"}, [2]),
        ({"conversations": [identifier("conversation", 13)]}, [13]),
        ({"assistant": "Assistant 2", "user": "person6@example.com", "until": "2026-04-15"}, [6, 18]),
    ],
)
def test_a_period_selects_whole_conversations(run_steps, database, tmp_path: Path, options, found):
    dest = tmp_path / "some.jsonl"
    run_steps(MODULE, [Step("Export", {**database.login, **options, "dest": str(dest)})])
    exported = [json.loads(line)["id"] for line in dest.read_text().splitlines()]
    assert exported == [identifier("conversation", number) for number in found]


def test_conversations_export_yml_writes_a_file_and_then_nothing(database, tmp_path: Path):
    run = database_verb(tmp_path, database, "conversations", "exporttest")
    dest = tmp_path / "ada.md"
    options: dict[str, Any] = {"user": "person1", "export_format": "markdown", "dest": str(dest)}
    predicted = run("conversations_export.yml", check=True, **options).succeeded()
    assert not dest.exists()
    first, again = (run("conversations_export.yml", **options).succeeded() for _round in range(2))
    reports = [each.task("Report the file").result["msg"] for each in (predicted, first, again)]

    assert [each.changed for each in (predicted, first, again)] == [1, 1, 0]
    assert TEXT not in predicted.output + first.output + again.output
    assert reports[0] == [f"{dest} would be written: 9 conversations, 160 messages, 1 user"]
    assert reports[1][0] == f"9 conversations, 160 messages, 1 user, 0.1 MB, in {dest}"
    assert reports[2] == [f"{dest} has these 9 conversations, 160 messages, 1 user already", reports[1][1]]
