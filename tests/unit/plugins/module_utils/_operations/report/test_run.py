# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Invocation
from ansible_collections.convosphere.platform.plugins.module_utils._operations.report import metrics
from ansible_collections.convosphere.platform.plugins.module_utils._operations.report.run import ReportRun

from support import reports


def plan(folder: Path, **more: Any) -> None:
    directories = {"project_src": folder / "stack", "backup_dir": folder / "backups", "reports_dir": folder / "reports"}
    params = reports.options(**{name: str(path) for name, path in directories.items()}, **more)
    ReportRun(Invocation(params, params, check_mode=True, warn=print, hide=print)).plan()


def test_metrics_of_another_environment_are_not_replaced(tmp_path):
    shared = tmp_path / "convosphere.prom"
    shared.write_text(metrics.render({**reports.document(), "environment": "prod-eu"}))

    with pytest.raises(InputError, match="has other metrics than those of prod"):
        plan(tmp_path, metrics_file=str(shared))


def test_the_file_of_the_metrics_is_an_absolute_path(tmp_path):
    with pytest.raises(InputError, match=r"metrics_file is convosphere\.prom, which is no absolute path"):
        plan(tmp_path, metrics_file="convosphere.prom")
