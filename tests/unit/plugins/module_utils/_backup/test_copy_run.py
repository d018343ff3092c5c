# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of convosphere_db_backup_copy that end early. Its integration test has whole runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import copies
from ansible_collections.convosphere.platform.plugins.module_utils._backup.copy_run import CopyRun
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Invocation
from ansible_collections.convosphere.platform.plugins.module_utils._people import registers
from ansible_collections.convosphere.platform.plugins.module_utils._people.holds import HOLDS, Hold
from ansible_collections.convosphere.platform.plugins.module_utils._people.registers import Directory

from support.backups import NOON, put_backup

HOLD = Hold(
    "user",
    "6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11",
    "Case 4711",
    "eve",
    "2026-11-30T10:00:00Z",
    "2026-11-30T10:00:00.000000Z",
)


class Killed(BaseException):
    """The end of the process."""


def ignore(*_values: Any) -> None:
    """Accept a warning or a secret."""


def test_a_fetched_backup_is_not_complete_before_its_registers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    here, share = tmp_path / "backups", tmp_path / "share"
    put_backup(share, NOON)
    Directory(share).write("holds-dev.json", registers.text_of(HOLDS, [HOLD], "dev"))
    params = {
        "environment_name": "dev",
        "backup": "latest",
        "backup_dir": str(here),
        "copy_from": {"directory": str(share)},
        "copy_to": None,
        "recipients": None,
        "identity_file": None,
        "refresh": False,
    }
    run = CopyRun({}, Invocation(params, params, check_mode=False, warn=ignore, hide=ignore))
    plan = run.plan()
    fetch = copies.fetch

    def fetch_and_end(*arguments: Any) -> None:
        fetch(*arguments)
        raise Killed

    monkeypatch.setattr(copies, "fetch", fetch_and_end)
    with pytest.raises(Killed):
        run.apply(plan)

    assert registers.read(HOLDS, Directory(here), "dev").entries == [HOLD]
