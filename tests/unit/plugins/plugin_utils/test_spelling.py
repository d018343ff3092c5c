# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils._spelling import distance, suggest

KNOWN = ["confirm", "env", "service", "state", "stats", "steps", "volumes", "wait", "stack_http_port", "users_file"]


@pytest.mark.parametrize(
    ("one", "other", "errors"),
    [("", "", 0), ("", "abc", 3), ("steps", "stpes", 1), ("wait", "wiat", 1), ("state", "stats", 1), ("ab", "ba", 1)],
)
def test_a_swap_of_neighbours_is_one_mistake(one, other, errors):
    assert {distance(*pair) for pair in ((one, other), (other, one))} == {errors}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("stpes", "steps"),
        ("step", "steps"),
        ("wiat", "wait"),
        ("confrim", "confirm"),
        ("services", "service"),
        ("Volumes", "volumes"),
        ("volumess", "volumes"),
        ("status", "stats"),
        ("evn", "env"),
        ("stack-http-port", "stack_http_port"),
        ("stack_htpp_prot", "stack_http_port"),
        ("user_file", "users_file"),
    ],
)
def test_a_misspelt_name_is_recognised(name, meant):
    assert suggest(name, KNOWN) == meant


@pytest.mark.parametrize(
    "name",
    [
        *("site", "region", "device", "customer", "ticket", "host", "hosts", "target", "version", "users"),
        *("app_version", "vault_password_file", "registry", "proxy_env", "stack_owner", "users_filter", "release"),
    ],
)
def test_variables_of_a_site_are_not_taken_for_misspelt_ones(name):
    assert suggest(name, KNOWN) is None
