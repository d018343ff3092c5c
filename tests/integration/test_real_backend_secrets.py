# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets, overrides, logs and the support bundle on ConvoSphere's own backend.

CONVOSPHERE_REAL_BACKEND=<image> names it.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator

import pytest
import requests

from support.environment import SERVICES, Environment
from support.load import load, token
from support.real_backend import failing_lists, real_environment
from support.rotation import assert_consistent, can_connect, forget_logins, ids, log_in, login, used, values

pytestmark = pytest.mark.campaign

REASON = {"reason": "Uploads fail since noon.", "expires": "4h"}
#: Well-formed, and the backend ends when it does not find a Weaviate there: with TESTING it would not look.
BREAKING = {"TESTING": "0", "WEAVIATE_URL": "http://nowhere.invalid:8080"}
ADMIN = "DEFAULT_ADMIN_PASSWORD"


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    with real_environment("realkeys", tmp_path_factory.mktemp("realkeys"), stack_minio=True) as found:
        yield found


@pytest.fixture(autouse=True)
def logins(env: Environment) -> None:
    forget_logins(env)


def me(env: Environment, access: str) -> int:
    """Return what a token is answered."""
    headers = {"Authorization": f"Bearer {access}"}
    return requests.get(f"{env.url}/api/v1/auth/me", headers=headers, timeout=30).status_code


def rotate(env: Environment, *names: str) -> dict[str, str]:
    """Rotate secrets under a load that no request may fail; return the values of before."""
    before, containers = values(env), ids(env)
    with load(env, token(env), rate=10) as visitors:
        run = env.run("secrets.yml", extra_vars={"rotate": ",".join(names)}, diff=True, verbosity=3).succeeded()
    after = values(env)
    assert visitors.failed == []
    assert {each["status"] for each in visitors.refused} <= ({401, 403} if "SECRET_KEY" in names else set())
    assert [name for name in names if before[name] == after[name]] == []
    assert [each for each in (*before.values(), *after.values()) if len(each) >= 20 and each in run.output] == []
    assert {name for name in SERVICES if containers[name] != ids(env)[name]} == {"backend"}
    return before


def test_passwords_rotate_and_a_token_stays_valid(env):
    access = token(env)

    before = rotate(env, ADMIN, "POSTGRES_PASSWORD")

    after = values(env)
    assert {login(before), login(after)} == {"convosphere", "convosphere_2"}
    assert not can_connect(env, login(before), before["POSTGRES_PASSWORD"])
    assert (log_in(env, before[ADMIN]), log_in(env, after[ADMIN])) == (401, 200)
    assert me(env, access) == 200
    assert failing_lists(env) == []
    assert_consistent(env)


def test_the_signing_key_ends_every_session(env):
    access = token(env)
    assert me(env, access) == 200

    rotate(env, "SECRET_KEY")

    assert me(env, access) == 401
    assert me(env, token(env)) == 200
    assert_consistent(env)


def test_the_keys_of_minio_rotate(env):
    rotate(env, "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY")

    assert used(env, "MINIO_SECRET_KEY") == values(env)["MINIO_SECRET_KEY"]
    assert_consistent(env)


def test_an_override_is_one_restart_and_again_nothing(env):
    before, given = ids(env), {"set": {"log.level": "DEBUG"}, **REASON}

    env.run("config.yml", extra_vars=given).succeeded()
    after = ids(env)
    again = env.run("config.yml", extra_vars=given).succeeded()

    assert {name for name in SERVICES if before[name] != after[name]} == {"backend"}
    assert (used(env, "LOG_LEVEL"), again.changed, ids(env)) == ("DEBUG", 0, after)
    assert env.run("deploy.yml").succeeded().changed == 0
    env.run("config.yml", extra_vars={"unset": ["LOG_LEVEL"]}).succeeded()
    assert env.health() == "healthy"


def test_a_bad_value_is_refused_before_anything_is_written(env):
    before = {kind: found for kind, found in env.traces().items() if kind != "images"}

    run = env.run("config.yml", extra_vars={"set": {"SMTP_PORT": "many", "LANGUAGES": "de,en"}, **REASON})

    assert run.rc == 2
    assert "set has 'SMTP_PORT', whose value must be a whole number" in run.failures[0].message
    assert "LANGUAGES" in run.failures[0].message
    assert {kind: found for kind, found in env.traces().items() if kind != "images"} == before


def test_a_value_that_keeps_the_backend_from_starting_leaves_the_old_configuration(env):
    before = ids(env)

    run = env.run("config.yml", extra_vars={"set": BREAKING, **REASON, "stack_wait_timeout": 90})

    assert run.rc == 2
    assert "backend" in run.failures[0].message
    assert "It was rolled back: release" in run.failures[0].message
    assert (ids(env), env.health()) == (before, "healthy")
    assert not (env.directory / "overrides.json").exists()
    assert_consistent(env)


def test_logs_are_records_and_the_bundle_has_no_secret(env, tmp_path):
    secret = values(env)[ADMIN]
    assert env.request(f"/api/v1/health/?planted={secret}")[0] == 200
    log_in(env, "planted-wrong-password")

    run = env.run("logs.yml", extra_vars={"service": "backend", "tail": 400, "output": "json"}).succeeded()
    bundle = tmp_path / "bundle.tar.gz"
    env.run("support_bundle.yml", extra_vars={"fetch_to": str(bundle)}).succeeded()

    records = json.loads(run.task("Report the logs").message)["records"]
    keys = [(each["time"], each["message"]) for each in records if each["level"]]
    assert len(keys) == len(set(keys)) > 10, "a line that the platform writes twice is one record"
    assert {each["level"] for each in records} >= {"info"}
    with tarfile.open(bundle) as archive:
        texts = [archive.extractfile(each).read() for each in archive.getmembers() if each.isfile()]
    leaked = [
        name
        for name, value in values(env).items()
        if len(value) >= 20 and any(value.encode() in text for text in texts)
    ]
    assert leaked == []
