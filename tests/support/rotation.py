# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of the rotation of secrets ask an environment."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import psycopg2

from support.compose_project import docker
from support.environment import SERVICES, Environment

SERVED = ("SECRET_KEY", "DATABASE_URL")


def values(env: Environment) -> dict[str, str]:
    """Return all variables in .env, whose values are letters and digits here."""
    lines = (env.directory / ".env").read_text().splitlines()
    return {name: value.strip('"') for name, _equals, value in (line.partition("=") for line in lines if "=" in line)}


def unfinished(env: Environment) -> dict[str, Any] | None:
    """Return the rotation that is recorded as not finished."""
    found: dict[str, Any] | None = json.loads((env.directory / "secrets.json").read_text()).get("rotation")
    return found


def ids(env: Environment) -> dict[str, str]:
    """Return the ids of the containers by service."""
    return {name: str(env.inspect(name)["Id"]) for name in SERVICES}


def forget_logins(env: Environment) -> None:
    """Empty Redis: the platform allows five logins in 300 seconds from one address, and tests log in more often."""
    password = values(env).get("REDIS_PASSWORD", "")
    docker("exec", f"--env=REDISCLI_AUTH={password}", str(env.inspect("redis")["Id"]), "redis-cli", "flushall")


def log_in(env: Environment, password: str, user: str = "admin") -> int:
    """Return the status of a login, of the default administrator if no user is given."""
    return env.request("/api/v1/auth/login", {"username": user, "password": password})[0]


def used(env: Environment, name: str) -> str:
    """Return a variable of the backend's container."""
    found: dict[str, str] = dict(each.split("=", 1) for each in env.inspect("backend")["Config"]["Env"])
    return found[name]


def login(stored: dict[str, str]) -> str:
    """Return the role with which the backend connects."""
    return str(urlsplit(stored["DATABASE_URL"]).username)


def connect(env: Environment, user: str, password: str) -> Any:
    """Return a connection of a role of the database."""
    return psycopg2.connect(
        host="127.0.0.1", port=env.postgres_port, user=user, password=password, dbname="convosphere"
    )


def can_connect(env: Environment, user: str, password: str) -> bool:
    """Return whether a role of the database can log in."""
    try:
        connect(env, user, password).close()
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
