# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs on ConvoSphere's own backend: content from one environment to another, a night, a person who is erased.

CONVOSPHERE_REAL_BACKEND=<image> names the backend; without it every test fails and says so.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils import _content_writer

from support.awx import merged_inventory, run_job
from support.content_file import CONTENT, PROMPT, read, written
from support.environment import Environment
from support.installed_collection import install, write_project
from support.mcp_server import GOOD, McpServer
from support.playbook import PlaybookRun
from support.real_backend import ask, failing_lists, real_environment
from support.rotation import log_in

pytestmark = pytest.mark.campaign

#: A conversation that was last used more than a year ago, of the user bob with the assistant of the content file.
OLD = """
INSERT INTO conversations (id, title, user_id, assistant_id, is_active, is_archived, message_count, total_tokens,
    created_at, updated_at)
SELECT gen_random_uuid(), 'Altes Gespräch', users.id, assistants.id, true, false, 0, 0, past, past
FROM users, assistants, (SELECT now() - interval '400 days') AS long_ago (past) WHERE username = 'bob' LIMIT 1;
INSERT INTO messages (id, content, role, message_type, conversation_id, tokens_used, created_at)
SELECT gen_random_uuid(), 'Grüße 👋', 'USER', 'TEXT', id, 1, created_at FROM conversations;
"""
TOOLS = ["search_find", "search_list"]
NIGHT: dict[str, Any] = {
    "maintenance_verify_level": "boot",
    "database_include": ["uploads", "vectors"],
    "database_retention": {"keep_last": 3},
    "retention_rules": [
        {"name": "conversations", "records": "conversations", "older_than": "365d", "action": "delete"},
        {"name": "reset tokens", "records": "reset_tokens", "action": "delete"},
    ],
}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    with real_environment("realone", tmp_path_factory.mktemp("realone")) as found:
        yield found


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    with real_environment("realtwo", tmp_path_factory.mktemp("realtwo")) as found:
        yield found


@pytest.fixture(scope="module")
def content(first: Environment) -> Path:
    """Return the content file with every field, which the first environment has."""
    path = written(first.folder / "source", _content_writer.write(CONTENT, "content.yml"))
    first.sql("DELETE FROM knowledge_settings")  # the first reader has stored the defaults
    predicted, applied, again = apply(first, path, check=True), apply(first, path), apply(first, path)
    assert (predicted.changed, applied.changed, again.changed) == (len(CONTENT), len(CONTENT), 0)
    assert diffs(predicted) == diffs(applied)
    return path


@pytest.fixture(scope="module")
def server() -> Iterator[McpServer]:
    """Yield an MCP server that stays while the environment has a record of it."""
    with McpServer() as found:
        yield found


def apply(env: Environment, path: Path, **options: Any) -> PlaybookRun:
    return env.run("content.yml", extra_vars={"content_file": str(path)}, diff=True, **options).succeeded()


def export(env: Environment) -> dict[str, str]:
    """Return the files of an export, which a second one does not write again."""
    given = {"content_export_file": str(env.folder / "exported/content.yml")}
    env.run("content_export.yml", extra_vars=given).succeeded()
    assert env.run("content_export.yml", extra_vars=given).succeeded().changed == 0
    return read(env.folder / "exported")


def diffs(run: PlaybookRun) -> list[Any]:
    return [task.diff for task in run.tasks if task.diff != {"before": {}, "after": {}}]


def results(run: PlaybookRun) -> dict[str, dict[str, Any]]:
    """Return the result of each step of a night, by its name."""
    stats = run.task("Store the results as an artifact in AWX").result["ansible_stats"]["data"]["maintenance"]
    ((_host, found),) = stats.items()
    return {result["step"]: result for result in found["steps"]}


def test_every_field_reaches_a_second_environment_and_is_exported_the_same(first, second, content):
    exported = export(first)
    assert exported == _content_writer.write(CONTENT, "content.yml")

    apply(second, first.folder / "exported/content.yml")

    assert export(second) == exported
    assert apply(second, content).changed == 0


@pytest.mark.usefixtures("content")
def test_every_list_shows_what_was_written_and_none_fails(first, second):
    for env in (first, second):
        assert failing_lists(env) == []
        [assistant] = ask(env, "/assistants/", "ada")[1]
        [tool] = ask(env, "/tools/")[1]
        [model] = ask(env, "/ai-models/")[1]
        assert (assistant["name"], assistant["system_prompt"], assistant["temperature"]) == (
            "Küchenhilfe",
            PROMPT,
            1.25,
        )
        assert (tool["name"], tool["description"], tool["is_enabled"]) == ("Rezeptsuche 🔎", PROMPT, False)
        assert (model["model_key"], model["cost_per_1k_tokens"], model["is_default"]) == ("gpt-4o", 0.0125, True)
        assert ask(env, "/knowledge/settings")[1]["chunkSize"] == 800
        assert {each["name"] for each in ask(env, "/domain-groups/")[1]["domains"]} >= {"Haus"}


