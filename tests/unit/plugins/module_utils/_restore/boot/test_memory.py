# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory a boot takes, and whether a host has it."""

from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._restore.boot import memory

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("used", "given", "expected"),
    [
        ({"backend": 800 * MIB, "weaviate": 400 * MIB, "redis": 40 * MIB}, None, 1000 + 500 + 50),
        ({"backend": 100 * MIB, "weaviate": 10 * MIB, "redis": 1 * MIB}, None, 256 + 64 + 16),
        ({"backend": None, "weaviate": None}, None, 768 + 256),
        ({"backend": 800 * MIB, "weaviate": None}, 300, 300),
    ],
)
def test_it_is_what_serves_and_a_quarter_more(used, given, expected):
    assert memory.needed(used, given) == expected * MIB


@pytest.mark.parametrize(("available", "lacks"), [(None, False), (556 * MIB, False), (556 * MIB - 1, True), (0, True)])
def test_a_margin_stays_free(available, lacks):
    found = memory.objection(300 * MIB, available)

    assert (found is not None) is lacks
    if found:
        assert found.startswith("A boot takes about 300 MiB of memory, 256 MiB have to stay free beside it")
