# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is killed between two files. systemctl is replaced here; tests/integration has the real one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core import files
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import Plan, make_plan
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Invocation
from ansible_collections.convosphere.platform.plugins.module_utils._host import timer_run

NAME = "convosphere-prod-nightly"
OPTIONS: dict[str, Any] = {
    "environment_name": "prod",
    "timers": [],
    "state": "present",
    "user": "ansible",
    "working_directory": "/srv",
    "timeout": 60,
    "randomized_delay": 0,
    "on_failure": None,
}


def apply(folder: Path, plan: Plan) -> None:
    params = {**OPTIONS, "directory": str(folder)}
    timer_run.SystemdTimers(Invocation(params, params, check_mode=False, warn=print, hide=print)).apply(plan)


@pytest.mark.parametrize(
    ("killed_in", "plan"),
    [
        ("write_text", make_plan({NAME: {"timer": ["[Timer]"], "service": ["[Service]"]}}, {})),
        ("remove", make_plan({NAME: None}, {NAME: {"timer": [], "service": []}})),
    ],
)
def test_after_a_kill_between_two_files_the_timer_is_there_by_which_the_next_run_knows_them(
    tmp_path, monkeypatch, killed_in, plan
):
    if killed_in == "remove":
        for suffix in ("timer", "service"):
            (tmp_path / f"{NAME}.{suffix}").write_text("")
    real, ran = getattr(files, killed_in), []

    def killed(path: Path, *more: str) -> None:
        if path.parent == tmp_path and ran:
            raise KeyboardInterrupt
        ran.extend([path] if path.parent == tmp_path else [])
        real(path, *more)

    monkeypatch.setattr(timer_run, "_systemctl", lambda *_arguments: None)
    monkeypatch.setattr(files, killed_in, killed)

    with pytest.raises(KeyboardInterrupt):
        apply(tmp_path, plan)

    assert [path.name for path in tmp_path.iterdir()] == [f"{NAME}.timer"]
