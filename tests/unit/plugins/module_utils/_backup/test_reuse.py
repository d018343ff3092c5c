# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import run_key
from ansible_collections.convosphere.platform.plugins.module_utils._backup.catalogue import Catalogue
from ansible_collections.convosphere.platform.plugins.module_utils._backup.reuse import Reuse

from support.backups import NOON, VERIFIED, manifest_of, put_backup

REVISIONS = ("2025_08_14_add_agents",)
MINUTE = timedelta(minutes=1)
LABEL = "before-migration"


@pytest.fixture(autouse=True)
def no_key(tmp_path, monkeypatch):
    monkeypatch.setattr(run_key, "root", lambda: tmp_path / "run")


@pytest.fixture
def last_try(tmp_path):
    """Build a function that returns the id of the backup to verify again."""

    def ask(revisions=REVISIONS, now=NOON, **params):
        given = {"label": LABEL, "recipients": None, "reuse_unverified": True, **params}
        found = Reuse(given, now).last_try(Catalogue(tmp_path).read()[0], revisions)
        return found.manifest.id if found else None

    return ask


def test_the_backup_of_the_last_try_is_verified_again(tmp_path, last_try):
    put_backup(tmp_path, NOON - 50 * MINUTE, label=LABEL)
    newest = put_backup(tmp_path, NOON - 10 * MINUTE, label=LABEL)

    assert last_try() == newest.id
    assert last_try(revisions=()) is None, "the schema is another one by now"
    assert last_try(now=NOON + 60 * MINUTE) is None, "too much was written since"
    assert last_try(now=NOON - 60 * MINUTE) is None, "a clock was ahead"
    assert last_try(label=None) is None
    assert last_try(recipients=["age1other"]) is None
    assert last_try(reuse_unverified=False) is None


@pytest.mark.parametrize(
    "fields", [{"verified": VERIFIED}, {"damaged_at": NOON}, {"pinned": True}, {"label": "nightly"}, {"database": None}]
)
def test_no_other_backup_counts_as_a_try(tmp_path, last_try, fields):
    put_backup(tmp_path, NOON - MINUTE, **{"label": LABEL, **fields})

    assert last_try() is None


def test_a_try_whose_key_is_lost_is_not_reused(tmp_path, last_try, monkeypatch):
    made = put_backup(tmp_path, NOON - MINUTE, label=LABEL, recipients=("age1mine",))

    assert last_try(recipients=["age1mine"]) is None
    monkeypatch.setattr(run_key, "is_readable", lambda _backup, _file: True)
    assert last_try(recipients=["age1mine"]) == made.id


def test_a_new_backup_replaces_all_tries_but_the_last(tmp_path):
    first, second, last = (put_backup(tmp_path, NOON - hour * timedelta(hours=2), label=LABEL) for hour in (3, 2, 1))
    put_backup(tmp_path, NOON - 9 * MINUTE, label=LABEL, verified=VERIFIED)
    put_backup(tmp_path, NOON - 8 * MINUTE, label=LABEL, pinned=True)
    put_backup(tmp_path, NOON - 7 * MINUTE, label="nightly")
    other = manifest_of(NOON - 6 * MINUTE).database
    put_backup(tmp_path, NOON - 6 * MINUTE, label=LABEL, database=replace(other, schema_revisions=("older",)))
    alike = Catalogue(tmp_path).read()[0]

    params = {"label": LABEL, "recipients": None, "reuse_unverified": True}
    replaced = Reuse(params, NOON).replaced(alike, REVISIONS)

    assert [backup.manifest.id for backup in replaced] == [first.id, second.id]
    assert last.id not in replaced
    assert Reuse({**params, "reuse_unverified": False}, NOON).replaced(alike, REVISIONS) == []


def test_a_corrupt_backup_is_not_recent_enough(tmp_path):
    intact = put_backup(tmp_path, NOON - timedelta(days=2))
    put_backup(tmp_path, NOON - timedelta(days=1), damaged_at=NOON)
    params = {"max_age": "3d", "label": None, "recipients": None}

    recent = Reuse(params, NOON).recent(Catalogue(tmp_path).read()[0])

    assert recent.manifest == intact
