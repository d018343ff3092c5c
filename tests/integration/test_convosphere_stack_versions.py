# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What convosphere_stack and its plan refuse of other versions of PostgreSQL and Weaviate, before anything changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.compose_project import docker
from support.module_process import run_module
from support.stack_project import StackProject, stack_project


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[StackProject]:
    with stack_project(tmp_path) as project:
        yield project


@pytest.fixture
def variant(stack: StackProject) -> Iterator[Any]:
    """Return a function that makes an image of the stack's own with other variables, under a name."""
    made = []

    def make(name: str, *changes: str) -> str:
        container = docker("create", stack.image).strip()
        made.append(name)
        docker("commit", *(f"--change={change}" for change in changes), container, name)
        docker("rm", container)
        return name

    yield make
    for container in stack.ids():
        docker("rm", "--force", container)
    for name in made:
        docker("rmi", "--force", name)


def test_data_of_another_major_version_of_postgres_is_refused_with_the_route(stack, variant):
    def options(image: str) -> dict[str, Any]:
        service = stack.service(image=image, volumes=["data:/var/lib/postgresql/data"])
        return stack.options({"db": service}, top={"volumes": {"data": {}}})

    first, second = (variant(f"{stack.name}:pg{major}", f"ENV PG_MAJOR={major}") for major in (15, 17))
    stack.deploy(options(first))
    before, files = stack.containers(), stack.files()

    for refused in (
        stack.fail(options(second)),
        stack.module(options(second), check=True).message,
        plan(stack, second),
    ):
        assert "data of the service db is of PostgreSQL 15, and its image is of PostgreSQL 17" in refused
        assert "Nothing was changed." in refused
        assert "restore.yml -e env=test -e backup=before-postgres-17 -e database_force=true -e confirm=test" in refused
    assert (stack.containers(), stack.files()) == (before, files)

    # Without the container, the data itself shows its version.
    write = "echo 17 > /var/lib/postgresql/data/PG_VERSION"
    docker("run", "--rm", f"--volume={stack.name}_data:/var/lib/postgresql/data", stack.image, "sh", "-c", write)
    assert "is of PostgreSQL 17, and its image is of PostgreSQL 15" in stack.fail(options(first))
    stack.deploy(options(second))


def plan(stack: StackProject, image: str) -> str:
    service = stack.service(image=image, volumes=["data:/var/lib/postgresql/data"])
    options = stack.options({"db": service}, top={"volumes": {"data": {}}})
    given = {name: value for name, value in options.items() if name not in ("confirm", "wait_timeout")}
    return str(run_module("convosphere_stack_plan_info", given, stack.folder)["msg"])


def test_versions_of_weaviate_that_do_not_follow_each_other_are_refused(stack, variant):
    def options(version: str) -> dict[str, Any]:
        return stack.options({"vectors": stack.service(image=f"{stack.name}/weaviate:{version}")})

    for version in ("1.22.0", "1.23.7", "1.24.1", "1.26.0"):
        variant(f"{stack.name}/weaviate:{version}", f"ENV WEAVIATE_VERSION={version}")
    stack.deploy(options("1.23.7"))

    assert "then set the image of vectors to the last release of 1.24, then 1.25, and then" in stack.fail(
        options("1.26.0")
    )
    stack.module(stack.absent)
    assert "does not read data of a later version" in stack.fail(options("1.22.0")), "the release names its version"
    stack.deploy(options("1.24.1"))
