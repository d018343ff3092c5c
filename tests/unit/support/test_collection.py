# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the law reads of the tree, on small trees of its own."""

from __future__ import annotations

import yaml

from support.collection import secret_values, walk_tasks


def test_tasks_are_found_in_plays_blocks_and_handlers():
    plays = yaml.safe_load("""
      - hosts: all
        tasks:
          - one: {}
          - block:
              - two: {}
            rescue:
              - three: {}
        handlers:
          - four: {}
    """)

    found = {key for task in walk_tasks(plays) for key in task}

    assert {"one", "two", "three", "four"} <= found


def test_secret_values_are_found_at_any_depth():
    spec = {
        "token": {"type": "str", "no_log": True, "aliases": ["api_token"]},
        "environment": {"type": "dict", "no_log": True},
        "users": {
            "type": "list",
            "elements": "dict",
            "options": {"name": {"type": "str"}, "password": {"type": "str", "no_log": True}},
        },
    }
    options = {
        "api_token": "token-secret",
        "environment": {"KEY": "key-secret"},
        "users": [{"name": "anna", "password": "anna-secret"}, {"name": "ben"}],
    }

    assert secret_values(spec, options) == {"token-secret", "key-secret", "anna-secret"}


def test_no_option_no_secret():
    assert secret_values({"token": {"no_log": True}}, {"token": None}) == set()
