# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guides of docs/topology.md that change which host does what. In this order, on hosts of the folder."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import pytest

from support.host_group import GroupHost
from support.load import load, token
from support.rehearsal import DIRECTORY, PROJECT
from support.several import PLACEMENTS, Several

pytestmark = pytest.mark.campaign

RATE = 5  # requests a second
BACKUPS = "/var/backups/convosphere/prod"
UPLOADS = f"/var/lib/docker/volumes/{PROJECT}_minio_data/_data"
ALONE = {"database": ["db-1"], "app": ["app-1"], "edge": ["edge-1"]}
#: app-2 has taken over the data of db-1.
MOVED = {**ALONE, "database": ["app-2"]}
ONE = {name: ["db-1"] for name in ALONE}
OF_DATABASE = {"postgres", "redis", "weaviate", "minio"}


def services(prod: Several, host: str) -> set[str]:
    """Return the services of which a host has containers."""
    return set(prod.containers(prod.hosts[host]))


def pour(source: GroupHost, target: GroupHost, directory: str, names: Sequence[str] = (".",)) -> None:
    """Copy what is in a directory of one host to another one, as the guide does it."""
    with subprocess.Popen(
        source.ssh_command("sudo", "tar", f"--directory={directory}", "--create", *names), stdout=subprocess.PIPE
    ) as sending:
        command = target.ssh_command("sudo", "tar", f"--directory={directory}", "--extract", "--same-owner", "-p")
        subprocess.run(command, stdin=sending.stdout, check=True, capture_output=True)
    assert sending.returncode == 0


def clear(prod: Several, host: str) -> None:
    """Remove the containers of a host that has left, and then its data."""
    prod.run("teardown.yml", {"host": host, "confirm": "prod"}).succeeded()
    prod.run("teardown.yml", {"host": host, "confirm": "prod", "volumes": True}).succeeded()


def visited(prod: Several) -> None:
    """Deploy with visitors, of whom none may get an error."""
    with load(prod, token(prod), rate=RATE) as found:
        prod.deploy().succeeded()
    assert found.failed == []
    assert found.rows == found.written > 0


def test_an_app_host_leaves_without_a_failed_request_and_is_cleared_alone(prod):
    prod.place(ALONE)
    visited(prod)
    assert services(prod, "app-2") == {"backend", "frontend"}

    refused = prod.run("teardown.yml", {"host": "app-1", "confirm": "prod"})
    too_early = prod.run("teardown.yml", {"host": "app-2", "confirm": "prod", "volumes": True})
    clear(prod, "app-2")

    assert "The services of app-2 still run" in too_early.failures[0].message
    assert refused.rc != 0
    assert "app-1 has a placement in prod (app)" in refused.stderr + refused.stdout
    assert services(prod, "app-2") == set()
    assert services(prod, "app-1") == {"backend", "frontend"}
    assert prod.request("/api/v1/health/detailed")[0] == 200


def test_an_app_host_joins_and_no_other_one_fails_a_request(prod):
    prod.place(PLACEMENTS)
    visited(prod)

    assert {host: len(images) for host, images in prod.backends().items()} == {"app-1": 1, "app-2": 1}


def test_the_database_moves_to_an_empty_host_with_all_that_it_keeps(prod):
    old, new = prod.hosts["db-1"], prod.hosts["app-2"]
    prod.place(ALONE)
    prod.deploy().succeeded()
    clear(prod, "app-2")
    old.as_root("sh", "-c", f"mkdir --parents {UPLOADS}/moved && echo kept >{UPLOADS}/moved/file")
    rows, secrets = prod.sql("SELECT count(*) FROM assistants"), prod.secrets("db-1")

    prod.run("edge_maintenance.yml", {"state": "on"}).succeeded()
    prod.run("backup.yml", {"label": "move"}).succeeded()
    prod.place(MOVED)
    prod.run("setup.yml").succeeded()
    pour(old, new, DIRECTORY, [".env"])
    pour(old, new, BACKUPS)
    prod.deploy().succeeded()
    prod.run("restore.yml", {"backup": "move", "confirm": "prod"}).succeeded()
    pour(old, new, UPLOADS)
    prod.run("edge_maintenance.yml", {"state": "off"}).succeeded()

    assert prod.sql("SELECT count(*) FROM assistants") == rows != "0"
    assert new.as_root("cat", f"{UPLOADS}/moved/file") == "kept\n"
    kept = {name for name, value in prod.secrets("app-2").items() if value == secrets.get(name)}
    assert {"POSTGRES_PASSWORD", "SECRET_KEY", "REDIS_PASSWORD", "WEAVIATE_API_KEY"} <= kept
    assert services(prod, "app-2") == OF_DATABASE
    assert prod.request("/api/v1/health/detailed")[0] == 200


def test_the_old_database_host_is_cleared_with_its_data_by_name(prod):
    prod.run("teardown.yml", {"host": "db-1", "confirm": "prod"}).succeeded()
    assert services(prod, "db-1") == set()
    volumes = ("docker", "volume", "ls", "--quiet", f"--filter=label=com.docker.compose.project={PROJECT}")
    assert f"{PROJECT}_postgres_data" in prod.hosts["db-1"].as_root(*volumes).split()

    prod.run("teardown.yml", {"host": "db-1", "confirm": "prod", "volumes": True}).succeeded()
    assert prod.hosts["db-1"].as_root(*volumes).split() == []


def test_one_host_becomes_several_with_its_data(prod):
    prod.run("teardown.yml", {"confirm": "prod", "volumes": True}).succeeded()
    prod.place(ONE)
    prod.deploy().succeeded()
    assert services(prod, "db-1") == OF_DATABASE | {"backend", "frontend", "edge"}
    rows, secrets = prod.sql("SELECT count(*) FROM users"), prod.secrets("db-1")

    prod.place(PLACEMENTS)
    prod.deploy().succeeded()

    assert prod.sql("SELECT count(*) FROM users") == rows != "0"
    assert prod.secrets("app-2")["SECRET_KEY"] == prod.secrets("db-1")["SECRET_KEY"] == secrets["SECRET_KEY"]
    assert {host: services(prod, host) for host in prod.hosts} == {
        "db-1": OF_DATABASE,
        "app-1": {"backend", "frontend"},
        "app-2": {"backend", "frontend"},
        "edge-1": {"edge"},
    }
    assert len(set(prod.releases().values())) == 1
