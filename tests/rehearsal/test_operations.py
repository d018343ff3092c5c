# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators do on the days after: look, restart, lose the network, take away and bring back."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.environment import SERVICES, wait_until
from support.rehearsal import HOST

UNREACHABLE = 4  # ansible-playbook's exit status
SECONDS_TO_NOTICE = 60

pytestmark = pytest.mark.usefixtures("deployed_again")


def test_status_shows_every_service(prod):
    run = prod.run("status.yml").succeeded()

    assert run.changed == 0
    lines = run.task("Report the services").result["msg"]
    shown = {line.split()[0]: line.split()[1] for line in lines if line.split()[0] in SERVICES}
    assert shown == dict.fromkeys(SERVICES, "healthy")


def test_health_is_one_verdict(prod):
    run = prod.run("health.yml").succeeded()

    assert run.changed == 0
    assert "is healthy" in run.task("Report the health, and fail if it is bad").message


def test_a_restart_restarts_that_service_alone(prod):
    before = started(prod)
    run = prod.run("services.yml", {"state": "restarted", "service": "backend"}).succeeded()
    after = started(prod)

    assert run.changed == 1
    assert {service for service in SERVICES if before[service] != after[service]} == {"backend"}
    assert prod.https("GET", "/api/v1/health/detailed").status == 200


def test_a_host_that_hangs_is_reported_unreachable(prod):
    with prod.host.paused():
        run = prod.run("status.yml")

    assert (run.rc, [(task.host, task.status) for task in run.failures]) == (UNREACHABLE, [(HOST, "unreachable")])
    assert run.seconds < SECONDS_TO_NOTICE


def test_a_host_cut_off_in_the_middle_is_reported_unreachable_and_keeps_serving(prod):
    before = started(prod)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(prod.run, "deploy.yml")
        wait_until(lambda: prod.host.has_process("BECOME-SUCCESS"), "a module runs on the host")
        with prod.host.cut_off():
            cut = time.monotonic()
            run = running.result()
            seconds = time.monotonic() - cut

    assert (run.rc, [(task.host, task.status) for task in run.failures]) == (UNREACHABLE, [(HOST, "unreachable")])
    assert seconds < SECONDS_TO_NOTICE
    assert started(prod) == before
    assert prod.run("deploy.yml").succeeded().changed == 0


def test_teardown_is_refused_without_the_right_name(prod):
    before = started(prod)
    run = prod.run("teardown.yml", {"confirm": "dev"})

    assert run.rc != 0
    assert "-e confirm=prod" in run.failures[0].message
    assert started(prod) == before


def test_taken_away_and_brought_back_it_has_the_same_data_and_secrets(prod):
    prod.sql("CREATE TABLE IF NOT EXISTS rehearsed (word text); INSERT INTO rehearsed VALUES ('kept')")
    secrets, authority, volumes = prod.secrets_file(), prod.authority(), prod.volumes()

    assert prod.run("teardown.yml", {"confirm": "prod"}).succeeded().changed == 1
    assert (prod.containers(), prod.volumes(), prod.secrets_file()) == ({}, volumes, secrets)

    back = prod.run("deploy.yml").succeeded()
    # The database comes first, and alone: its schema is looked at before the backend serves it.
    assert [task.name.rpartition(" : ")[2] for task in back.tasks if task.changed] == [
        "Start the stopped database",
        "Bring the stack up",
    ]
    assert prod.sql("SELECT DISTINCT word FROM rehearsed") == "kept"
    assert (prod.secrets_file(), prod.authority()) == (secrets, authority)
    assert prod.https("GET", "/").status == 200


def started(prod) -> dict[str, str]:
    """Return the id of each service's container and the time it was started."""
    return {name: f"{item['Id']} {item['State']['StartedAt']}" for name, item in prod.containers().items()}
