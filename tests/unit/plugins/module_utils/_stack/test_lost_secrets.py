# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._stack import releases
from ansible_collections.convosphere.platform.plugins.module_utils._stack.lost_secrets import refuse_lost
from ansible_collections.convosphere.platform.plugins.module_utils._stack.secrets import Secrets

REFERS = "services: {db: {image: db, environment: {A: '${A:?}', B: $B, C: '$${C}', D: '${X:-${D}}'}}}"


def engine(containers: Any = (), volumes: Any = ()) -> Any:
    client = Mock()
    client.api.containers.return_value = list(containers)
    client.api.volumes.return_value = {"Volumes": list(volumes) or None}
    return client


def secrets_of(directory: Path, *names: str, env: str | None = None, **given: str) -> Secrets:
    if env is not None:
        (directory / ".env").write_text(env)
        (directory / ".env").chmod(0o600)
    entries = [*({"name": name, "length": 40} for name in names), *({"name": n, "value": v} for n, v in given.items())]
    secrets = Secrets(directory, entries)
    secrets.read()
    return secrets


def release(directory: Path, text: str = "", **record: Any) -> None:
    releases.save(directory / "releases", {"id": "1", **record}, {"compose.yaml": text})


@pytest.mark.parametrize("client", [engine(["web"]), engine(volumes=["data"])])
def test_nothing_is_made_up_over_data_of_which_nothing_else_is_known(tmp_path, client):
    with pytest.raises(
        InputError, match=rf"{tmp_path}/\.env is missing, .*with A, N\. .*Restore that file.*in secrets"
    ):
        refuse_lost(secrets_of(tmp_path, "A", "N"), "p", client)


def test_a_file_that_was_restored_is_enough_where_nothing_else_is_known(tmp_path):
    refuse_lost(secrets_of(tmp_path, "A", "N", env="A=kept-one\n"), "p", engine(volumes=["data"]))


@pytest.mark.parametrize("client", [None, engine()])
@pytest.mark.parametrize("env", [None, "OTHER=1\nA=\n"])
def test_what_the_release_was_deployed_with_is_not_made_up(tmp_path, client, env):
    release(tmp_path, REFERS, secrets=["E"])

    with pytest.raises(InputError) as caught:
        refuse_lost(secrets_of(tmp_path, "A", "B", "C", "D", "E", "N", env=env), "p", client)

    assert caught.value.details["secrets"] == ["A", "B", "D", "E"]


def test_what_the_compose_file_on_the_host_refers_to_is_not_made_up(tmp_path):
    (tmp_path / "compose.yaml").write_text(REFERS)

    with pytest.raises(InputError, match=r"lacks secrets, .*deployed before with A"):
        refuse_lost(secrets_of(tmp_path, "A", "N", env="B=1\n"), "p", engine(["web"]))


def test_a_secret_that_is_new_to_the_stack_is_made_up(tmp_path):
    release(tmp_path, REFERS, secrets=["A"])

    refuse_lost(secrets_of(tmp_path, "A", "N", env="A=kept-one\n"), "p", engine(["web"], ["data"]))


def test_a_secret_that_is_given_is_not_lost(tmp_path):
    release(tmp_path, REFERS, secrets=["A"])

    refuse_lost(secrets_of(tmp_path, A="from-the-vault"), "p", engine(["web"]))


@pytest.mark.parametrize("client", [None, engine()])
def test_a_first_deploy_makes_them_up(tmp_path, client):
    refuse_lost(secrets_of(tmp_path, "A"), "p", client)


def test_the_engine_is_not_asked_when_nothing_is_to_be_made_up(tmp_path):
    client = engine()

    refuse_lost(secrets_of(tmp_path, "A", env="A=kept-one\n"), "p", client)

    assert client.mock_calls == []
