# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import csv
import io

from ansible_collections.convosphere.platform.plugins.filter.users_csv import users_csv


def test_users_are_written_with_their_columns():
    users = [
        {"email": "a@b", "name": 'Ada "the" first, of all\nof them', "groups": ["x", "y"], "is_verified": True},
        {"email": "c@d", "preferences": {"theme": "dark"}, "name": ""},
    ]

    text = users_csv(users, ["email", "name", "groups", "preferences", "is_verified"])

    assert list(csv.reader(io.StringIO(text))) == [
        ["email", "name", "groups", "preferences", "is_verified"],
        ["a@b", 'Ada "the" first, of all\nof them', "x; y", "", "True"],
        ["c@d", "", "", '{"theme": "dark"}', ""],
    ]
    assert text.endswith('\n"c@d","",,"{""theme"": ""dark""}",')
    assert users_csv([], ["email"]) == "email"
