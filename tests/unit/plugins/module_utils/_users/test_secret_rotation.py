# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which login role a rotation of the database's password changes, without a database."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core import dotenv
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import Plan
from ansible_collections.convosphere.platform.plugins.module_utils._core.redaction import Secret
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Invocation
from ansible_collections.convosphere.platform.plugins.module_utils._engine import client as engine_client
from ansible_collections.convosphere.platform.plugins.module_utils._postgres import login_roles
from ansible_collections.convosphere.platform.plugins.module_utils._stack import secret_record
from ansible_collections.convosphere.platform.plugins.module_utils._stack.secrets import INITIAL
from ansible_collections.convosphere.platform.plugins.module_utils._users import secret_rotation
from ansible_collections.convosphere.platform.plugins.module_utils._users.secret_rotation import SecretRotation

OLD, NEW = "old-password", "new-password"
REDIS = secret_record.Rotation(
    {"REDIS_PASSWORD": Secret(NEW)}, "2026-11-30T08:00:00Z", previous={"REDIS_PREVIOUS_PASSWORD": Secret(OLD)}
)
ROTATION = secret_record.Rotation(
    {"POSTGRES_PASSWORD": Secret(NEW)}, "2026-11-30T08:00:00Z", "ada", login="convosphere_2"
)


@pytest.fixture
def able(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the roles that may log in to a database, which the test can change."""
    found = {"convosphere", "convosphere_2"}
    monkeypatch.setattr(secret_rotation, "Database", Mock())
    monkeypatch.setattr(login_roles, "may_log_in", lambda _database, login: login in found)
    monkeypatch.setattr(login_roles, "is_valid", lambda _params, login, _password: login in found)
    monkeypatch.setattr(login_roles, "refuse_foreign", lambda *_args: None)
    return found


def engine(monkeypatch: pytest.MonkeyPatch, *containers: dict[str, Any]) -> None:
    """Fake an engine that runs these containers of PostgreSQL."""
    client = Mock()
    client.api.containers.return_value = list(containers)
    monkeypatch.setattr(engine_client, "connect", lambda *_args: client)


def rotation(
    folder: Path,
    state: str,
    login: str,
    password: str = NEW,
    pending: secret_record.Rotation = ROTATION,
    warnings: list[str] | None = None,
    **options: Any,
) -> SecretRotation:
    """Return the work in an environment whose ``.env`` names a login role and its password."""
    url = f"postgresql://{login}:{password}@postgres:5432/convosphere"
    (folder / ".env").write_text(dotenv.merge("", {"POSTGRES_PASSWORD": password, "DATABASE_URL": url}, "x"))
    (folder / ".convosphere.json").write_text(json.dumps({"environment": "keys", "project": "keys"}))
    secret_record.write(folder, secret_record.Record(rotation=pending))
    params = {
        "environment_name": "keys", "project_name": "keys", "project_src": str(folder), "state": state, "given": [],
        "declared": None, "login_user": "convosphere", "login_service": None, "docker_host": None, "timeout": 1,
        "admin_email": "", **options,
    }  # fmt: skip
    warn = (warnings if warnings is not None else []).append
    return SecretRotation(Invocation(params, params, check_mode=False, warn=warn, hide=lambda *_values: None))


def changed(work: SecretRotation) -> list[str]:
    return [change.name for change in work.plan()]


@pytest.mark.usefixtures("able")
def test_the_previous_login_role_ends_with_the_rotation(tmp_path):
    assert changed(rotation(tmp_path, "finished", "convosphere_2")) == ["role convosphere", "rotation"]


def test_the_owner_stays_able_to_log_in_if_it_does_so_again_on_a_new_volume(tmp_path, able):
    able.remove("convosphere_2")

    assert changed(rotation(tmp_path, "finished", "convosphere")) == ["rotation"]


@pytest.mark.parametrize(("containers", "ready"), [([], False), ([{"Ports": []}], True)])
def test_a_rotation_waits_until_the_database_runs(tmp_path, able, monkeypatch, containers, ready):
    able.remove("convosphere_2")
    engine(monkeypatch, *containers)
    work = rotation(tmp_path, "prepared", "convosphere", OLD, login_service="postgres")

    assert changed(work) == (["role convosphere_2"] if ready else [])
    assert work.report(Plan())["ready"] is ready


@pytest.mark.usefixtures("able")
def test_what_a_deploy_has_written_needs_no_database_to_go_on(tmp_path, monkeypatch):
    engine(monkeypatch)
    work = rotation(tmp_path, "prepared", "convosphere_2", NEW, login_service="postgres")

    assert changed(work) == []
    assert work.report(Plan())["ready"]


def test_the_login_role_that_is_current_on_a_new_volume_keeps_its_password(tmp_path, able, monkeypatch):
    able.remove("convosphere_2")
    given: list[str] = []
    monkeypatch.setattr(login_roles, "give", lambda _database, _owner, login, _password: given.append(login))
    stale = replace(ROTATION, login="convosphere", extra={INITIAL: Secret("older")})
    work = rotation(tmp_path, "prepared", "convosphere", OLD, stale)

    work.apply(work.plan())

    stored = secret_record.read(tmp_path).rotation
    assert given == ["convosphere_2"]
    assert stored is not None
    assert (stored.login, stored.extra) == ("convosphere_2", {INITIAL: OLD})


@pytest.mark.usefixtures("able")
@pytest.mark.parametrize("name", ["POSTGRES_PASSWORD", "DATABASE_URL"])
def test_no_login_role_is_prepared_for_a_password_that_the_inventory_gives_meanwhile(tmp_path, name):
    assert changed(rotation(tmp_path, "prepared", "convosphere", OLD, given=[name])) == []


@pytest.mark.parametrize(
    ("service", "name", "current", "ended"),
    [
        ("postgres", "POSTGRES_PASSWORD", "convosphere", ["role convosphere_2"]),
        ("postgres", "POSTGRES_PASSWORD", "convosphere_2", ["role convosphere"]),
        ("postgres", "DATABASE_URL", "convosphere", []),
        (None, "POSTGRES_PASSWORD", "convosphere", []),  # a managed database
    ],
)
@pytest.mark.usefixtures("able")
def test_the_other_login_role_ends_if_the_inventory_gives_the_password(
    tmp_path, monkeypatch, service, name, current, ended
):
    engine(monkeypatch)
    warnings: list[str] = []
    work = rotation(tmp_path, "finished", current, "given", given=[name], login_service=service, warnings=warnings)

    assert changed(work) == [*ended, "rotation"]
    assert warnings == ["POSTGRES_PASSWORD is given by the inventory now: its rotation ends without effect."]


@pytest.mark.usefixtures("able")
def test_a_rotation_of_a_secret_that_the_stack_has_no_longer_ends(tmp_path):
    pending = secret_record.Rotation({"MY_KEY": Secret(NEW)}, "2026-11-30T08:00:00Z")
    warnings: list[str] = []
    work = rotation(tmp_path, "finished", "convosphere", OLD, pending, declared=["SECRET_KEY"], warnings=warnings)

    assert changed(work) == ["rotation"]
    assert warnings == ["MY_KEY is no secret of the stack any more: its rotation ends without effect."]
    with pytest.raises(InputError, match="No deploy has written the new MY_KEY yet"):
        rotation(tmp_path, "finished", "convosphere", OLD, pending).plan()


def redis(folder: Path, **options: Any) -> SecretRotation:
    """Return the end of a rotation in an environment whose ``.env`` has the new password of Redis."""
    work = rotation(folder, "finished", "convosphere", OLD, REDIS, **options)
    (folder / ".env").write_text(dotenv.merge((folder / ".env").read_text(), {"REDIS_PASSWORD": NEW}, "x"))
    return work


def test_a_rotation_is_open_until_a_deploy_has_ended_the_previous_value(tmp_path):
    first = redis(tmp_path)
    plan = first.plan()
    first.apply(plan)
    stored = secret_record.read(tmp_path).rotation

    assert ([change.name for change in plan], first.report(plan)["deploy_again"]) == (["rotation"], True)
    assert stored == replace(REDIS, serves=True)
    assert set(first.secrets()) == {OLD, NEW}

    assert stored is not None
    second = rotation(tmp_path, "finished", "convosphere", OLD, stored)
    (tmp_path / ".env").write_text(dotenv.merge((tmp_path / ".env").read_text(), {"REDIS_PASSWORD": NEW}, "x"))
    plan = second.plan()
    second.apply(plan)

    assert ([change.name for change in plan], second.report(plan)["deploy_again"]) == (["rotation"], False)
    assert secret_record.read(tmp_path).rotation is None


def test_no_deploy_ends_the_previous_value_of_a_secret_that_the_inventory_gives(tmp_path):
    work = redis(tmp_path, given=["REDIS_PASSWORD"])

    work.apply(work.plan())

    assert not work.deploy_again
    assert secret_record.read(tmp_path).rotation is None


def test_a_rotation_of_the_authority_takes_two_deploys(tmp_path):
    name, other = "POSTGRES_TLS_CA", "POSTGRES_NEXT_TLS_CA"

    def finish(*, serves: bool, **stored: str) -> tuple[list[str], bool]:
        marks = {name: secret_record.fingerprint(name, "old")}
        pending = replace(ROTATION, values={}, extra={}, login="", reissued=marks, serves=serves)
        work = rotation(tmp_path, "finished", "convosphere", OLD, pending)
        (tmp_path / ".env").write_text(dotenv.merge((tmp_path / ".env").read_text(), stored, "x"))
        return changed(work), work.deploy_again

    too_early: list[dict[str, Any]] = [{"serves": False, name: "old"}, {"serves": True, name: "old", other: "new"}]
    for given in too_early:
        with pytest.raises(InputError, match="No deploy has written the new POSTGRES_TLS_CA yet"):
            finish(**given)
    assert finish(serves=False, **{name: "old", other: "new"}) == (["rotation"], True)
    assert finish(serves=True, **{name: "new", other: ""}) == (["rotation"], False)


def test_a_certificate_is_issued_by_the_deploy_between_start_and_end(tmp_path):
    name, names = "POSTGRES_TLS_KEY", {"names": ["POSTGRES_TLS_KEY"], "lengths": {}, "started_by": ""}

    def work(state: str, key: str) -> SecretRotation:
        pending = secret_record.read(tmp_path).rotation if (tmp_path / "secrets.json").exists() else None
        found = rotation(tmp_path, state, "convosphere", OLD, pending or ROTATION, declared=[name], **names)
        if not pending:
            secret_record.write(tmp_path, secret_record.Record())
        (tmp_path / ".env").write_text(dotenv.merge((tmp_path / ".env").read_text(), {name: key}, "x"))
        return found

    start = work("started", "old-key")
    start.apply(start.plan())
    stored = secret_record.read(tmp_path).rotation

    assert stored is not None
    assert (stored.names, stored.values, stored.reissued) == (
        [name],
        {},
        {name: secret_record.fingerprint(name, "old-key")},
    )
    with pytest.raises(InputError, match="No deploy has written the new POSTGRES_TLS_KEY yet"):
        work("finished", "old-key").plan()
    assert changed(work("finished", "new-key")) == ["rotation"]
