# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

import pytest
from ansible_collections.convosphere.platform.plugins.filter.no_proxy import no_proxy

from support.collection import ROOT

TEXT = "services:\n  tika:\n    ports: !reset []\n  backend: {}\n"


@pytest.mark.parametrize(
    ("settings", "override", "more"),
    [
        (None, None, ""),
        ({}, {}, ""),
        ({"NO_PROXY": ".corp, 10.0.0.0/8,"}, "", ",.corp,10.0.0.0/8"),
        ({"no_proxy": ".corp", "NO_PROXY": ".corp,other"}, {}, ",.corp,other"),
        ({"NO_PROXY": [".corp", "other"]}, {}, ",.corp,other"),
        ({"NO_PROXY": None}, {"services": None}, ""),
        ({}, {"services": {"tika": {}, "backend": {}}}, ",tika"),
        ({"NO_PROXY": "*"}, TEXT, ",tika,*"),
        ({}, {"volumes": {"more": None}}, ""),
    ],
)
def test_the_services_and_what_is_given_are_reached_without_a_proxy(settings, override, more):
    found = no_proxy(["postgres", "backend"], settings, override)

    expected = f"localhost,127.0.0.1,postgres,backend{more}"
    assert sorted(found.split(",")) == sorted(expected.split(","))


def test_the_example_is_true():
    documentation = (ROOT / "plugins/filter/no_proxy.py").read_text()
    promised = re.search("# => (.*)", documentation)

    assert promised
    assert no_proxy(["postgres", "redis"], {"NO_PROXY": ".example.com"}) == promised[1]
