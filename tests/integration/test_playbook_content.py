# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""content.yml and content_export.yml: from one environment to another, with every field of every entity."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils import _content_comparison, _content_writer

from support.content_file import CONTENT, read, written
from support.platform_database import PlatformDatabase
from support.platform_parts import PlatformParts, platform_parts
from support.playbook import ROOT
from support.sandbox import DATABASE_KEY, Sandbox

INVENTORY = """\
all:
  children:
    contenttest:
      vars: {convosphere_environment: contenttest, ansible_python_interpreter: /usr/bin/python3}
      hosts: {contenttest-local: {ansible_connection: local}}
    edge: {hosts: {contenttest-local: }}
    app: {hosts: {contenttest-local: }}
    database: {hosts: {contenttest-local: }}
"""
#: Beside the rows: documents, of which a group shares one, and a server that no backend answers for.
DOCUMENTS = {"documents/kuche.ada/a.md": "# Anleitung\n\nErst lesen.", "documents/kuche.ada/sub/b.txt": "Salz"}
FULL: dict[str, Any] = {
    **copy.deepcopy(CONTENT),
    "documents": [
        {
            "source": "Küche",
            "owner": "ada",
            "src": "documents/kuche.ada",
            "language": "de",
            "tags": ["rezepte ü"],
            "chunk_size": 300,
            "chunk_overlap": 20,
            "overrides": {"sub/b.txt": {"title": "Zutaten", "language": "", "year": 2026}},
        }
    ],
    "mcp_servers": [
        {"server_id": "wiki", "server_url": "", "server_name": "Wiki ü", "min_tools": 2, "required": False}
    ],
}
FULL["domain_groups"][1]["resources"].insert(1, {"type": "document", "name": "Anleitung", "access_level": "read_only"})
URL = ("MCP_SERVERS_WIKI", "http://127.0.0.1:9/mcp?token=planted-wiki-token")
#: How many sections are a task that changes something.
SECTIONS = len(FULL)
#: Sections without an entry that is present prune nothing, others what a content file created.
PRUNING = """\
ai_models: []
retention_rules: [{name: Logins ü, state: absent}]
tags: [{name: neu}]
mcp_servers: []
"""
APPLY, EXPORT = (ROOT / f"playbooks/{name}.yml" for name in ("content", "content_export"))
#: What drift.yml does with a content file.
COMPARE = [
    {
        "hosts": "database",
        "gather_facts": False,
        "tasks": [
            {
                "name": "Compare",
                "ansible.builtin.import_role": {"name": "convosphere.platform.content", "tasks_from": "compare"},
            },
            {"name": "Show", "ansible.builtin.debug": {"var": "content_compared"}},
        ],
    }
]


@pytest.fixture
def database(tables: Sandbox) -> PlatformDatabase:
    """Return the database of an environment without content, which has no users yet."""
    database = PlatformDatabase(tables)
    database.query("DELETE FROM knowledge_settings")
    return database


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformParts]:
    """Yield a backend of the environment, which only has the volume of uploads."""
    with platform_parts(tmp_path_factory.mktemp("parts")) as running:
        (running.directory / ".convosphere.json").write_text('{"environment": "contenttest"}')
        running.run_backend()
        yield running


@pytest.fixture
def verb(
    tmp_path: Path, run_playbook: Any, database: PlatformDatabase, parts: PlatformParts, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """Run a playbook in an environment of its own whose database is the test's."""
    monkeypatch.setenv(*URL)
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(INVENTORY)
    env_file = tmp_path / ".env"
    env_file.write_text(f'POSTGRES_PASSWORD="{DATABASE_KEY}"\n')
    login = {"content_login_port": database.login["login_port"], "content_login_db": database.name}
    place = {"content_project_name": parts.project, "content_project_src": str(parts.directory)}
    settings = {"env": "contenttest", "content_env_file": str(env_file), **login, **place}

    def run(playbook: Any, *, check: bool = False, **variables: Any) -> Any:
        extra_vars = {**settings, **variables}
        return run_playbook(playbook, inventory=inventory, extra_vars=extra_vars, check=check, diff=True)

    return run


def test_an_export_is_applied_to_another_environment_whose_export_is_the_same(verb, database, tmp_path):
    files = {**DOCUMENTS, **_content_writer.write(FULL, "content.yml")}
    source = str(written(tmp_path / "source", files))
    exported = tmp_path / "exported/content.yml"

    for email in ("ada@example.com", "bob@example.com"):
        database.add_user(email)
    predicted = verb(APPLY, content_file=source, check=True).succeeded()
    applied = verb(APPLY, content_file=source).succeeded()
    again = verb(APPLY, content_file=source).succeeded()
    export = verb(EXPORT, content_export_file=str(exported)).succeeded()

    assert predicted.changed == applied.changed == SECTIONS
    assert [task.diff for task in predicted.tasks if task.diff] == [task.diff for task in applied.tasks if task.diff]
    assert again.changed == 0
    assert applied.task("Report the numbers of rows").result["msg"][7] == (
        "domain_groups              2         0         0         0"
    )
    assert read(exported.parent) == files
    assert export.task("Report what was exported").result["msg"][1:] == [
        "2 files of documents, 2 written",
        "Set where ansible-playbook runs, each to the URL of an MCP server: MCP_SERVERS_WIKI",
    ]

    database.query("UPDATE tools SET is_enabled = true")
    database.query(
        "INSERT INTO tags (id, name, is_system, usage_count) VALUES (gen_random_uuid(), 'von hand', false, 0)"
    )
    compared = verb(COMPARE, content_file=source).succeeded()
    found = compared.task("Show").result["content_compared"]
    assert compared.changed == 0
    assert list(_content_comparison.differences(found)) == [("tool rezept_suchen", "update", "is_enabled")]
    assert _content_comparison.unmanaged(found) == ["tag von hand"]

    # An assistant of the first file names the tool that goes: check mode says it as well.
    removing = {
        "tools": [{"function_name": "rezept_suchen", "state": "absent"}],
        "assistants": CONTENT["assistants"],
    }
    (tmp_path / "removing.yml").write_text(_content_writer.dump(removing))
    refused = verb(APPLY, content_file=str(tmp_path / "removing.yml"), check=True)
    assert "there is no tool 'rezept_suchen'" in refused.stdout

    pruning = tmp_path / "pruning.yml"
    pruning.write_text(PRUNING)
    verb(APPLY, content_file=str(pruning), content_prune=True).succeeded()
    assert database.query("SELECT name FROM tags ORDER BY 1") == [("neu",), ("von hand",)]
    assert database.query("SELECT count(*) FROM ai_models") == [(1,)]
    assert database.query("SELECT count(*) FROM audit_retention_rules") == [(0,)]
