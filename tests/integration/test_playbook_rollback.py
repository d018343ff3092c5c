# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""rollback.yml and releases.yml, in an environment of their own that was deployed three times."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from support.compose_project import docker
from support.environment import OPERATOR, QUICK_START, Environment, environment
from support.migrations import AGENTS, HEADS, MODELS, backend_with
from support.playbook import run_playbook
from support.sandbox import image, role_play

SECRETS = {"OPENAI_API_KEY": "planted-key-of-before"}
ADDS = ("rol_adds", AGENTS, "ALTER TABLE users ADD COLUMN rol_new text")
DROPS = ("rol_drops", "rol_adds", "ALTER TABLE users DROP COLUMN rol_new")
BRING_UP = "Bring the release up"


@dataclass
class Deployed:
    """The environment, the variables of the deploy whose schema only adds, and the ids of the releases so far."""

    env: Environment
    adding: dict[str, Any]
    dropping: dict[str, Any]
    first: str
    second: str


def serving(env: Environment) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((env.directory / "releases/current/release.json").read_text())
    return record


def container_ids(env: Environment, service: str) -> list[str]:
    labels = {"project": env.project, "service": service}
    filters = [f"--filter=label=com.docker.compose.{name}={value}" for name, value in labels.items()]
    return docker("ps", "--quiet", "--no-trunc", *filters).split()


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Deploy the platform, and then a backend with a further revision and another secret."""
    folder = tmp_path_factory.mktemp("images")
    run_playbook(role_play(folder / "contexts", [{"name": image("backend"), "standin": "backend"}]), folder).succeeded()
    good, bad = {ADDS[0]: ADDS[1:]}, {name: steps for name, *steps in (ADDS, DROPS)}
    variables = {"stack_secrets": SECRETS, "stack_releases_kept": 20, **QUICK_START}
    with (
        backend_with(**good) as adding,
        backend_with(**bad) as dropping,
        environment("rollback", tmp_path_factory.mktemp("rollback"), variables) as env,
    ):
        env.run("deploy.yml").succeeded()
        first = serving(env)["id"]
        later = {"stack_images": {"backend": adding}, "stack_secrets": {"OPENAI_API_KEY": "planted-key-of-after"}}
        env.given_secrets |= {"NEWER": "planted-key-of-after"}
        env.run("deploy.yml", extra_vars=later).succeeded()
        yield Deployed(env, later, {**later, "stack_images": {"backend": dropping}}, first, serving(env)["id"])


def test_releases_are_listed(deployed):
    lines = deployed.env.run("releases.yml").succeeded().task("Report the releases").result["msg"]

    heads = [line for line in lines if not line.startswith(" ")]
    assert heads[0].startswith(f"{deployed.second}  ")
    assert heads[0].endswith(f"  by {OPERATOR}  serves")
    assert heads[1].startswith(f"{deployed.first}  ")
    assert f"  schema     {', '.join(sorted(HEADS))}" in lines
    assert f"  schema     {', '.join(sorted([MODELS, ADDS[0]]))}" in lines
    assert not [line for line in lines if line.startswith(("  missing", "  rollback"))]
    assert any(line.startswith("  backend    mig-test/backend:") for line in lines)


def test_an_unknown_release_is_refused_with_those_that_exist(deployed):
    before = deployed.env.traces()

    run = deployed.env.run("rollback.yml", extra_vars={"release": "20200101T000000000Z"})

    assert run.rc == 2
    message = run.failures[0].message
    assert "There is no release 20200101T000000000Z. Nothing was changed." in message
    assert f"{deployed.second} (serves), {deployed.first}" in message
    assert deployed.env.traces() == before


def test_a_rollback_restores_the_earlier_release_and_keeps_secrets_and_schema(deployed):
    env = deployed.env
    before, newer = env.traces(), serving(env)["images"]["backend"]
    key = env.secrets()["OPENAI_API_KEY"]

    check = env.run("rollback.yml", check=True, diff=True).succeeded()
    assert env.traces() == before
    run = env.run("rollback.yml", diff=True, extra_vars={"awx_user_name": "alice"}).succeeded()
    again = env.run("rollback.yml", extra_vars={"release": deployed.first}).succeeded()

    assert check.task(BRING_UP).diff == run.task(BRING_UP).diff
    assert (check.changed, run.changed, again.changed) == (1, 1, 0)
    record = serving(env)
    assert (record["restored_from"], record["rolled_back_from"]) == (deployed.first, deployed.second)
    assert record["released_by"] == "alice"
    assert record["images"]["backend"] != newer
    assert docker("inspect", "--format={{.Image}}", *container_ids(env, "backend")).split() == [
        record["schema"]["image_id"]
    ]
    assert env.secrets()["OPENAI_API_KEY"] == key == "planted-key-of-after"
    assert env.sql("SELECT version_num FROM alembic_version ORDER BY 1") == f"{MODELS}\n{ADDS[0]}"
    assert env.health() == "healthy"
    assert run.task("Report the release that serves").result["msg"][0] == (
        f"Rolled back from the release {deployed.second} to {deployed.first}, recorded as {record['id']}"
    )
    assert again.task("Report the release that serves").result["msg"][0] == (
        f"The release {deployed.first} serves already"
    )


def test_the_next_deploy_may_change_settings_or_deploy_the_newer_release_again(deployed):
    env, secrets = deployed.env, {"stack_secrets": deployed.adding["stack_secrets"]}

    settings = env.run("deploy.yml", extra_vars={**secrets, "stack_settings": {"LOG_LEVEL": "DEBUG"}}).succeeded()
    forth = env.run("deploy.yml", extra_vars=deployed.adding).succeeded()

    assert settings.changed == 1
    assert forth.changed >= 1
    assert serving(env)["schema_revisions"] == sorted([MODELS, ADDS[0]])
    assert env.health() == "healthy"


def test_a_forced_deploy_replaces_the_stateless_services_and_no_other(deployed):
    env = deployed.env
    before = {service: container_ids(env, service) for service in ("backend", "frontend", "edge", "postgres", "redis")}

    run = env.run("deploy.yml", extra_vars={**deployed.adding, "force": "true"}).succeeded()

    replaced = {service for service, ids in before.items() if container_ids(env, service) != ids}
    assert (run.changed, replaced) == (1, {"backend", "frontend"})
    assert env.health() == "healthy"


def test_a_schema_that_lost_data_refuses_the_rollback_with_the_backup_to_restore(deployed):
    env = deployed.env
    env.run("deploy.yml", extra_vars={**deployed.dropping, "stack_skip_backup_gate": True}).succeeded()
    (backup,) = env.manifests()
    before = env.traces()

    run = env.run("rollback.yml", extra_vars={"release": deployed.first})

    assert run.rc == 2
    message = run.failures[0].message
    assert message.startswith(
        f"Cannot roll back to the release {deployed.first}. The database has the revisions rol_drops"
    )
    assert f"ansible-playbook restore.yml -e env=rollback -e backup={backup} -e confirm=rollback." in message
    assert env.traces() == before
