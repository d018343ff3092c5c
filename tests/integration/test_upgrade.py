# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment of the last release, upgraded to the tree: docs/upgrade.md describes what changes on the host."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support import last_release
from support.compose_project import docker
from support.environment import SERVICES, Environment, environment
from support.playbook import ROOT, PlaybookRun

pytestmark = pytest.mark.campaign

NAME = "uptest"
PAGE = ROOT / "docs/upgrade.md"
PASSWORD = "Planted-user-password-1"
ADA = {"email": "ada@example.com", "username": "ada", "password": PASSWORD}
USERS = [ADA, *({"email": f"user{number}@example.com", "username": f"user{number}"} for number in range(20))]
UPLOAD = "/app/uploads/report.txt"
#: Every table with the number and the checksum of its rows, without the tables in which the platform notes that it ran.
CONTENT = """
SELECT table_name, query_to_xml(format(
  'SELECT count(*) AS n, md5(string_agg(t::text, '','' ORDER BY t::text)) AS sum FROM public.%I AS t', table_name
), false, true, '')
FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name
"""


@dataclass(frozen=True)
class Upgrade:
    """One environment on its way from the last release to the tree, and what each run came to."""

    environment: Environment
    old: Path
    content: str
    release: str
    failed: PlaybookRun
    release_after_failure: str
    containers: dict[str, str]
    again: PlaybookRun


def content(found: Environment) -> str:
    """Return the data of an environment: a line for each table, then the uploaded file."""
    return found.sql(CONTENT) + docker("exec", found.container("backend"), "cat", UPLOAD)


def containers(found: Environment) -> dict[str, str]:
    """Return the id of each service's container."""
    return {service: found.inspect(service)["Id"] for service in SERVICES}


def release(found: Environment) -> str:
    """Return the id of the release that serves."""
    return str((found.directory / "releases/current").readlink())


def documented() -> set[str]:
    """Return the services that the page on upgrades names as recreated by this one."""
    (line,) = re.findall(r"^From the last release to this version: (.*)$", PAGE.read_text(), re.MULTILINE)
    return set(re.findall(r"`(\w+)`", line))


@pytest.fixture(scope="module")
def upgrade(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgrade]:
    """Deploy, fill and back up by the last release; then deploy by the tree: a failing one, the upgrade, and again."""
    folder = tmp_path_factory.mktemp(NAME)
    old = last_release.check_out(folder / "last_release")
    # The last release waits a whole interval for the first check of each container.
    settings = {"database_include": ["database", "uploads"], "stack_health_interval": "3s"}
    with environment(NAME, folder, settings) as found:
        first = found.run("deploy.yml", checkout=old, verbosity=2).succeeded()
        assert f"task path: {old}/roles" in first.stdout
        assert f"task path: {ROOT}/" not in first.stdout
        found.run("users.yml", checkout=old, extra_vars={"users_list": USERS}).succeeded()
        docker("exec", found.container("backend"), "sh", "-c", f"echo uploaded > {UPLOAD}")
        found.run("backup.yml", checkout=old, extra_vars={"label": "old"}).succeeded()
        before = (content(found), release(found))
        never_healthy = {"stack_extra_settings": {"SANDBOX_NEVER_HEALTHY": "1"}, "stack_wait_timeout": 20}
        failed = found.run("deploy.yml", extra_vars=never_healthy)
        after_failure = (release(found), containers(found))
        found.run("deploy.yml").succeeded()
        yield Upgrade(found, old, *before, failed, *after_failure, found.run("deploy.yml").succeeded())


def test_a_failed_upgrade_rolls_back_to_the_release_of_the_old_collection(upgrade):
    assert upgrade.failed.rc == 2
    assert upgrade.release_after_failure == upgrade.release
    assert upgrade.release in upgrade.failed.output


def test_an_upgrade_keeps_the_data_and_recreates_what_the_documentation_names(upgrade):
    found = upgrade.environment
    now = containers(found)

    assert content(found) == upgrade.content
    assert found.request("/api/v1/auth/login", {"username": "ada", "password": PASSWORD})[0] == 200
    assert found.health() == "healthy"
    assert {service for service in SERVICES if now[service] != upgrade.containers[service]} == documented()
    assert upgrade.again.changed == 0


def test_a_backup_of_the_old_collection_is_verified_and_restored(upgrade):
    found = upgrade.environment
    found.sql("DROP TABLE users CASCADE")
    docker("exec", found.container("backend"), "rm", UPLOAD)

    found.run("restore.yml", extra_vars={"backup": "old", "confirm": NAME}).succeeded()

    assert content(found) == upgrade.content
    (manifest,) = found.manifests().values()
    assert manifest["label"] == "old"
    assert found.health() == "healthy"


def test_the_old_collection_deploys_again(upgrade):
    found = upgrade.environment
    before = content(found)

    found.run("deploy.yml", checkout=upgrade.old).succeeded()

    assert content(found) == before
    assert found.health() == "healthy"


def test_a_shallow_clone_fails_with_the_command_that_fetches_the_commit(tmp_path):
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "clone")], check=True)

    with pytest.raises(AssertionError, match=f"git fetch --depth=1 origin {last_release.commit()}"):
        last_release.check_out(tmp_path / "release", tmp_path / "clone")

    assert not (tmp_path / "release").exists()
