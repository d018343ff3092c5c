# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup.catalogue import Backup, Catalogue
from ansible_collections.convosphere.platform.plugins.module_utils._restore.backup_gate import Gate

from support.migrations import VERIFIED, backup

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
GATE = Gate("platform", "prod", ("a", "b"), 24)


def choose(folder: Path, gate: Gate = GATE) -> tuple[Backup | None, str | None]:
    return gate.choose(Catalogue(folder).read()[0], NOW)


def make(folder: Path, hours: float = 1, **more: Any) -> str:
    settings = {"environment": "prod", "created_at": NOW - timedelta(hours=hours), **more}
    return backup(folder, settings.pop("database", "platform"), settings.pop("revisions", ["b", "a"]), **settings)


def test_the_newest_backup_that_will_do_is_chosen(tmp_path):
    make(tmp_path, 3)
    good = make(tmp_path, 2)
    make(tmp_path, 1, verified=None)

    found, objection = choose(tmp_path)

    assert objection is None
    assert found
    assert found.manifest.id == good


def test_no_backup_is_told_with_what_it_has_to_be_of(tmp_path):
    make(tmp_path, database="films")
    make(tmp_path, environment="dev")

    assert choose(tmp_path) == (None, "There is no backup of database platform of environment prod")


def test_the_environment_does_not_matter_where_none_is_named(tmp_path):
    made = make(tmp_path, environment="dev")

    found, _objection = choose(tmp_path, Gate("platform", None, ("a", "b"), 24))

    assert found
    assert found.manifest.id == made


@pytest.mark.parametrize(
    ("settings", "objection"),
    [
        ({"hours": 25.5}, "is 25.5 hours old, and 24 are allowed"),
        ({"hours": -1}, "is dated in the future"),
        ({"verified": None}, "is not verified"),
        (
            {"verified": None, "not_loaded": {"at": "2026-11-23T14:00:00Z", "host": "x", "reason": "no role\nmore"}},
            "is not verified (it did not load at 2026-11-23T14:00:00Z: no role)",
        ),
        ({"verified": {**VERIFIED, "level": "checksum"}}, "is verified by checksum, and not by restore"),
        ({"verified": {**VERIFIED, "at": "2026-01-31T10:59:00Z"}}, "has files that were changed since it was verified"),
        ({"revisions": ["a"]}, "has the schema a, and the database has the schema a, b"),
        ({"revisions": []}, "has a schema without a revision, and the database has the schema a, b"),
    ],
)
def test_what_is_wrong_with_the_newest_one_is_told(tmp_path, settings, objection):
    made = make(tmp_path, **settings)

    assert choose(tmp_path) == (
        None,
        f"The newest backup of database platform of environment prod, {made}, {objection}",
    )
