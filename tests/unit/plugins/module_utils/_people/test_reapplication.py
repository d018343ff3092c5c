# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hold keeps from being erased again. The tables are covered by tests/integration/test_erasure_of_others.py."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._people import reapplication
from ansible_collections.convosphere.platform.plugins.module_utils._people.erasure_ledger import Entry
from ansible_collections.convosphere.platform.plugins.module_utils._people.holds import Hold

ADA = "6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11"
ERASED = Entry(
    ADA, "hash", "2026-11-30T10:00:00.000000Z", "2026-11-30T10:00:05.000000Z", "anonymise", "delete", "", "run"
)
HOLD = Hold("user", ADA, "Case 4711", "eve", "2026-12-01T10:00:00Z", "2026-12-01T10:00:00.000000Z")


class Loaded:
    """A database with one user, and without the tables of the collection. It refuses every change."""

    def fetch(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        if "created_at" in statement:
            return [(ADA, "ada@example.com", "2026-01-01T00:00:00.000000Z")]
        if "FROM users" in statement:
            return [(ADA, "ada@example.com", "ada", "ACTIVE", "USER")]
        return [("users" in statement,)]

    def commit(self) -> None:
        """End the transaction."""


def test_a_person_who_is_on_hold_since_the_erasure_is_named(monkeypatch: pytest.MonkeyPatch):
    adopted: list[Any] = []
    for part in (reapplication.erasure_ledger, reapplication.holds):
        monkeypatch.setattr(part, "adopt", lambda _database, entries: adopted.extend(entries))

    result = reapplication.reapply(Loaded(), [ERASED], [HOLD])  # type: ignore[arg-type]

    assert (result.users, result.held) == ([], [ADA])
    assert adopted == [ERASED, HOLD]
