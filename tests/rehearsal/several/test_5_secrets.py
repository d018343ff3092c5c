# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of four hosts of their own: rotated with visitors, and with a deploy that fails."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from support.load import load, token
from support.rehearsal import DIRECTORY, ENV
from support.several import APPS, CRASHING, Several, several

pytestmark = pytest.mark.campaign
RATE = 10  # requests a second, beside the engines of four hosts on one small machine


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Several]:
    """Yield four hosts with a stack that generates all of its secrets."""
    with several(tmp_path_factory.mktemp("keyed")) as found:
        given = found.folder / f"inventory/group_vars/{ENV}/vault.yml"
        given.write_text(yaml.safe_dump({"stack_secrets": {"OPENAI_API_KEY": found.given["OPENAI_API_KEY"]}}))
        found.run("deploy.yml").succeeded()
        yield found


def record(prod: Several) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(prod.hosts["db-1"].as_root("cat", f"{DIRECTORY}/secrets.json"))
    return found


def login(prod: Several, host: str) -> str:
    """Return the role with which a host connects to the database."""
    found = re.match(r"postgresql://([^:]+):", prod.secrets(host)["DATABASE_URL"])
    assert found
    return found[1]


def test_the_password_of_the_database_rotates_over_four_hosts_and_fails_no_request(keyed):
    before = keyed.running()
    with load(keyed, token(keyed), rate=RATE) as found:
        keyed.run("secrets.yml", {"rotate": "POSTGRES_PASSWORD"}).succeeded()

    after = keyed.running()
    assert (found.failed, found.refused) == ([], [])
    assert found.rows == found.written > 0
    replaced = {(h, s) for h, services in before.items() for s, each in services.items() if after[h][s] != each}
    assert replaced == {(host, "backend") for host in APPS}
    assert {login(keyed, host) for host in ("db-1", *APPS)} == {"convosphere_2"}
    assert "rotation" not in record(keyed)


def test_a_backend_that_crashes_leaves_the_previous_secrets_and_the_next_deploy_carries_on(keyed):
    before = (keyed.running(), {host: keyed.secrets(host) for host in ("db-1", *APPS)})
    broken = {"stack_images": {"backend": CRASHING}}
    with load(keyed, token(keyed), rate=RATE) as found:
        run = keyed.run("secrets.yml", {"rotate": "POSTGRES_PASSWORD,SECRET_KEY", **broken})

    assert run.rc != 0
    assert (found.failed, found.refused) == ([], [])
    assert (keyed.running(), {host: keyed.secrets(host) for host in ("db-1", *APPS)}) == before
    new = record(keyed)["rotation"]["values"]

    keyed.run("deploy.yml").succeeded()

    assert [{name: keyed.secrets(host)[name] for name in new} for host in ("db-1", *APPS)] == [new, new, new]
    assert {login(keyed, host) for host in ("db-1", *APPS)} == {"convosphere"}
    assert "rotation" not in record(keyed)
    keyed.run("health.yml").succeeded()
    again = keyed.run("deploy.yml").succeeded()
    assert again.changed == 0
