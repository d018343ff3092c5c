# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.module_utils._core.option_walk import walk

SPEC = {
    "label": {"type": "str"},
    "source": {"type": "dict", "options": {"path": {"type": "path"}}},
    "targets": {"type": "list", "options": {"place": {"type": "dict", "options": {"port": {"type": "int"}}}}},
}


def test_every_option_comes_with_its_place_and_its_declaration():
    given = {"label": "a", "source": {"path": "/b"}, "targets": [{"place": {"port": 1}}, {"place": None}]}

    assert [(name, option["type"], value) for name, option, value in walk(SPEC, given)] == [
        ("label", "str", "a"),
        ("source", "dict", {"path": "/b"}),
        ("source.path", "path", "/b"),
        ("targets", "list", [{"place": {"port": 1}}, {"place": None}]),
        ("targets[0].place", "dict", {"port": 1}),
        ("targets[0].place.port", "int", 1),
        ("targets[1].place", "dict", None),
    ]


def test_what_is_not_given_or_of_another_type_has_nothing_inside():
    assert [value for _name, _option, value in walk(SPEC, {"source": "text"})] == [None, "text", None]
