# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of one environment: listed, fetched and rotated, with visitors, and interrupted in each phase."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest

from support.environment import SERVICES, Environment, environment
from support.load import load, token

SERVED = ("SECRET_KEY", "DATABASE_URL")
REPORT = "Report the secrets"
#: A secret that no output may show.
RATE = 15  # requests a second, beside the other tests on a small machine
VARIABLES = {"stack_secrets": {"OPENAI_API_KEY": "planted-openai-key"}}


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    with environment("keys", tmp_path_factory.mktemp("keys"), VARIABLES) as found:
        found.run("deploy.yml").succeeded()
        yield found


def listed(env: Environment) -> dict[str, dict[str, Any]]:
    run = env.run("secrets.yml", extra_vars={"output": "json"}, verbosity=3).succeeded()
    assert run.changed == 0
    return {each["name"]: each for each in json.loads(run.task(REPORT).message)["secrets"]}


def traces(env: Environment) -> dict[str, Any]:
    """Return what a run could leave behind, without images, which other tests build meanwhile."""
    return {kind: found for kind, found in env.traces().items() if kind != "images"}


def values(env: Environment) -> dict[str, str]:
    """Return all variables in .env, whose values are letters and digits here."""
    lines = (env.directory / ".env").read_text().splitlines()
    return {name: value.strip('"') for name, _equals, value in (line.partition("=") for line in lines if "=" in line)}


def test_every_secret_is_listed_without_its_value(env):
    before = traces(env)

    found = listed(env)
    lines = str(env.run("secrets.yml").succeeded().task(REPORT).message)
    status = str(env.run("status.yml").succeeded().task("Report the services").message)

    assert (found["OPENAI_API_KEY"]["source"], found["SECRET_KEY"]["source"]) == ("inventory", "generated")
    assert found["SECRET_KEY"]["since"]
    assert found["SECRET_KEY"]["rotate"] == "secrets.yml -e rotate=SECRET_KEY"
    assert "sessions of users" in found["SECRET_KEY"]["opens"]
    assert (found["ANTHROPIC_API_KEY"]["set"], found["ANTHROPIC_API_KEY"]["source"]) == (False, "unset")
    assert f"SECRET_KEY: set, generated, since {found['SECRET_KEY']['since']}" in lines
    for name in ("DEFAULT_ADMIN_PASSWORD", "POSTGRES_PASSWORD", "SECRET_KEY"):
        assert f"SECRET     {name} since {found[name]['since']}" in status
    assert "OPENAI_API_KEY since" not in status
    assert traces(env) == before


def test_secrets_are_fetched_into_a_file_of_its_owner_only(env, tmp_path):
    path = tmp_path / "keys.env"
    given = {"fetch_to": str(path), "names": "SECRET_KEY,OPENAI_API_KEY"}

    predicted = env.run("secrets.yml", extra_vars=given, check=True, diff=True, verbosity=3).succeeded()
    absent = path.exists()
    env.run("secrets.yml", extra_vars=given, diff=True, verbosity=3).succeeded()

    text = path.read_text()
    assert (predicted.changed, absent) == (1, False)
    assert f"{path.stat().st_mode & 0o7777:o}" == "600"
    assert f'SECRET_KEY="{values(env)["SECRET_KEY"]}"' in text
    assert 'OPENAI_API_KEY="planted-openai-key"' in text
    assert "POSTGRES_PASSWORD" not in text
    assert env.run("secrets.yml", extra_vars=given).succeeded().changed == 0


