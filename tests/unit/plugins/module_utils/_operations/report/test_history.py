# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.module_utils._operations.report import history

from support import reports


def run(number: int) -> dict[str, object]:
    return {"run": str(number), "at": reports.at(number), "seconds": 1}


def test_backups_that_retention_deleted_stay_in_the_curve_and_a_repeated_run_is_one_point():
    first = {"history": history.continued(None, run(1), [reports.backup(0), reports.backup(1)])}
    second = history.continued(first, run(2), [reports.backup(2)])

    assert [point["at"] for point in second["backups"]] == [reports.at(0), reports.at(1), reports.at(2)]
    assert history.continued({"history": second}, run(2), [reports.backup(2)]) == second


def test_a_year_is_kept():
    found = None
    for number in range(history.POINTS + 3):
        found = {"history": history.continued(found, run(number), [])}

    assert found is not None
    assert [point["run"] for point in found["history"]["runs"]][:1] == ["3"]
    assert len(found["history"]["runs"]) == history.POINTS


def test_a_recovery_is_a_proof_that_passed_and_measured_it():
    proofs = [
        reports.proof(0.2),
        reports.proof(0.1, rto_seconds=90.5),
        reports.proof(0.3, result="failed"),
        reports.proof(0.4, rto_seconds=None),
    ]

    found = history.recoveries([reports.backup(proofs=proofs)])
    assert [point["rto_seconds"] for point in found] == [90.5, 118.0]
