# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import secrets

import pytest

from support.compose_project import docker
from support.environment import SERVICES

BOOT = "platform.convosphere.boot"

USER = """
INSERT INTO users
(id, email, username, auth_provider, status, role, is_verified, failed_login_attempts, language, timezone) VALUES
(gen_random_uuid(), 'kept@example.com', 'kept', 'LOCAL', 'ACTIVE', 'USER', true, '0', 'en', 'UTC')
"""


def leave_a_boot(project: str) -> str:
    """Leave the network and the volume of a boot that was killed. Return the name of both."""
    name = f"convosphere-boot-{secrets.token_hex(4)}"
    for kind in ("network", "volume"):
        docker(kind, "create", f"--label={BOOT}.project={project}", name)
    return name


def left(name: str) -> list[str]:
    """Return the kinds of objects that exist of a boot."""
    return [kind for kind in ("network", "volume") if docker(kind, "ls", "--quiet", f"--filter=name={name}").strip()]


@pytest.mark.parametrize("confirm", [None, "ITEST"])
def test_without_its_name_nothing_is_taken_away(live, confirm):
    before = live.traces()

    run = live.run("teardown.yml", extra_vars={"volumes": "true", **({} if confirm is None else {"confirm": confirm})})

    assert run.rc == 2
    assert "Next: -e confirm=itest" in run.failures[0].message
    assert live.traces() == before


def test_containers_go_and_come_back_with_their_data(live):
    live.sql(USER)
    volumes, kept = live.traces()["volume"], live.secrets()
    booted, foreign = leave_a_boot(live.project), leave_a_boot("convosphere-other")

    check = live.run("teardown.yml", extra_vars={"confirm": "itest"}, check=True).succeeded()
    assert check.changed == 1
    assert live.states() == dict.fromkeys(SERVICES, "running")

    assert live.run("teardown.yml", extra_vars={"confirm": "itest"}).succeeded().changed == 1
    traces = live.traces()
    assert (traces["container"], traces["network"]) == ([], [])
    assert traces["volume"] == volumes
    remaining = [left(booted), left(foreign)]
    for kind in ("network", "volume"):
        docker(kind, "rm", foreign)
    assert remaining == [[], ["network", "volume"]]
    assert live.run("teardown.yml", extra_vars={"confirm": "itest"}).succeeded().changed == 0

    again = live.run("deploy.yml").succeeded()
    assert again.changed == 2  # the database, in which to look for what has to be migrated, and the rest
    assert live.sql("SELECT username FROM users WHERE username = 'kept'") == "kept"
    assert live.secrets() == kept
    assert live.health() == "healthy"


def test_with_its_data_nothing_is_left(live):
    run = live.run("teardown.yml", extra_vars={"confirm": "itest", "volumes": "true"}).succeeded()

    traces = live.traces()
    assert run.changed == 1
    assert [traces[kind] for kind in ("container", "network", "volume")] == [[], [], []]
    assert not live.directory.exists()
    again = live.run("teardown.yml", extra_vars={"confirm": "itest", "volumes": "true"}).succeeded()
    assert again.changed == 0
