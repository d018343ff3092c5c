# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup of all that four hosts keep, with visitors meanwhile, and its restore."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.environment import wait_until
from support.load import load
from support.platform_content import PlatformContent
from support.several import APPS

RATE = 10
SECONDS = 30  # that backends may be paused in a test of that
WITH_ALL = {"database_include": ["database", "uploads", "vectors"]}


def paused_for(lines: str, host: str) -> float:
    """Return how many seconds the report says that the backends of a host were paused."""
    (line,) = [line for line in lines.splitlines() if f"Paused on {host} for " in line]
    return float(line.partition(" for ")[2].partition(" s: ")[0])


def test_all_of_it_is_backed_up_while_no_backend_writes_and_comes_back(prod, access):
    content = PlatformContent(prod)
    content.upload("documents/one", "1" * 300_000)
    content.add_vectors("Documents", 2)
    uploads, backends = content.uploads(), prod.running()
    with load(prod, access, rate=RATE) as visited:
        run = prod.run("backup.yml", {**WITH_ALL, "label": "everything"}).succeeded()
    content.upload("documents/two", "2")
    content.add_vectors("Documents", 3)

    assert visited.failed == []
    assert all(0 < paused_for(run.output, host) < 60 for host in APPS)
    assert prod.running() == backends
    prod.run("restore.yml", {**WITH_ALL, "backup": "everything", "confirm": "prod"}).succeeded()
    assert content.uploads() == uploads
    assert content.vectors() == {"Documents": 2}
    assert set(prod.health()["app-1"].values()) == {"healthy"}

    backends = prod.running()
    again = prod.run("restore.yml", {**WITH_ALL, "backup": "everything", "confirm": "prod"}).succeeded()
    assert (again.changed, prod.running()) == (0, backends)


@pytest.mark.campaign
def test_a_host_that_is_cut_off_meanwhile_resumes_by_itself_and_there_is_no_backup(prod):
    host = prod.hosts["app-2"]
    files = "ls /var/backups/convosphere/prod"
    before = prod.host.as_root("sh", "-c", files)
    paused = ("docker", "ps", "--quiet", "--filter=status=paused")
    with ThreadPoolExecutor() as pool:
        running = pool.submit(prod.run, "backup.yml", {**WITH_ALL, "database_freeze_timeout": SECONDS})
        wait_until(lambda: host.inside(*paused) or running.done(), "the pause", seconds=90)
        with host.isolated():
            run = running.result()
            wait_until(lambda: not host.inside(*paused), "the switch", seconds=SECONDS)

    assert run.rc != 0
    assert "app-2 could not be asked whether its backends were paused" in run.output
    assert prod.host.as_root("sh", "-c", files) == before
    assert prod.hosts["app-1"].inside(*paused) == ""
    wait_until(lambda: prod.run("status.yml").rc == 0, "the connection", seconds=180)
    host.as_root("rm", "--force", "/run/convosphere/prod.lock")  # which ends by itself after ten minutes


def test_a_backup_of_the_database_alone_needs_no_app_host(prod):
    with prod.hosts["app-2"].isolated():
        run = prod.run("backup.yml", {"label": "alone"}).succeeded()

    assert {host: counts["changed"] for host, counts in run.recap.items() if counts["changed"]} == {"db-1": 1}
    assert "Pause" not in run.stdout
