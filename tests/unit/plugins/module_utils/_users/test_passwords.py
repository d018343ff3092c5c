# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import bcrypt
from ansible_collections.convosphere.platform.plugins.module_utils._users import passwords


def test_passwords_are_hashed_as_the_platform_does_and_verified():
    hashes = passwords.hash_all(["one", "zwei äö"])

    assert all(text.startswith("$2b$12$") for text in hashes)
    assert bcrypt.checkpw("zwei äö".encode(), hashes[1].encode())
    assert passwords.verify_all([("one", hashes[0]), ("one", hashes[1]), ("one", None), ("one", "no hash")]) == [
        True, False, False, False,
    ]  # fmt: skip


def test_the_shortest_and_the_longest_password_are_taken():
    assert [passwords.as_password(text) for text in ("x" * 8, "x" * 72)] == ["x" * 8, "x" * 72]
