# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hooks know of a maintenance that failed on some hosts."""

from __future__ import annotations

from typing import Any

from support.collection import ROOT, load_yaml
from support.role_variables import rendered

HOSTS = ["db-1", "app-1", "app-2"]


def known(done: dict[str, list[dict[str, str]]]) -> dict[str, Any]:
    """Return what the hooks of a failure know, by the results of the hosts that were not lost."""
    given = {
        "ansible_play_hosts_all": HOSTS,
        "ansible_play_hosts": list(done),
        "hostvars": {host: {"__maintenance_done": done.get(host, [])} for host in HOSTS},
    }
    found: dict[str, Any] = rendered("maintenance", {"it": (["__maintenance_on_failure"], [], given)})["it"]
    details: dict[str, Any] = found["__maintenance_on_failure"]
    return details


def test_the_hosts_of_a_failure_are_those_with_a_failed_step_and_those_that_were_lost():
    failed = {"step": "prune", "status": "failed"}

    details = known({"db-1": [{"step": "prune", "status": "ok"}], "app-2": [{"step": "x", "status": "ok"}, failed]})

    assert details == {"failures": [failed], "hosts": ["app-1", "app-2"], "unreachable": ["app-1"]}


def test_without_a_failure_there_is_no_host():
    details = known({host: [{"step": "prune", "status": "ok"}] for host in HOSTS})

    assert details == {"failures": [], "hosts": [], "unreachable": []}


def test_neither_a_step_nor_the_report_waits_for_ever():
    for name in ("step", "write_report"):
        (block,) = load_yaml(ROOT / f"roles/maintenance/tasks/{name}.yml")
        assert block["timeout"], name
        assert block["rescue"], name
