# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import CommandError, DatabaseError
from ansible_collections.convosphere.platform.plugins.module_utils._migration import alembic_client
from ansible_collections.convosphere.platform.plugins.module_utils._migration.alembic_client import (
    Alembic,
    Revision,
    Target,
    heads,
)

SECRET = "planted % pass'word \" @/:"
TARGET = Target("127.0.0.1", 5432, "convosphere", SECRET, "platform", 5, 60)


class Docker:
    """Takes the place of the program docker: what it was called with, and the answers that it gives in turn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: Any) -> None:
        self.calls: list[list[str]] = []
        self.requests: list[Any] = []
        self.answers = list(answers)
        monkeypatch.setattr(alembic_client.core_command, "run", self.run)

    def run(self, arguments: list[str], **settings: Any) -> str:
        self.calls.append(arguments)
        self.requests.append(json.loads(settings["stdin"]) if "stdin" in settings else None)
        answer = self.answers.pop(0) if self.answers else ""
        failure: Exception | None = answer if isinstance(answer, Exception) else None
        if failure is not None:
            raise failure
        return answer if isinstance(answer, str) else json.dumps(answer)


def alembic() -> Alembic:
    return Alembic("backend:1", "unix:///run/docker.sock", environment={"SECRET_KEY": "s"})


def test_heads_are_the_revisions_that_none_comes_after():
    assert heads([Revision("c", ("a",)), Revision("b", ("a",)), Revision("a")]) == ["b", "c"]


def test_revisions_are_read_without_a_network(monkeypatch):
    entry = {"id": "b", "down": ["a"], "depends_on": [], "doc": "x", "sql": None}
    docker = Docker(monkeypatch, {"done": [entry]})

    assert alembic().revisions() == [Revision("b", ("a",), (), "x", None)]
    assert "--network=none" in docker.calls[0]


def test_an_image_without_alembic_is_named(monkeypatch):
    Docker(monkeypatch, {"error": {"said": "No module named 'alembic'"}})

    with pytest.raises(CommandError, match=r"image backend:1: No module.*it is an image of the platform's backend"):
        alembic().revisions()


def test_address_and_password_go_by_standard_input_only(monkeypatch):
    docker = Docker(monkeypatch, {"done": ["b"]})

    alembic().upgrade(TARGET, ["b"], 60)

    assert all(SECRET not in argument and "127.0.0.1:5432@" not in argument for argument in docker.calls[0])
    assert docker.requests[0]["url"]["password"] == SECRET
    assert docker.requests[0]["targets"] == ["b"]
    assert docker.requests[0]["environment"] == {
        "SECRET_KEY": "s",
        "PGAPPNAME": "convosphere.platform migration",
        "PGOPTIONS": "-c lock_timeout=5s -c statement_timeout=60s",
    }


def test_a_socket_and_an_authority_are_there_in_the_container_too(monkeypatch):
    docker = Docker(monkeypatch, {"done": []})
    settings = {"PGSSLROOTCERT": "/etc/ssl/ca.pem"}

    alembic().downgrade(Target("/run/postgresql", 5432, "u", None, "platform", 5, 60, settings), [], 60)

    assert "--volume=/run/postgresql:/run/postgresql" in docker.calls[0]
    assert "--volume=/etc/ssl/ca.pem:/etc/ssl/ca.pem:ro" in docker.calls[0]
    assert docker.requests[0]["url"]["query"] == {"host": "/run/postgresql", "port": "5432"}


def test_what_the_database_said_is_told_with_the_revision(monkeypatch):
    error = {
        "kind": "DuplicateTable",
        "said": "there already",
        "sqlstate": "42P07",
        "statement": "s",
        "revision": "b",
    }
    Docker(monkeypatch, {"error": error})

    with pytest.raises(DatabaseError, match="alembic failed in revision b: DuplicateTable: there already") as caught:
        alembic().upgrade(TARGET, ["b"], 60)

    assert caught.value.details == error


def test_a_container_that_outlives_its_program_is_removed(monkeypatch):
    docker = Docker(monkeypatch, CommandError("too late"))

    with pytest.raises(CommandError, match="too late"):
        alembic().upgrade(TARGET, ["b"], 60)

    name = next(argument for argument in docker.calls[0] if argument.startswith("--name=")).partition("=")[2]
    assert docker.calls[1] == ["docker", "rm", "--force", name]


def test_the_container_of_a_killed_run_is_removed(monkeypatch):
    docker = Docker(monkeypatch, "1a2b\n")

    alembic().remove_leftovers(TARGET)

    assert docker.calls[0][-1] == "--filter=label=platform.convosphere.migrates=127.0.0.1:5432/platform"
    assert docker.calls[1] == ["docker", "rm", "--force", "1a2b"]


def test_an_answer_that_is_none_is_an_error(monkeypatch):
    Docker(monkeypatch, "Segmentation fault")

    with pytest.raises(CommandError, match="backend:1 is not JSON"):
        alembic().revisions()