def test_secrets_are_fetched_encrypted_for_a_key(env, tmp_path):
    key, path = tmp_path / "key.txt", tmp_path / "keys.age"
    subprocess.run(["age-keygen", "--output", str(key)], check=True, capture_output=True)
    public = subprocess.run(["age-keygen", "-y", str(key)], check=True, capture_output=True, text=True).stdout.strip()

    env.run("secrets.yml", extra_vars={"fetch_to": str(path), "recipient": public}, verbosity=3).succeeded()

    opened = subprocess.run(["age", "--decrypt", f"--identity={key}", str(path)], check=True, capture_output=True)
    assert f'SECRET_KEY="{values(env)["SECRET_KEY"]}"' in opened.stdout.decode()
    assert values(env)["SECRET_KEY"] not in path.read_text()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"fetch_to": "x", "names": "SECRET_KY"},
            "names has 'SECRET_KY', which is no secret of keys: write SECRET_KEY",
        ),
        ({"fetch_to": "/tmp/keys.env"}, "every user may write to /tmp"),
        ({"rotate": "OPENAI_API_KEY"}, "which is not generated: it comes from stack_secrets of the inventory"),
        ({"rotate": "SECRET_KY"}, "rotate has 'SECRET_KY', which is no secret of keys: write SECRET_KEY"),
        ({"rotate": "DATABASE_URL"}, "which follows POSTGRES_PASSWORD: rotate that one"),
        ({"rotate": "SECRET_KEY", "fetch_to": "/tmp/keys.env"}, "rotate and fetch_to are given together"),
        ({"names": "SECRET_KEY"}, "names is given without fetch_to"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_changed(env, given, message):
    before = traces(env)

    run = env.run("secrets.yml", extra_vars=given)

    assert run.rc == 2
    assert message in run.failures[0].message
    assert traces(env) == before


def unfinished(env: Environment) -> dict[str, Any] | None:
    found: dict[str, Any] | None = json.loads((env.directory / "secrets.json").read_text()).get("rotation")
    return found


def ids(env: Environment) -> dict[str, str]:
    return {name: str(env.inspect(name)["Id"]) for name in SERVICES}


def log_in(env: Environment, password: str) -> int:
    return env.request("/api/v1/auth/login", {"username": "admin", "password": password})[0]


def used(env: Environment, name: str) -> str:
    """Return a variable of the backend's container."""
    found: dict[str, str] = dict(each.split("=", 1) for each in env.inspect("backend")["Config"]["Env"])
    return found[name]


def login(stored: dict[str, str]) -> str:
    """Return the role with which the backend connects."""
    return str(urlsplit(stored["DATABASE_URL"]).username)


def can_connect(env: Environment, user: str, password: str) -> bool:
    try:
        psycopg2.connect(
            host="127.0.0.1", port=env.postgres_port, user=user, password=password, dbname="convosphere"
        ).close()
    except psycopg2.OperationalError:
        return False
    return True


def assert_consistent(env: Environment) -> None:
    """Assert that one set of secrets is stored and serves, and that a deploy has nothing to do."""
    stored = values(env)
    assert unfinished(env) is None
    assert {name: used(env, name) for name in SERVED} == {name: stored[name] for name in SERVED}
    roles = env.sql("SELECT rolname FROM pg_authid WHERE rolname LIKE 'convosphere%' AND rolpassword IS NOT NULL")
    assert roles == login(stored)
    assert can_connect(env, login(stored), stored["POSTGRES_PASSWORD"])
    assert env.health() == "healthy"
    assert env.run("deploy.yml").succeeded().changed == 0


def test_check_mode_says_what_would_rotate_and_what_it_costs(env):
    before = traces(env)

    given = {"rotate": "SECRET_KEY,DEFAULT_ADMIN_PASSWORD,POSTGRES_PASSWORD"}

    run = env.run("secrets.yml", extra_vars=given, check=True, diff=True, verbosity=3).succeeded()

    message = str(run.task("Report what the rotation costs").message)
    planned = run.task("Bring the stack up if its schema is known to fit").diff["after"]
    assert "SECRET_KEY, DEFAULT_ADMIN_PASSWORD, POSTGRES_PASSWORD would be rotated in keys" in message
    assert "all sessions end" in message
    assert {name for name in planned if name.startswith("service ")} == {"service backend"}
    assert {name for name in planned if name.startswith("secret ")} == {
        f"secret {name}" for name in (*given["rotate"].split(","), "DATABASE_URL", "POSTGRES_INITIAL_PASSWORD")
    }
    assert traces(env) == before


def test_a_rotation_fails_no_request(env):
    before, containers = values(env), ids(env)
    given = {"rotate": "SECRET_KEY,DEFAULT_ADMIN_PASSWORD"}

    with load(env, token(env), rate=RATE) as visitors:
        run = env.run("secrets.yml", extra_vars=given, diff=True, verbosity=3).succeeded()

    after = values(env)
    text = run.stdout + run.stderr
    assert visitors.failed == []
    assert {each["status"] for each in visitors.refused} <= {401, 403}  # the sessions have ended
    assert {name for name in before if before[name] != after[name]} == {"SECRET_KEY", "DEFAULT_ADMIN_PASSWORD"}
    assert {name for name in SERVICES if containers[name] != ids(env)[name]} == {"backend"}
    assert [each for each in (*before.values(), *after.values()) if len(each) >= 20 and each in text] == []
    assert "all sessions end" in str(run.task("Report the rotated secrets").message)
    assert (log_in(env, before["DEFAULT_ADMIN_PASSWORD"]), log_in(env, after["DEFAULT_ADMIN_PASSWORD"])) == (401, 200)
    assert_consistent(env)


def test_the_password_of_the_database_rotates_between_two_roles_and_fails_no_request(env):
    for turn in (1, 2):
        before, containers = values(env), ids(env)

        with load(env, token(env), rate=RATE) as visitors:
            run = env.run("secrets.yml", extra_vars={"rotate": "POSTGRES_PASSWORD"}, verbosity=3).succeeded()

        after = values(env)
        text = run.stdout + run.stderr
        assert (visitors.failed, visitors.refused) == ([], [])
        assert visitors.rows == visitors.written > 0
        assert {name for name in SERVICES if containers[name] != ids(env)[name]} == {"backend"}
        assert login(after) == ("convosphere_2", "convosphere")[turn - 1]
        assert after["POSTGRES_PASSWORD"] != before["POSTGRES_PASSWORD"]
        assert not can_connect(env, login(before), before["POSTGRES_PASSWORD"])
        assert not can_connect(env, login(before), after["POSTGRES_PASSWORD"])
        assert [each for each in (*before.values(), *after.values()) if len(each) >= 20 and each in text] == []
        owners = env.sql(
            "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        )
        assert owners == "convosphere"
        assert_consistent(env)


def test_a_backup_from_before_a_rotation_is_restored_after_it(env):
    env.run("backup.yml", extra_vars={"label": "before-rotation"}).succeeded()
    env.sql("UPDATE users SET first_name = 'After the backup' WHERE username = 'admin'")
    env.run("secrets.yml", extra_vars={"rotate": "POSTGRES_PASSWORD,DEFAULT_ADMIN_PASSWORD"}).succeeded()

    env.run("backup_verify.yml", extra_vars={"backup": "before-rotation"}).succeeded()
    env.run("restore.yml", extra_vars={"backup": "before-rotation", "confirm": "keys"}).succeeded()

    assert env.sql("SELECT first_name FROM users WHERE username = 'admin'") != "After the backup"
    assert_consistent(env)
    env.run("database.yml").succeeded()
    env.run("migrate.yml").succeeded()


def test_a_rollback_keeps_what_was_rotated(env):
    env.run("deploy.yml", extra_vars={"stack_pids_limit": 900}).succeeded()
    env.run("secrets.yml", extra_vars={"rotate": "SECRET_KEY,POSTGRES_PASSWORD"}).succeeded()
    rotated = values(env)

    env.run("rollback.yml").succeeded()

    assert values(env) == rotated
    assert used(env, "SECRET_KEY") == rotated["SECRET_KEY"]
    assert env.health() == "healthy"
    env.run("deploy.yml").succeeded()
    assert_consistent(env)


@pytest.mark.campaign
def test_on_a_new_volume_the_owner_of_the_database_logs_in(env):
    if login(values(env)) == "convosphere":
        env.run("secrets.yml", extra_vars={"rotate": "POSTGRES_PASSWORD"}).succeeded()
    before = values(env)
    env.compose("down", "--volumes", "--timeout=1")

    env.run("deploy.yml").succeeded()

    after = values(env)
    assert (login(before), login(after)) == ("convosphere_2", "convosphere")
    assert after["POSTGRES_PASSWORD"] == before["POSTGRES_PASSWORD"]
    assert_consistent(env)


def test_a_deploy_that_fails_leaves_the_previous_secrets_and_the_next_one_carries_on(env):
    before, containers = values(env), ids(env)
    broken = {"stack_settings": {"WEAVIATE_URL": "http://nowhere.invalid:8080"}, "stack_wait_timeout": 20}

    run = env.run("secrets.yml", extra_vars={"rotate": "SECRET_KEY,POSTGRES_PASSWORD", **broken})

    assert run.rc == 2
    assert "It was rolled back: release" in run.failures[0].message
    assert (values(env), ids(env)) == (before, containers)
    new = (unfinished(env) or {})["values"]
    status = str(env.run("status.yml").succeeded().task("Report the services").message)
    assert "ROTATION   of POSTGRES_PASSWORD, SECRET_KEY, started at" in status
    assert env.health() == "healthy"
    other = env.run("secrets.yml", extra_vars={"rotate": "DEFAULT_ADMIN_PASSWORD"})
    assert "is not finished. Finish it first" in other.failures[0].message

    env.run("deploy.yml").succeeded()

    after = values(env)
    assert {name: after[name] for name in new} == new
    assert login(after) != login(before)
    assert_consistent(env)


def test_a_database_that_is_down_is_started_and_the_rotation_goes_on_with_the_next_deploy(env):
    before, given = values(env), {"rotate": "POSTGRES_PASSWORD"}
    broken = {"stack_settings": {"WEAVIATE_URL": "http://nowhere.invalid:8080"}, "stack_wait_timeout": 20}
    assert env.run("secrets.yml", extra_vars={**given, **broken}).rc == 2
    env.compose("down", "--timeout=1")

    refused = env.run("secrets.yml", extra_vars=given)
    planned = env.run("plan.yml", extra_vars={"output": "json"}).succeeded()
    predicted = env.run("deploy.yml", check=True).succeeded()
    run = env.run("deploy.yml").succeeded()

    assert "the service postgres does not run" in refused.failures[0].message
    assert "secret " not in str(planned.task("Report the plan").message)
    for each in (predicted, run):
        message = str(each.task("Report that the rotation of secrets waits for another deploy").message)
        assert "The rotation of POSTGRES_PASSWORD is not finished: PostgreSQL did not run" in message
    assert values(env) == before
    assert env.health() == "healthy"
    env.run("deploy.yml").succeeded()
    assert login(values(env)) != login(before)
    assert_consistent(env)


@pytest.mark.campaign
def test_a_rotation_that_is_finished_on_a_new_volume_keeps_the_login_of_the_owner(env):
    if login(values(env)) == "convosphere_2":
        env.run("secrets.yml", extra_vars={"rotate": "POSTGRES_PASSWORD"}).succeeded()

    def reached(lines: list[dict[str, Any]]) -> bool:
        return any(line.get("kind") == "start" and "End the previous values" in str(line["name"]) for line in lines)

    assert env.run("secrets.yml", extra_vars={"rotate": "POSTGRES_PASSWORD"}, kill_when=reached).rc == -9
    assert login(values(env)) == "convosphere_2"
    env.compose("down", "--volumes", "--timeout=1")

    env.run("deploy.yml").succeeded()

    assert login(values(env)) == "convosphere"
    assert_consistent(env)


PHASES = ["Deploy the new values", "Bring the stack up if its schema is known to fit", "End the previous values"]


@pytest.mark.campaign
@pytest.mark.parametrize("playbook", ["secrets.yml", "deploy.yml"])
@pytest.mark.parametrize("phase", PHASES)
def test_a_rotation_that_is_killed_is_carried_on(env, phase, playbook):
    before, given = values(env), {"rotate": "SECRET_KEY,DEFAULT_ADMIN_PASSWORD,POSTGRES_PASSWORD"}

    def reached(lines: list[dict[str, Any]]) -> bool:
        return any(line.get("kind") == "start" and phase in str(line["name"]) for line in lines)

    killed = env.run("secrets.yml", extra_vars=given, kill_when=reached)
    assert killed.rc == -9
    new = (unfinished(env) or {})["values"]

    env.run(playbook, extra_vars=given if playbook == "secrets.yml" else {}).succeeded()

    after = values(env)
    assert {name: after[name] for name in new} == new
    assert login(after) != login(before)
    assert_consistent(env)
