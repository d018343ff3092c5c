# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible import context
from ansible_collections.convosphere.platform.plugins.lookup import become_method
from ansible_collections.convosphere.platform.plugins.lookup.become_method import LookupModule

from support.collection import load_yaml, playbooks

HOSTS = {"here": {"ansible_connection": "local"}, "there": {"ansible_connection": "ssh"}, "bare": {}}


@pytest.fixture
def run(monkeypatch):
    """Return the method for an environment of these hosts, when a process of user ``uid`` runs with this USER."""

    def call(*hosts: str, uid: int = 0, user: str = "ada", configured: str | None = "doas") -> str:
        monkeypatch.setenv("LOGNAME", user)
        monkeypatch.setattr(become_method.os, "geteuid", lambda: uid)
        monkeypatch.setattr(context, "CLIARGS", {"become_method": configured})
        monkeypatch.setattr(LookupModule, "set_options", lambda _self, **_options: None)
        monkeypatch.setattr(LookupModule, "get_option", lambda _self, _name: "dev")
        variables: dict[str, Any] = {"groups": {"dev": list(hosts)}, "hostvars": HOSTS}
        return LookupModule().run([], variables)[0]

    return call


def test_root_under_another_name_needs_no_sudo_on_its_own_machine(run):
    assert run("here") == "ansible.builtin.su"


@pytest.mark.parametrize(
    ("hosts", "settings"),
    [
        (["here"], {"uid": 1000}),
        (["here"], {"user": "root"}),
        (["there"], {}),
        (["bare"], {}),
        (["here", "there"], {}),
        (["gone"], {}),
        ([], {}),
    ],
)
def test_in_general_the_method_is_the_configured_one(run, hosts, settings):
    assert run(*hosts, **settings) == "doas"
    assert run(*hosts, **settings, configured=None) == "sudo"


def test_every_play_that_becomes_root_asks_how():
    plays = [play for path in playbooks() for play in load_yaml(path) if play.get("become")]

    assert plays != []
    assert {play["become_method"] for play in plays} == {"{{ lookup('convosphere.platform.become_method') }}"}
