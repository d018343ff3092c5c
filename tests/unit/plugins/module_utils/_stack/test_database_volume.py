# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core import dotenv
from ansible_collections.convosphere.platform.plugins.module_utils._core.redaction import Secret
from ansible_collections.convosphere.platform.plugins.module_utils._stack import database_volume, secret_record
from ansible_collections.convosphere.platform.plugins.module_utils._stack.secrets import INITIAL, Secrets

URL = "postgresql://convosphere_2:new@postgres/x"
ENTRIES = [
    {"name": "POSTGRES_PASSWORD", "length": 40},
    {"name": "DATABASE_URL", "derive": "postgresql://{POSTGRES_LOGIN:-convosphere}:{POSTGRES_PASSWORD}@postgres/x"},
]


def secrets(folder: Path, **more: str) -> Secrets:
    variables = {"POSTGRES_PASSWORD": "new", "DATABASE_URL": URL, **more}
    (folder / ".env").write_text(dotenv.merge("", variables, "x"))
    (folder / ".env").chmod(0o600)
    found = Secrets(folder, ENTRIES)
    found.read()
    return found


def engine(volumes: list[str], containers: list[str]) -> Mock:
    client = Mock()
    client.api.volumes.return_value = {"Volumes": volumes}
    client.api.containers.return_value = containers
    return client


@pytest.mark.parametrize(("volumes", "containers"), [(["data"], []), ([], ["postgres"])])
def test_the_login_role_stays_with_the_data(tmp_path, volumes, containers):
    found = secrets(tmp_path, POSTGRES_INITIAL_PASSWORD="first")

    database_volume.adapt(found, "p", engine(volumes, containers))

    assert found.desired == {"POSTGRES_PASSWORD": "new", "DATABASE_URL": URL}


def test_the_owner_logs_in_to_a_new_volume(tmp_path):
    found = secrets(tmp_path, POSTGRES_INITIAL_PASSWORD="first")

    database_volume.adapt(found, "p", engine([], []))

    assert found.desired == {
        "POSTGRES_PASSWORD": "new",
        "DATABASE_URL": URL.replace("_2", ""),
        "POSTGRES_INITIAL_PASSWORD": "new",
    }


def test_the_owner_still_logs_in_at_the_next_deploy_although_the_rotation_is_not_finished(tmp_path):
    rotation = secret_record.Rotation(
        {"POSTGRES_PASSWORD": Secret("new")}, "2026-11-30T08:00:00Z", "", {INITIAL: Secret("first")}, "convosphere_2"
    )
    secret_record.write(tmp_path, secret_record.Record(rotation=rotation))
    first = secrets(tmp_path, POSTGRES_INITIAL_PASSWORD="first")
    database_volume.adapt(first, "p", engine([], []))
    first.write()

    second = Secrets(tmp_path, ENTRIES)
    second.read()
    database_volume.adapt(second, "p", engine(["data"], []))

    assert second.desired == {"POSTGRES_PASSWORD": "new", "DATABASE_URL": URL.replace("_2", "")}
    assert second.current[INITIAL] == "new"


def test_before_a_rotation_nothing_is_asked(tmp_path):
    client = engine([], [])

    database_volume.adapt(secrets(tmp_path), "p", client)

    assert client.api.mock_calls == []


@pytest.mark.parametrize(
    ("owner", "login", "expected"),
    [
        ("convosphere", "convosphere_2", "convosphere"),
        ("convosphere", "convosphere", "convosphere"),
        ("convosphere_2", "convosphere_2", "convosphere_2"),
        ("convosphere_2", "convosphere_2_2", "convosphere_2"),
        ("o@x", "o%40x_2", "o%40x"),
    ],
)
def test_a_database_that_is_created_alone_has_the_owner_as_login_too(tmp_path, owner, login, expected):
    url = f"postgresql://{login}:new@postgres/x"
    secrets(tmp_path, POSTGRES_INITIAL_PASSWORD="first", DATABASE_URL=url)
    services = {"postgres": {"environment": {"POSTGRES_USER": owner}}}
    (tmp_path / "compose.yaml").write_text(json.dumps({"services": services}))

    database_volume.adapt_file(tmp_path, "p", engine(["data"], []))
    kept = dotenv.parse((tmp_path / ".env").read_text())
    database_volume.adapt_file(tmp_path, "p", engine([], []))

    new = dotenv.parse((tmp_path / ".env").read_text())
    assert (kept["DATABASE_URL"], kept["POSTGRES_INITIAL_PASSWORD"]) == (url, "first")
    assert (new["DATABASE_URL"], new["POSTGRES_INITIAL_PASSWORD"]) == (url.replace(login, expected), "new")


def test_a_url_that_the_inventory_gives_is_kept(tmp_path):
    secrets(tmp_path, POSTGRES_INITIAL_PASSWORD="first", DATABASE_URL="postgresql://other:new@postgres/x")
    (tmp_path / "compose.yaml").write_text(
        '{"services": {"postgres": {"environment": {"POSTGRES_USER": "convosphere"}}}}'
    )
    before = (tmp_path / ".env").read_text()

    database_volume.adapt_file(tmp_path, "p", engine([], []))

    assert (tmp_path / ".env").read_text() == before
