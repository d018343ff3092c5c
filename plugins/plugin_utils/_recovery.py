# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the measured times of a recovery with their targets. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: What a result of convosphere_db_backup_verify says of the boot.
NOT_ASKED, FAILED = "not_asked", "failed"
#: The verdict of that module on a backup that restores and does not boot.
DOES_NOT_BOOT = "does not boot"


def verification_data(result: Mapping[str, Any], level: str) -> dict[str, Any]:
    """Return ``{level, backup, rto_seconds, rpo_seconds, boot}`` of the newest verified backup in a result."""
    backup = result["backups"][-1]
    proof = (backup.get("proof") or {}) if level == "boot" else {}
    return {
        "level": level,
        "backup": backup["id"],
        "rto_seconds": proof.get("rto_seconds"),
        "rpo_seconds": proof.get("rpo_seconds"),
        "boot": proof.get("result", NOT_ASKED),
    }


def failed_boot(details: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the same of a verification that failed because the backup does not boot; None for any other failure."""
    if details.get("verdict") != DOES_NOT_BOOT or "backup" not in details:
        return None
    times = {"rto_seconds": None, "rpo_seconds": details.get("rpo_seconds")}
    return {"level": "boot", "backup": details["backup"], **times, "boot": FAILED}


def missed_targets(data: Mapping[str, Any], rto_target: float, rpo_target: float) -> list[str]:
    """Return a sentence for each target that is missed. Targets are in seconds; 0 means no target."""
    name, problems = data["backup"], []
    rto, rpo = data["rto_seconds"], data["rpo_seconds"]
    if rto_target and rto is not None and rto > rto_target:
        problems.append(
            f"{name} served {rto:.0f} s after the restore began, and maintenance_rto_target is {rto_target:.0f} s"
        )
    if rpo_target and rpo is not None and rpo > rpo_target:
        problems.append(
            f"{rpo:.0f} s passed without a backup around {name}, and maintenance_rpo_target is {rpo_target:.0f} s"
        )
    return problems
