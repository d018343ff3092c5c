# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils._write_freezes import summary

HOSTS = ["app-1", "app-2"]
ASKED = {"containers": ["b-1"], "held": False, "resumed": [], "seconds": None}
PAUSED = {**ASKED, "held": True, "until": "2026-01-01T00:10:00Z"}
RESUMED = {**PAUSED, "seconds": 4.2}
BOTH = [dict.fromkeys(HOSTS, result) for result in (ASKED, PAUSED, RESUMED)]


def test_a_pause_on_all_hosts_until_everything_was_read():
    assert summary(HOSTS, *BOTH) == {
        "unpausable": [],
        "unpaused": [],
        "containers": ["b-1 on app-1", "b-1 on app-2"],
        "problem": "",
        "lines": {host: f"Paused on {host} for 4.2 s: b-1" for host in HOSTS},
    }


@pytest.mark.parametrize("answer", [{}, {"skipped": True}, {"failed": True, "containers": []}, {"unreachable": True}])
def test_a_host_that_does_not_answer_is_named(answer):
    asked, paused, resumed = ({**results, "app-2": answer} for results in BOTH)

    assert summary(HOSTS, asked, *BOTH[1:])["unpausable"] == ["app-2"]
    found = summary(HOSTS, BOTH[0], paused, BOTH[2])
    assert (found["unpaused"], found["problem"]) == (["app-2"], "the backends of app-2 were not paused")
    assert summary(HOSTS, *BOTH[:2], resumed)["problem"] == (
        "app-2 could not be asked whether its backends were paused until everything was read; they resume by themselves"
        " at 2026-01-01T00:10:00Z at the latest"
    )


def test_a_backend_that_resumed_before_the_end_is_named():
    early = {**BOTH[2], "app-1": {**RESUMED, "held": False, "resumed": ["b-1"]}}

    assert summary(HOSTS, *BOTH[:2], early)["problem"] == "b-1 on app-1 resumed before everything was read"


def test_check_mode_says_what_would_be_paused():
    lines = summary(HOSTS, {**BOTH[0], "app-2": {**ASKED, "containers": []}}, {}, {})["lines"]

    assert lines == {"app-1": "Would be paused on app-1: b-1", "app-2": "Would be paused on app-2: no backend"}
