# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which login role a rotation of the database's password changes, without a database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core import dotenv
from ansible_collections.convosphere.platform.plugins.module_utils._core.redaction import Secret
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Invocation
from ansible_collections.convosphere.platform.plugins.module_utils._postgres import login_roles
from ansible_collections.convosphere.platform.plugins.module_utils._stack import secret_record
from ansible_collections.convosphere.platform.plugins.module_utils._users import secret_rotation
from ansible_collections.convosphere.platform.plugins.module_utils._users.secret_rotation import SecretRotation

OLD, NEW = "old-password", "new-password"
ROTATION = secret_record.Rotation(
    {"POSTGRES_PASSWORD": Secret(NEW)}, "2026-11-30T08:00:00Z", "ada", login="convosphere_2"
)


@pytest.fixture
def able(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the roles that may log in to a database, which the test can change."""
    found = {"convosphere", "convosphere_2"}
    monkeypatch.setattr(secret_rotation, "Database", lambda *_args, **_options: object())
    monkeypatch.setattr(login_roles, "may_log_in", lambda _database, login: login in found)
    monkeypatch.setattr(login_roles, "is_valid", lambda _params, login, _password: login in found)
    monkeypatch.setattr(login_roles, "refuse_foreign", lambda *_args: None)
    return found


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
        "login_user": "convosphere", "login_service": None, "admin_email": "", **options,
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
