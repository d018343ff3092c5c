# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils import _recovery

PROOF: dict[str, Any] = {"result": "passed", "rto_seconds": 38.2, "rpo_seconds": 86400.0}
DATA: dict[str, Any] = {"level": "boot", "backup": "b1", "rto_seconds": 38.2, "rpo_seconds": 86400.0, "boot": "passed"}


def test_the_facts_are_those_of_the_newest_backup():
    result = {"backups": [{"id": "b0", "proof": None}, {"id": "b1", "proof": PROOF}]}

    assert _recovery.verification_data(result, "boot") == DATA


@pytest.mark.parametrize(("proof", "level"), [(PROOF, "restore"), (None, "boot"), (None, "checksum")])
def test_without_a_boot_nothing_was_measured(proof, level):
    assert _recovery.verification_data({"backups": [{"id": "b1", "proof": proof}]}, level) == {
        "level": level,
        "backup": "b1",
        "rto_seconds": None,
        "rpo_seconds": None,
        "boot": "not_asked",
    }


@pytest.mark.parametrize(
    ("targets", "missed"),
    [
        ((0, 0), []),
        ((39, 86400), []),
        ((38, 0), ["b1 served 38 s after the restore began, and maintenance_rto_target is 38 s"]),
        ((0, 3600), ["86400 s passed without a backup around b1, and maintenance_rpo_target is 3600 s"]),
    ],
)
def test_a_target_that_is_missed_is_named_with_both_times(targets, missed):
    assert _recovery.missed_targets(DATA, *targets) == missed
    assert _recovery.missed_targets({**DATA, "rto_seconds": None, "rpo_seconds": None}, *targets) == []


def test_only_a_backup_that_does_not_boot_has_failed_by_a_boot():
    details = {"verdict": "does not boot", "backup": "b1", "rpo_seconds": 60.0}

    assert _recovery.failed_boot(details) == {**DATA, "rto_seconds": None, "rpo_seconds": 60.0, "boot": "failed"}
    assert _recovery.failed_boot({**details, "verdict": "corrupt"}) is None
    assert _recovery.failed_boot({}) is None
