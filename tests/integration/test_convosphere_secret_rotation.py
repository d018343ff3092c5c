# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from support.law import Case, Refused, Step
from support.platform_database import PlatformDatabase, platform_tables
from support.sandbox import DATABASE_KEY, Sandbox

MODULE = "convosphere_secret_rotation"
OLD, OTHER = "planted-old-key", "planted-other"
ADMIN = "DEFAULT_ADMIN_PASSWORD"
ROTATED = [ADMIN, "POSTGRES_PASSWORD", "SECRET_KEY"]
LENGTHS = {"SECRET_KEY": 64, "OTHER": 40, "POSTGRES_PASSWORD": 40, ADMIN: 24}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Yield a PostgreSQL of this file alone: a rotation ends the role with which all others connect."""
    with platform_tables(tmp_path_factory.mktemp("platform")) as running:
        yield running


@pytest.fixture
def options(tmp_path: Path) -> dict[str, Any]:
    lines = (f'SECRET_KEY="{OLD}"', f'OTHER="{OTHER}"', f'POSTGRES_PASSWORD="{DATABASE_KEY}"', f'{ADMIN}="{OTHER}"')
    (tmp_path / ".env").write_text("\n".join([*lines, f'DATABASE_URL="{url("convosphere", DATABASE_KEY)}"', ""]))
    (tmp_path / ".convosphere.json").write_text(json.dumps({"environment": "keys", "project": "keys"}))
    return {"environment_name": "keys", "project_src": str(tmp_path), "names": ["SECRET_KEY"], "lengths": LENGTHS}


def url(role: str, password: str) -> str:
    return f"postgresql://{role}:{password}@postgres:5432/convosphere"


def deploy(folder: Path) -> dict[str, Any]:
    """Return a task that does what a deploy does: writes the new values."""
    values = {name: f"{{{{ new.{name} }}}}" for name in ROTATED}
    values["DATABASE_URL"] = url("convosphere_2", values["POSTGRES_PASSWORD"])
    record = f"lookup('ansible.builtin.file', '{folder}/secrets.json') | from_json"
    return {
        "name": "Deploy",
        "ansible.builtin.copy": {
            "content": "".join(f'{name}="{value}"\n' for name, value in values.items()),
            "dest": str(folder / ".env"),
            "mode": "0600",
        },
        "vars": {"new": f"{{{{ ({record}).rotation['values'] }}}}"},
        "no_log": True,
    }


# Before the law, which ends the role with which the tests connect.
def test_a_rotation_waits_for_a_database_that_does_not_run_and_ends_if_its_password_is_given(
    run_steps, options, tmp_path, tables
):
    login = {"login_env_file": str(tmp_path / ".env")}
    login |= {name: value for name, value in PlatformDatabase(tables).login.items() if name != "login_password"}
    given = {**options, **login, "names": ["POSTGRES_PASSWORD"]}
    absent = {"login_service": "postgres", "project_name": "no-such-project"}

    run_steps(
        MODULE,
        [
            Step("start", {**given, "state": "started"}, changed=True),
            Step("down", {**given, **absent, "state": "prepared"}, changed=False, returns={"ready": False}),
            Step("given", {**given, "state": "prepared", "given": ["POSTGRES_PASSWORD"]}, changed=False),
            Step("prepare", {**given, "state": "prepared"}, changed=True, returns={"ready": True}),
            Step(
                "end",
                {**given, **absent, "state": "finished", "given": ["POSTGRES_PASSWORD"]},
                changed=True,
                diff={"before": ANY, "after": {"role convosphere_2": {"password": ANY}}},
            ),
            Step("nothing", {**given, "state": "finished"}, changed=False),
        ],
        secrets=[OLD, OTHER],
    )


@pytest.mark.law
def test_law(run_law, options, tmp_path, tables):
    database = PlatformDatabase(tables)
    database.add_user("admin@example.com", "ADMIN")
    login = {"login_env_file": str(tmp_path / ".env")}
    login |= {name: value for name, value in database.login.items() if name != "login_password"}
    given = {**options, **login, "names": ROTATED, "admin_email": "Admin@example.com"}
    shown, role = {"rotation": {"names": ROTATED}}, {"role convosphere_2": {"password": ANY}}
    ended = {"role convosphere": {"password": ANY}, "admin@example.com": {"password": ANY}}

    run_law(
        MODULE,
        cases=[
            Case("start", {**given, "state": "started"}, diff={"before": {}, "after": shown}),
            Case("prepare", {**given, "state": "prepared"}, diff={"before": {}, "after": role}),
            Case(
                "finish",
                {**given, "state": "finished"},
                diff={"before": {**ended, **shown}, "after": ended},
                setup=[deploy(tmp_path)],
                returns={"names": ROTATED},
            ),
        ],
        refused=[
            Refused("none", {**given, "state": "started", "names": []}, "names is empty"),
            Refused(
                "unknown", {**given, "state": "started", "names": ["SECRET_KY"]}, "names has SECRET_KY, which cannot"
            ),
            Refused("foreign", {**given, "state": "started", "environment_name": "other"}, "other"),
        ],
        secrets=[OLD, OTHER],
    )
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert "rotation" not in json.loads((tmp_path / "secrets.json").read_text())


def test_an_unfinished_rotation_is_carried_on_and_no_other_one_begins(run_steps, options, tmp_path):
    other = {**options, "state": "started", "names": ["OTHER"]}
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/secrets.json").write_text("{}")
    (tmp_path / "broken/secrets.json").chmod(0o600)
    (tmp_path / "broken/.convosphere.json").write_text((tmp_path / ".convosphere.json").read_text())

    run_steps(
        MODULE,
        [
            Step("start", {**options, "state": "started"}, changed=True),
            Step("the same", {**options, "state": "started"}, changed=False),
            Step("another", other, fails="A rotation of SECRET_KEY, started at "),
            Step("too early", {**options, "state": "finished"}, fails="No deploy has written the new SECRET_KEY yet"),
            Step(
                "declared", {**options, "state": "finished", "declared": ["SECRET_KEY"]}, fails="No deploy has written"
            ),
            Step("given", {**options, "state": "finished", "given": ["SECRET_KEY"]}, changed=True),
            Step("again", {**options, "state": "started"}, changed=True),
            Step("undeclared", {**options, "state": "finished", "declared": ["OTHER"]}, changed=True),
            Step("nothing", {**options, "state": "finished"}, changed=False),
            Step(
                "broken",
                {**options, "project_src": str(tmp_path / "broken"), "state": "started"},
                fails="is no record of secrets",
            ),
        ],
        secrets=[OLD, OTHER],
    )


def test_a_rotation_of_a_service_that_accepts_two_values_ends_with_the_deploy_after_it(run_steps, options, tmp_path):
    (tmp_path / ".env").write_text(f'REDIS_PASSWORD="{OLD}"\n')
    given = {**options, "names": ["REDIS_PASSWORD"], "lengths": {"REDIS_PASSWORD": 40}}
    written = {**deploy(tmp_path)}
    written["ansible.builtin.copy"] = {
        **written["ansible.builtin.copy"],
        "content": 'REDIS_PASSWORD="{{ new.REDIS_PASSWORD }}"\n',
    }

    run_steps(
        MODULE,
        [
            Step("start", {**given, "state": "started"}, changed=True, returns={"deploy_again": False}),
            Step("prepare", {**given, "state": "prepared"}, changed=False, returns={"ready": True}),
            written,
            Step(
                "serve",
                {**given, "state": "finished"},
                changed=True,
                diff={"before": {"rotation": {"serves": False}}, "after": {"rotation": {"serves": True}}},
                returns={"deploy_again": True},
            ),
            Step("the same", {**given, "state": "started"}, changed=False),
            Step("finish", {**given, "state": "finished"}, changed=True, returns={"deploy_again": False}),
            Step("nothing", {**given, "state": "finished"}, changed=False),
        ],
        secrets=[OLD],
    )
