# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history of verifications, and the time without a backup."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import manifest as backup_manifest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import proofs
from ansible_collections.convosphere.platform.plugins.module_utils._backup.catalogue import Backup
from ansible_collections.convosphere.platform.plugins.module_utils._backup.proofs import Outcome
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError

from support.backups import NOON, manifest_of

DAY = timedelta(days=1)


def booted(reason: str | None = None) -> Outcome:
    return Outcome("boot", 41.27, 38.24, 86400.04, reason)


def backup(days: float, **fields) -> Backup:
    return Backup(manifest_of(NOON + days * DAY, **fields), Path("/nowhere"))


def test_a_proof_has_rounded_times_and_a_bounded_reason():
    proof = booted("x" * 5000).proof(NOON)

    assert {name: proof[name] for name in ("at", "level", "result", "seconds", "rto_seconds", "rpo_seconds")} == {
        "at": "2026-11-23T12:00:00Z",
        "level": "boot",
        "result": "failed",
        "seconds": 41.3,
        "rto_seconds": 38.2,
        "rpo_seconds": 86400.0,
    }
    assert len(proof["reason"]) == 1000
    assert booted().proof(NOON)["result"] == "passed"


def test_a_manifest_keeps_the_last_thirty_and_is_read_as_it_was_written():
    manifest = manifest_of()
    for number in range(35):
        manifest = proofs.added(manifest, Outcome("restore", number).proof(NOON + number * DAY))

    assert [proof["seconds"] for proof in manifest.proofs] == list(range(5, 35))
    assert backup_manifest.parse(manifest.to_json(), manifest.file_name) == manifest


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"level": "guess"}, "proofs.level is not one of checksum, restore, boot"),
        ({"result": "maybe"}, "proofs.result is not one of passed, failed"),
        ({"seconds": "1"}, "proofs.seconds is of the type str"),
        ({"more": 1}, "proofs.more is unknown"),
        ({"at": "noon"}, "noon"),
    ],
)
def test_a_proof_of_another_form_is_no_manifest(change, reason):
    document = json.loads(proofs.added(manifest_of(), booted().proof(NOON)).to_json())
    document["proofs"][0].update(change)

    with pytest.raises(InputError, match=reason):
        backup_manifest.parse(json.dumps(document), manifest_of().file_name)


def test_a_list_of_texts_is_no_list_of_proofs():
    with pytest.raises(InputError, match="proofs is not a list of objects"):
        backup_manifest.parse(json.dumps({**manifest_of().to_dict(), "proofs": ["x"]}), manifest_of().file_name)


def test_only_what_passed_by_enough_counts_as_the_last_time():
    manifest = manifest_of()
    for days, outcome in enumerate([Outcome("restore", 1), booted(), booted("no"), Outcome("restore", 1)]):
        manifest = proofs.added(manifest, outcome.proof(NOON + days * DAY))

    assert proofs.last_passed(manifest, "boot") == NOON + DAY
    assert proofs.last_passed(manifest, "restore") == NOON + 3 * DAY
    assert proofs.last_passed(manifest_of(), "restore") is None


@pytest.mark.parametrize(
    ("others", "days"),
    [
        ([], 0.5),  # until now
        ([backup(-1)], 1),
        ([backup(-3), backup(-2)], 2),
        ([backup(-0.1), backup(5)], 5),
        ([backup(-0.1), backup(0.2), backup(9)], 0.2),
        ([backup(-2, environment="prod"), backup(-2, database_name="other")], 0.5),
        ([backup(-1, damaged_at=NOON), backup(-2)], 2),
    ],
)
def test_the_recovery_point_is_the_longest_time_without_a_backup(others, days):
    own = backup(0)

    found = proofs.recovery_point(own, [*others, own], NOON + DAY / 2)

    assert found == days * 86400


def test_a_clock_that_was_set_back_makes_no_negative_time():
    own = backup(3)

    assert proofs.recovery_point(own, [own], NOON) == 0


def test_a_level_reaches_those_below_it():
    verified = {"level": "boot", "at": "2026-11-23T12:00:00Z", "duration": 1.0, "host": "x"}
    manifest = manifest_of(verified=verified)

    assert all(manifest.reaches(level) for level in ("checksum", "restore", "boot"))
    assert not replace(manifest, verified={**verified, "level": "restore"}).reaches("boot")
    assert not manifest_of().reaches("checksum")
