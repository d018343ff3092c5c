# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When convosphere_stack knows that the database is what the backend needs; where it is not, nothing is done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.compose_project import docker
from support.platform_database import PlatformDatabase
from support.sandbox import Sandbox
from support.stack_project import StackProject, stack_project

HEADS = ["first", "second"]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[StackProject]:
    with stack_project(tmp_path) as project:
        yield project


@pytest.fixture
def database(tables: Sandbox) -> PlatformDatabase:
    """Create a database at the revisions ``HEADS``."""
    found = PlatformDatabase(tables)
    found.query("CREATE TABLE IF NOT EXISTS alembic_version (version_num varchar(64) PRIMARY KEY)")
    found.query("DELETE FROM alembic_version")
    found.query("INSERT INTO alembic_version SELECT unnest(%s::text[])", HEADS)
    return found


@pytest.fixture
def released(stack: StackProject) -> StackProject:
    """Deploy a release of an image that needs the database at ``HEADS``."""
    image_id = docker("image", "inspect", "--format={{.Id}}", stack.image).strip()
    schema = {"image_id": image_id, "heads": HEADS, "revisions": {name: [] for name in HEADS}}
    stack.deploy(stack.options(schema=schema))
    return stack


def test_where_it_is_known_the_stack_is_brought_up_and_it_is_known_after_it_too(released, database):
    options = options_of(released, database)

    first = released.deploy(options)

    assert first.result["schema_known"] is True
    assert first.changed
    assert released.variable("COLOR") == "blue"
    assert released.release()["schema"]["heads"] == HEADS
    again = released.deploy(options)
    assert (again.changed, again.result["schema_known"]) == (False, True)


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM alembic_version WHERE version_num = 'second'",
        "INSERT INTO alembic_version VALUES ('third')",
        "DROP TABLE alembic_version",
    ],
)
def test_where_the_database_is_elsewhere_nothing_is_done(released, database, statement, check):
    database.query(statement)

    assert_nothing_is_done(released, options_of(released, database), check=check)


def test_nothing_is_done_for_another_image_or_a_database_that_cannot_be_asked(released, database):
    options = options_of(released, database)

    for wrong in ({"schema_image": released.bad_image}, {"schema_image": "no:such"}, {"login_port": 1}):
        assert_nothing_is_done(released, {**options, **wrong})


def test_nothing_is_done_before_a_release_that_tells(stack, database):
    assert_nothing_is_done(stack, options_of(stack, database))


@pytest.mark.parametrize("check", [False, True])
def test_a_stack_that_runs_another_image_than_the_database_was_looked_at_for_is_refused(released, database, check):
    known = {**options_of(released, database), "api_service": "web"}
    judged = released.options(schema=released.release()["schema"], api_service="web")
    before = released.tree(), released.containers()

    for options in (known, judged):
        other = released.options({"web": {**released.service(), "image": released.bad_image}})["files"]
        message = released.fail({**options, "files": other}, check=check)
        assert "which no service of the stack has" in message
        assert "not stack_compose_override" in message

    assert (released.tree(), released.containers()) == before


def test_a_schema_is_given_or_looked_up(released, database):
    message = released.fail({**options_of(released, database), "schema": released.release()["schema"]})

    assert "mutually exclusive: schema|schema_image" in message


def options_of(stack: StackProject, database: PlatformDatabase) -> dict[str, Any]:
    """Return the options of a deploy that changes something."""
    services = {"web": stack.service(environment={"COLOR": "blue"})}
    return stack.options(services, schema_image=stack.image, **database.login)


def assert_nothing_is_done(stack: StackProject, options: dict[str, Any], *, check: bool = False) -> None:
    before = stack.tree(), stack.containers()

    task = stack.deploy(options, check=check)

    assert (task.changed, task.result["schema_known"]) == (False, False)
    assert (stack.tree(), stack.containers()) == before
