# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings and overrides of one environment, in the order of a night: shown, overridden, kept, refused, expired."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from support.environment import QUICK_START, SERVICES, Environment, environment

REPORT = "Report the settings"
REASON = {"reason": "Uploads fail since noon.", "expires": "4h"}
#: A secret that no output may show, and a setting that the override hides.
VARIABLES = {
    "stack_secrets": {
        "OPENAI_API_KEY": "planted-openai-key",
        "ANTHROPIC_API_KEY": "{{ lookup('ansible.builtin.env', 'PLANTED_KEY') | default('planted-default', true) }}",
    },
    "stack_settings": {"LOG_LEVEL": "WARNING"},
    **QUICK_START,
}
#: Another environment, whose host cannot be reached.
FAR = {
    "far": {
        "hosts": {"far-1": {"ansible_host": "192.0.2.1"}},
        "vars": {"convosphere_environment": "far", "stack_settings": {"LOG_LEVEL": "ERROR"}},
    },
    **{placement: {"hosts": {"far-1": {}}} for placement in ("app", "database", "edge")},
}


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    with environment("settings", tmp_path_factory.mktemp("settings"), VARIABLES) as found:
        found.run("deploy.yml").succeeded()
        yield found


def containers(env: Environment) -> dict[str, str]:
    return {name: str(env.inspect(name)["Id"]) for name in SERVICES}


def variable(env: Environment, name: str) -> str | None:
    """Return a variable of the backend's container."""
    found: dict[str, str] = dict(each.split("=", 1) for each in env.inspect("backend")["Config"]["Env"])
    return found.get(name)


def record(env: Environment) -> dict[str, Any]:
    path = env.directory / "overrides.json"
    found: dict[str, Any] = json.loads(path.read_text())["overrides"] if path.exists() else {}
    return found


def test_every_setting_is_shown_with_its_source(env):
    run = env.run("config.yml", extra_vars={"output": "json"}).succeeded()

    document = json.loads(run.task(REPORT).message)
    settings = {each["name"]: (each["value"], each["source"]) for each in document["settings"]}
    secrets = {each["name"]: (each["source"], each["set"]) for each in document["secrets"]}
    assert run.changed == 0
    assert settings["LOG_LEVEL"] == ("WARNING", "inventory")
    assert settings["CORS_ORIGINS"] == (env.url, "stack")
    assert settings["SMTP_PORT"] == (587, "default")
    assert secrets["OPENAI_API_KEY"] == ("inventory", True)
    assert secrets["SECRET_KEY"] == ("generated", True)
    assert secrets["ANTHROPIC_API_KEY"] == ("inventory", True)
    assert secrets["GOOGLE_API_KEY"] == ("unset", False)


def test_another_inventory_is_compared_without_its_host(env, tmp_path):
    (tmp_path / "far.yml").write_text(yaml.safe_dump(FAR))
    given = {"compare": "far", "output": "json"}

    run = env.run(
        "config.yml",
        extra_vars=given,
        arguments=["--inventory", str(tmp_path / "far.yml")],
        env={"USER": "ada", "PLANTED_KEY": "planted-elsewhere"},
    ).succeeded()

    document = json.loads(run.task(REPORT).message)
    settings = {each["name"]: each for each in document["settings"]}
    secrets = {each["name"]: each for each in document["secrets"]}
    assert (settings["LOG_LEVEL"]["settings"]["value"], settings["LOG_LEVEL"]["far"]["value"]) == ("WARNING", "ERROR")
    assert secrets["ANTHROPIC_API_KEY"]["settings"]["source"] == "inventory (environment variable)"
    assert secrets["OPENAI_API_KEY"]["far"]["source"] == "unset"
    assert {task.host for task in run.tasks} == {env.host}
    assert "planted" not in run.output


