# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every playbook that changes an environment holds a lock, whose release leaves the record of the run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils._verbs import VERBS

from support.collection import ROOT, load_yaml

ROLE = "convosphere.platform.environment"
#: They change nothing in an environment. Some write files for the operator, schedules timers or jobs of the controller.
READING = {
    *("audit", "bundle", "content_export", "conversations_export", "database", "deletions", "drift", "health", "help"),
    *("logs", "messages", "plan", "releases", "report", "schedules", "status", "support_bundle"),
    *("usage", "users_audit", "users_export"),
}
#: Its role takes the locks itself.
MAINTENANCE = "maintenance"
CHANGING = sorted({verb.name for verb in VERBS} - READING - {MAINTENANCE})


def blocks(verb: str) -> Iterator[dict[str, Any]]:
    for play in load_yaml(ROOT / f"playbooks/{verb}.yml"):
        yield from (task for task in play["tasks"] if "always" in task)


def entry(task: dict[str, Any]) -> tuple[str, str]:
    role = task["ansible.builtin.import_role"]
    return role["name"], role["tasks_from"]


@pytest.mark.parametrize("verb", CHANGING)
def test_a_playbook_that_changes_an_environment_is_recorded_however_it_ends(verb):
    [block] = blocks(verb)

    taken, *_work = block["block"]
    assert entry(taken) == (ROLE, "lock")
    assert taken["vars"]["environment_verb"] == verb
    assert [entry(task) for task in block["always"]] == [(ROLE, "unlock")]
    assert block["environment"].startswith("{{ environment_lease")
    # A run that changes nothing takes no lock and leaves no record: the same condition holds for both.
    assert taken.get("when") == block["always"][0].get("when")


@pytest.mark.parametrize("verb", sorted(READING))
def test_a_playbook_that_changes_nothing_takes_no_lock(verb):
    assert list(blocks(verb)) == []


def test_the_maintenance_is_recorded_by_its_role():
    assert "runs_file" in (ROOT / f"roles/{MAINTENANCE}/tasks/main.yml").read_text()
