# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What REST shows of content, and to whom: the table of support/content_routes.py, on the sandbox.

With CONVOSPHERE_REAL_BACKEND=<image> the campaign has the same table answered by that image of ConvoSphere's backend.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest

from support import content_odd_values, content_routes
from support.content_rows import ROLES, ROWS, USERS, statements
from support.sandbox import DATABASE_KEY, Sandbox, built, sandbox, until
from support.tokens import sign

REAL = os.environ.get("CONVOSPHERE_REAL_BACKEND")
SIGNING_KEY = "planted-signing-key-" + "0" * 64
BACKENDS = ["sandbox", *([pytest.param(REAL, marks=pytest.mark.campaign)] if REAL else [])]


class Answers:
    """A backend, with the rows of its database, asked by users of every role."""

    def __init__(self, running: Sandbox) -> None:
        self.running = running
        self.tokens = {role: sign(USERS[role], SIGNING_KEY) for role in ROLES}
        host, port = running.address("postgres").split(":")
        login = {"user": "convosphere", "password": DATABASE_KEY, "dbname": "convosphere"}
        self.connection = psycopg2.connect(host=host, port=port, **login)
        self.connection.autocommit = True

    def ask(self, role: str, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Send one request as a role."""
        headers = {"Authorization": f"Bearer {self.tokens[role]}"} if role in self.tokens else {}
        answer = self.running.call(method, f"/api/v1{path}", headers=headers, json=body)
        try:
            return answer.status_code, answer.json()
        except ValueError:
            return answer.status_code, None

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement on a connection that stays open: hundreds of them would take longer than the rest."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def write(self, *tables: str) -> None:
        """Insert the rows of some tables."""
        for statement, values in statements(dict.fromkeys(tables)):
            self.run(statement, *values)


@pytest.fixture(scope="module", params=BACKENDS)
def answers(request: pytest.FixtureRequest) -> Iterator[Answers]:
    """Yield a backend with users of every role, and no other row."""
    for standin in ("postgres", "redis", "weaviate", "backend"):
        built(standin)
    settings = {"SECRET_KEY": SIGNING_KEY, "CREATE_DEFAULT_ADMIN": "false"}
    with sandbox() as running:
        running.run_services()
        if request.param == "sandbox":
            running.run_backend(**settings)
        else:
            run_real(running, request.param, settings)
        until(lambda: running.answers("backend", "/health"), "the backend")
        found = Answers(running)
        found.write("users")
        yield found
        found.connection.close()


def run_real(running: Sandbox, image: str, settings: dict[str, str]) -> None:
    """Start an image of ConvoSphere in the place of the stand-in. It has no Weaviate to search: TESTING says so."""
    url = f"postgresql://convosphere:{DATABASE_KEY}@postgres:5432/convosphere"
    environment = {"DATABASE_URL": url, "REDIS_URL": "redis://redis:6379", "ENVIRONMENT": "development", "TESTING": "1"}
    container = running.client.containers.create(
        image, name=f"{running.name}-backend", ports={"8000": ("127.0.0.1", 0)}, environment={**environment, **settings}
    )
    running.containers["backend"] = container
    running.network.connect(container, aliases=["backend"])
    container.start()


def test_routes_show_what_was_written_and_the_others_answer_as_before(answers):
    assert content_routes.compare(answers.ask, is_before=True) == []
    answers.run("DELETE FROM knowledge_settings")  # the first reader of the settings has stored the defaults
    answers.write(*(table for table in ROWS if table != "users"))

    assert content_routes.compare(answers.ask) == []


def test_one_odd_value_makes_a_list_fail(answers):
    assert content_odd_values.compare(answers.ask, answers.run) == []
    assert content_routes.compare(answers.ask) == []


def test_any_update_moves_the_default_to_another_assistant(answers):
    query = answers.run
    twin = "json_populate_record(present, json_build_object('id', gen_random_uuid()))"
    query(f"INSERT INTO assistants SELECT ({twin}).* FROM assistants AS present")  # noqa: S608 - as above
    public = [row[0] for row in query("SELECT id::text FROM assistants WHERE is_public AND status = 'ACTIVE'")]
    asked = []
    for _each in range(2):
        asked.append(answers.ask("anonymous", "GET", "/assistants/default", None)[1]["id"])
        query("UPDATE assistants SET name = name WHERE id = %s", asked[-1])

    assert sorted(asked) == sorted(public)