def test_an_override_replaces_one_container_and_again_nothing(env):
    before, given = containers(env), {"set": {"log.level": "DEBUG"}, **REASON}

    run = env.run("config.yml", extra_vars=given, diff=True).succeeded()

    after = containers(env)
    assert {name for name in SERVICES if before[name] != after[name]} == {"backend"}
    assert variable(env, "LOG_LEVEL") == "DEBUG"
    assert record(env)["LOG_LEVEL"]["by"] == "ada"
    assert f"{(env.directory / 'overrides.json').stat().st_mode & 0o7777:o}" == "600"
    assert "OVERRIDE   LOG_LEVEL=DEBUG until" in str(run.task(REPORT).message)

    again = env.run("config.yml", extra_vars=given).succeeded()

    assert again.changed == 0
    assert containers(env) == after


def test_a_deploy_keeps_the_override_and_says_so(env):
    before = containers(env)

    run = env.run("deploy.yml").succeeded()

    assert (run.changed, containers(env)) == (0, before)
    assert "OVERRIDE   LOG_LEVEL=DEBUG until" in str(run.task("Report the deployed stack").message)


def test_what_the_platform_would_refuse_is_refused_before_anything_is_written(env):
    before = env.traces()

    run = env.run("config.yml", extra_vars={"set": {"SMTP_PORT": "many", "OPENAI_API_KEY": "planted-more"}, **REASON})

    message = run.failures[0].message
    assert "set has 'SMTP_PORT', whose value must be a whole number" in message
    assert "set has 'OPENAI_API_KEY', which is a secret" in message
    assert env.traces() == before


def test_a_value_with_which_the_backend_does_not_start_leaves_the_settings_of_before(env):
    before, recorded = containers(env), record(env)
    given = {"set": {"WEAVIATE_URL": "http://nowhere.invalid:8080"}, **REASON, "stack_wait_timeout": 20}

    run = env.run("config.yml", extra_vars=given)

    assert run.rc == 2
    assert "It was rolled back: release" in run.failures[0].message
    assert "backend" in run.failures[0].message
    assert (containers(env), record(env)) == (before, recorded)
    assert env.health() == "healthy"


@pytest.mark.campaign
def test_a_change_that_is_killed_is_recorded_and_completed_by_the_next_deploy(env):
    given = {"set": {"APP_NAME": "Night"}, **REASON}

    def deploys(lines: list[dict[str, Any]]) -> bool:
        return any(line["kind"] == "start" and "Bring the stack up" in line["name"] for line in lines)

    killed = env.run("config.yml", extra_vars=given, kill_when=deploys)
    begun = json.loads((env.directory / "overrides.json").read_text())
    env.run("deploy.yml").succeeded()

    assert killed.rc != 0
    assert (list(begun["overrides"]), list(begun["before"])) == (["APP_NAME", "LOG_LEVEL"], ["LOG_LEVEL"])
    assert variable(env, "APP_NAME") == "Night"
    assert "before" not in json.loads((env.directory / "overrides.json").read_text())
    env.run("config.yml", extra_vars={"unset": ["APP_NAME"]}).succeeded()
    assert (variable(env, "APP_NAME"), list(record(env))) != ("Night", ["APP_NAME", "LOG_LEVEL"])


def test_an_expired_override_is_called_so_until_the_maintenance_removes_it(env):
    path = env.directory / "overrides.json"
    fields = {**record(env)["LOG_LEVEL"], "until": "2026-01-01T00:00:00Z"}
    path.write_text(json.dumps({"overrides": {"LOG_LEVEL": fields}}))

    night = {"steps": "overrides", "maintenance_lock": str(env.folder / "maintenance")}

    status = env.run("status.yml").succeeded()
    pending = env.run("maintenance.yml", extra_vars={**night, "stack_pids_limit": 900}).succeeded()
    kept = record(env)
    env.run("maintenance.yml", extra_vars=night).succeeded()

    assert "EXPIRED    the override LOG_LEVEL=DEBUG" in str(status.task("Report the services").message)
    assert "LOG_LEVEL expired, and " in str(pending.task("Report the results of the steps").result["msg"][1])
    assert list(kept) == ["LOG_LEVEL"]  # the night does not deploy what else the inventory has
    assert variable(env, "LOG_LEVEL") == "WARNING"
    assert not path.exists()