def test_documents_and_mcp_servers_of_a_content_file(first, content, server):
    (network,) = first.inspect("backend")["NetworkSettings"]["Networks"].values()
    more = {
        "documents": [{"source": "handbuch", "owner": "ada", "src": "handbuch", "tags": ["rezepte ü"]}],
        "mcp_servers": [{"server_id": "search", "server_url": server.url(GOOD, network["Gateway"])}],
    }
    texts = {"handbuch/grüße.md": "# Grüße 👋\n\nEin Satz.", "handbuch/sub/b.txt": "x" * 2000}
    path = written(first.folder / "more", {"content.yml": _content_writer.dump(more), **texts})

    predicted, applied, again = apply(first, path, check=True), apply(first, path), apply(first, path)

    assert (predicted.changed, applied.changed, again.changed) == (2, 2, 0)
    assert offered(first) == TOOLS
    assert failing_lists(first) == []
    assert ask(first, "/statistics/overview")[1]["systemStats"]["totalDocuments"] == 2
    assert first.sql("SELECT count(*) > 2 FROM document_chunks") == "t"
    assert apply(first, content).changed == 0  # leaves sections alone that the file does not have
    assert first.sql("SELECT count(*) FROM documents") == "2"


@pytest.mark.usefixtures("content")
def test_a_night_and_another_one(first):
    first.sql(OLD)

    check = first.run("maintenance.yml", extra_vars=NIGHT, check=True).succeeded()
    night = first.run("maintenance.yml", extra_vars=NIGHT).succeeded()
    status = first.run("status.yml").succeeded()
    again = first.run("maintenance.yml", extra_vars=NIGHT).succeeded()

    found = results(night)
    assert {each["status"] for each in found.values()} <= {"ok", "changed"}
    assert found["verify"]["data"]["boot"] == "passed"
    assert results(check)["records"]["status"] == found["records"]["status"] == "changed"
    assert (first.sql("SELECT count(*) FROM conversations"), first.health()) == ("0", "healthy")
    assert "backend" in str(status.task("Report the services").message)
    assert {name for name, each in results(again).items() if each["status"] == "changed"} == {"backup", "verify"}
    assert first.manifests()[found["backup"]["backup"]]["verified"]["level"] == "boot"


@pytest.mark.usefixtures("content")
def test_a_night_under_ansible_runner_from_the_built_artifact(first, tmp_path):
    collections, project = install(tmp_path / "built"), write_project(tmp_path / "project")

    job = run_job(
        "maintenance.yml",
        tmp_path,
        merged_inventory(first.inventory),
        {"env": first.name, **NIGHT},
        number=1,
        environment={"ANSIBLE_COLLECTIONS_PATH": str(collections)},
        project=project,
    )

    assert job.status == "successful", job.text[-3000:]
    ((_host, found),) = job.stats["maintenance"].items()
    steps = {each["step"]: each["status"] for each in found["steps"]}
    assert (set(steps.values()), steps["backup"], steps["verify"]) == ({"ok", "changed"}, "changed", "changed")
    leaked = [name for name, value in first.secrets().items() if len(value) >= 20 and value in job.text]
    assert (leaked, "Traceback" in job.text) == ([], False)


@pytest.mark.usefixtures("content")
def test_a_person_who_was_erased_stays_so_after_a_restore_of_an_older_backup(first, tmp_path):
    person = {"who": "ada@example.com"}
    first.run("backup.yml", extra_vars={"label": "with-ada", "database_include": ["uploads", "vectors"]}).succeeded()
    assert log_in(first, "planted-Password-of-ada-1", "ada") == 200

    first.run("person.yml", extra_vars={**person, "do": "export", "fetch_to": str(tmp_path / "ada.tar")}).succeeded()
    check = first.run("person.yml", extra_vars={**person, "do": "erase"}, check=True).succeeded()
    erased = first.run("person.yml", extra_vars={**person, "do": "erase", "confirm": person["who"]}).succeeded()

    with tarfile.open(tmp_path / "ada.tar") as archive:
        names = archive.getnames()
    assert [
        name for name in ("rows/users.jsonl", "rows/assistants.jsonl", "rows/documents.jsonl") if name not in names
    ] == []
    assert len([name for name in names if name.startswith("files/")]) == 4  # each has a .meta beside it
    told = [run.task("Report what was done with the person").result["msg"] for run in (check, erased)]
    assert [line.replace("would be ", "") for line in told[0][:3]] == [
        line.replace("were ", "") for line in told[1][:3]
    ]
    assert naming(first) == []

    first.run("restore.yml", extra_vars={"backup": "with-ada", "confirm": first.name}).succeeded()

    assert naming(first) == []
    assert failing_lists(first) == []
    assert offered(first) == TOOLS
    assert log_in(first, "planted-Password-of-ada-1", "ada") == 401
    assert first.run("deploy.yml").succeeded().changed == 0


def offered(env: Environment) -> list[str]:
    """Return the ids of the tools of MCP servers."""
    return [each["id"] for each in ask(env, "/mcp/tools")[1]]


def naming(env: Environment) -> list[str]:
    """Return the tables that still name the person."""
    tables = env.sql("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
    query = "SELECT count(*) FROM {} AS t WHERE to_jsonb(t)::text ILIKE '%ada@example.com%'"
    return [name for name in tables.splitlines() if env.sql(query.format(name)) != "0"]
