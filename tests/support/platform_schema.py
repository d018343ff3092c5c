# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create empty databases with the platform's tables on the server of an environment, for measurements."""

from __future__ import annotations

import subprocess

from support.compose_project import docker
from support.environment import Environment


def program(environment: Environment, name: str, *arguments: str) -> list[str]:
    """Return the command that runs one of PostgreSQL's programs in the container of the server."""
    container = environment.container("postgres")
    return ["docker", "exec", "--user=postgres", container, name, "--username=convosphere", *arguments]


def empty_platform(environment: Environment, name: str) -> None:
    """Create a database with the tables of the platform's own, without rows."""
    environment.sql(f"CREATE DATABASE {name}")
    schema = docker(*program(environment, "pg_dump", "--schema-only", "convosphere")[1:])
    made = subprocess.run(
        ["docker", "exec", "--interactive", *program(environment, "psql", "--quiet", name)[2:]],
        check=False, input=schema, capture_output=True, text=True,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
