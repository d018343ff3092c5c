# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of one environment: listed, fetched, and what is refused."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from support.environment import Environment
from support.rotation import values

REPORT = "Report the secrets"


def listed(keys: Environment) -> dict[str, dict[str, Any]]:
    run = keys.run("secrets.yml", extra_vars={"output": "json"}, verbosity=3).succeeded()
    assert run.changed == 0
    return {each["name"]: each for each in json.loads(run.task(REPORT).message)["secrets"]}


def traces(keys: Environment) -> dict[str, Any]:
    """Return what a run could leave behind, without images, which other tests build meanwhile."""
    return {kind: found for kind, found in keys.traces().items() if kind != "images"}


def test_every_secret_is_listed_without_its_value(keys):
    before = traces(keys)

    found = listed(keys)
    lines = str(keys.run("secrets.yml").succeeded().task(REPORT).message)
    status = str(keys.run("status.yml").succeeded().task("Report the services").message)

    assert (found["OPENAI_API_KEY"]["source"], found["SECRET_KEY"]["source"]) == ("inventory", "generated")
    assert found["SECRET_KEY"]["since"]
    assert found["SECRET_KEY"]["rotate"] == "secrets.yml -e rotate=SECRET_KEY"
    assert "sessions of users" in found["SECRET_KEY"]["opens"]
    assert (found["ANTHROPIC_API_KEY"]["set"], found["ANTHROPIC_API_KEY"]["source"]) == (False, "unset")
    assert f"SECRET_KEY: set, generated, since {found['SECRET_KEY']['since']}" in lines
    for name in ("DEFAULT_ADMIN_PASSWORD", "POSTGRES_PASSWORD", "SECRET_KEY"):
        assert f"SECRET     {name} since {found[name]['since']}" in status
    assert "OPENAI_API_KEY since" not in status
    assert traces(keys) == before


def test_secrets_are_fetched_into_a_file_of_its_owner_only(keys, tmp_path):
    path = tmp_path / "keys.env"
    given = {"fetch_to": str(path), "names": "SECRET_KEY,OPENAI_API_KEY"}

    predicted = keys.run("secrets.yml", extra_vars=given, check=True, diff=True, verbosity=3).succeeded()
    absent = path.exists()
    keys.run("secrets.yml", extra_vars=given, diff=True, verbosity=3).succeeded()

    text = path.read_text()
    assert (predicted.changed, absent) == (1, False)
    assert f"{path.stat().st_mode & 0o7777:o}" == "600"
    assert f'SECRET_KEY="{values(keys)["SECRET_KEY"]}"' in text
    assert 'OPENAI_API_KEY="planted-openai-key"' in text
    assert "POSTGRES_PASSWORD" not in text
    assert keys.run("secrets.yml", extra_vars=given).succeeded().changed == 0


def test_secrets_are_fetched_encrypted_for_a_key(keys, tmp_path):
    key, path = tmp_path / "key.txt", tmp_path / "keys.age"
    subprocess.run(["age-keygen", "--output", str(key)], check=True, capture_output=True)
    public = subprocess.run(["age-keygen", "-y", str(key)], check=True, capture_output=True, text=True).stdout.strip()

    keys.run("secrets.yml", extra_vars={"fetch_to": str(path), "recipient": public}, verbosity=3).succeeded()

    opened = subprocess.run(["age", "--decrypt", f"--identity={key}", str(path)], check=True, capture_output=True)
    assert f'SECRET_KEY="{values(keys)["SECRET_KEY"]}"' in opened.stdout.decode()
    assert values(keys)["SECRET_KEY"] not in path.read_text()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"fetch_to": "x", "names": "SECRET_KY"},
            "names has 'SECRET_KY', which is no secret of keys: write SECRET_KEY",
        ),
        ({"fetch_to": "/tmp/keys.env"}, "every user may write to /tmp"),
        ({"rotate": "OPENAI_API_KEY"}, "which is not generated: it comes from stack_secrets of the inventory"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_changed(keys, given, message):
    before = traces(keys)

    run = keys.run("secrets.yml", extra_vars=given)

    assert run.rc == 2
    assert message in run.failures[0].message
    assert traces(keys) == before


def test_check_mode_says_what_would_rotate_and_what_it_costs(keys):
    before = traces(keys)

    given = {"rotate": "SECRET_KEY,DEFAULT_ADMIN_PASSWORD,POSTGRES_PASSWORD"}

    run = keys.run("secrets.yml", extra_vars=given, check=True, diff=True, verbosity=3).succeeded()

    message = str(run.task("Report what the rotation costs").message)
    planned = run.task("Bring the stack up if its schema is known to fit").diff["after"]
    assert "SECRET_KEY, DEFAULT_ADMIN_PASSWORD, POSTGRES_PASSWORD would be rotated in keys" in message
    assert "all sessions end" in message
    assert {name for name in planned if name.startswith("service ")} == {"service backend"}
    assert {name for name in planned if name.startswith("secret ")} == {
        f"secret {name}" for name in (*given["rotate"].split(","), "DATABASE_URL", "POSTGRES_INITIAL_PASSWORD")
    }
    assert traces(keys) == before
