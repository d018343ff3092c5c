# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploys of four hosts that change nothing: unchanged, in check mode, and refused."""

from __future__ import annotations

import pytest

from support.hooks import Hooks
from support.several import APPS, HOSTS, UPGRADED


def test_an_unchanged_deploy_changes_nothing_and_runs_each_hook_once(prod, tmp_path):
    hooks = Hooks(tmp_path)
    for event in ("pre_deploy", "post_deploy", "on_failure"):
        hooks.write(f"{event}/10-note.check.yml")
    before = (prod.running(), prod.releases())
    run = prod.run("deploy.yml", hooks.variables, diff=True).succeeded()

    notes = [task for task in run.tasks if task.name.endswith("Note the event")]
    assert [each["event"] for each in hooks.noted()] == ["pre_deploy", "post_deploy"]
    assert len(notes) == 2
    changed = {host: counts["changed"] for host, counts in run.recap.items()}
    assert changed == {host: 2 if host == notes[0].host else 0 for host in HOSTS}, "only the hooks may change something"
    assert (prod.running(), prod.releases()) == before


@pytest.mark.campaign
def test_check_mode_predicts_an_upgrade_on_both_app_hosts_and_touches_nothing(prod):
    before = (prod.running(), prod.releases())
    run = prod.deploy(UPGRADED, check=True, diff=True).succeeded()

    assert {host for host, counts in run.recap.items() if counts["changed"]} >= set(APPS)
    for host in APPS:
        assert any(UPGRADED in str(task.diff) for task in run.tasks if task.host == host)
    assert (prod.running(), prod.releases()) == before


def test_a_part_of_the_hosts_is_refused(prod):
    before = (prod.running(), prod.releases())
    run = prod.deploy(UPGRADED, arguments=["--limit=app-1"])

    assert run.rc != 0
    assert run.changed == 0
    assert "leaves out db-1, app-2, edge-1" in run.failures[0].message
    assert (prod.running(), prod.releases()) == before
