# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from support.collection import ROOT
from support.playbook import run_playbook

HELP = ROOT / "playbooks/help.yml"


def test_help_needs_no_environment_and_lists_every_playbook(tmp_path):
    run = run_playbook(HELP, tmp_path).succeeded()

    lines = run.task("Show the playbooks and their parameters").result["msg"]
    assert run.changed == 0
    assert "teardown.yml: Remove the containers of an environment, and its" in lines
    assert "      restore.yml requires one." in lines
    assert max(map(len, lines)) < 72


def test_help_for_one_playbook_shows_that_one(tmp_path):
    run = run_playbook(HELP, tmp_path, extra_vars={"verb": "health"}).succeeded()

    lines = run.task("Show the playbooks and their parameters").result["msg"]
    assert lines[:4] == [
        "health.yml: Report one status of an environment; the exit code is",
        "    0 if it is healthy or busy.",
        "ansible-playbook health.yml -e env=prod -e wait=60",
        "  -e wait: Seconds to wait until the environment is healthy.",
    ]
    assert len(lines) < 20


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"verb": "restart"}, "There is no playbook 'restart'. Allowed: audit, backup, backup_verify,"),
        ({"vreb": "restore"}, "There is no variable 'vreb', but the parameter 'verb'."),
    ],
)
def test_help_for_what_is_not_there_is_refused(tmp_path, given, message):
    run = run_playbook(HELP, tmp_path, extra_vars=given)

    assert run.rc != 0
    assert message in run.failures[0].message
