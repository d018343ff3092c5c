# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role sandbox: what check mode says, that a second run is one task, and what bad input gets."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import docker
import pytest
from docker.errors import ImageNotFound

from support.sandbox import role_play


@pytest.fixture
def name() -> Iterator[str]:
    """Return a reference that no registry and no engine knows; remove the image afterwards."""
    reference = f"sandbox-role.invalid/{uuid.uuid4().hex[:10]}:1"
    yield reference
    client = docker.from_env()
    if exists(reference):
        client.images.remove(reference)


def exists(reference: str) -> bool:
    try:
        docker.from_env().images.get(reference)
    except ImageNotFound:
        return False
    return True


def test_check_names_what_it_would_build_then_builds_it_once(run_playbook, tmp_path, name):
    contexts = tmp_path / "contexts"
    play = role_play(contexts, [{"name": name, "standin": "redis"}])
    foreseen = run_playbook(play, check=True, diff=True).succeeded()
    assert foreseen.task("Build the stand-ins").diff["after"] == {name: {"image": "build"}}
    assert not contexts.exists()
    assert not exists(name)
    first = run_playbook(play).succeeded()
    assert first.task("Build the stand-ins").changed
    labels = docker.from_env().images.get(name).labels
    assert labels["org.convosphere.sandbox"] == "true"
    assert (contexts / "redis/Dockerfile").stat().st_mode & 0o777 == 0o644
    second = run_playbook(play).succeeded()
    assert second.changed == 0
    assert [task.name for task in second.tasks if "convosphere_image" in task.action and task.status == "ok"] == [
        second.task("Pull the images that can be pulled").name
    ]


def test_an_image_without_a_standin_must_be_pullable(run_playbook, tmp_path, name):
    run = run_playbook(role_play(tmp_path / "contexts", [{"name": name}]))
    assert run.rc != 0
    assert f"{name} cannot be pulled, and the sandbox has no stand-in" in run.failures[0].message
    assert not (tmp_path / "contexts").exists()


def test_an_unknown_standin_is_named_before_anything_happens(run_playbook, tmp_path, name):
    run = run_playbook(role_play(tmp_path / "contexts", [{"name": name, "standin": "postgress"}]))
    assert run.rc != 0
    assert "postgress" in run.failures[0].message
    assert not (tmp_path / "contexts").exists()
