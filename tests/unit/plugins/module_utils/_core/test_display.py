# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.display import printable, quoted


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("nightly", "'nightly'"),
        ("a\nb\0\x1b[31m\u202e\ud800", r"'a\nb\x00\x1b[31m\u202e\ud800'"),
        ("x" * 300, f"'{'x' * 100}…' (300 characters)"),
        (7, "7"),
        (["a\n"], r"['a\n']"),
    ],
)
def test_a_value_is_shown_on_one_line(value, shown):
    assert quoted(value) == shown


def test_a_text_without_quotes_is_cut_and_escaped_too():
    assert printable("grün\t" + "x" * 10, longest=6) == r"grün\tx…"
