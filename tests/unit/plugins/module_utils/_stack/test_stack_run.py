# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core import files, locks
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ConvosphereError
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Invocation
from ansible_collections.convosphere.platform.plugins.module_utils._engine import client as engine_client
from ansible_collections.convosphere.platform.plugins.module_utils._stack.deploy_options import STACK_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._stack.deploy_run import DeployRun
from ansible_collections.convosphere.platform.plugins.module_utils._stack.stack_run import StackRun


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: Any) -> None:
    for name in ("connect", "connect_if_there"):
        monkeypatch.setattr(engine_client, name, Mock(return_value=None))


def run(directory: Path, *, check_mode: bool = False) -> StackRun:
    params = {
        "project_name": "p",
        "environment_name": "dev",
        "project_src": str(directory),
        "docker_host": "unix:///x",
        "timeout": 1,
    }
    return StackRun(Invocation(params, given={}, check_mode=check_mode, warn=Mock(), hide=Mock()))


def test_the_lock_is_taken_at_the_start_and_released_at_the_end(tmp_path):
    first, second = run(tmp_path), run(tmp_path)
    assert list(tmp_path.iterdir()) == []  # a constructor does nothing

    first.start()
    with pytest.raises(ConvosphereError, match="Another run is changing the stack p"):
        second.start()
    second.close()
    assert locks.is_locked(tmp_path / locks.LOCK)
    first.close()
    second.start()
    second.close()

    assert not locks.is_locked(tmp_path / locks.LOCK)


def test_what_a_killed_run_was_writing_is_removed_under_the_lock(tmp_path):
    (tmp_path / f"{files.TEMPORARY}12345678").touch()
    started = run(tmp_path)

    started.start()
    started.close()

    assert [path.name for path in tmp_path.iterdir()] == [locks.LOCK]


def test_check_mode_takes_no_lock(tmp_path):
    started = run(tmp_path, check_mode=True)

    started.start()
    started.close()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("holds", [False, True])
def test_a_rotation_of_secrets_that_is_held_is_left_to_a_later_deploy(tmp_path, holds):
    options = {name: option.get("default") for name, option in STACK_OPTIONS.items()}
    params = {**run(tmp_path).params, **options, "hold_rotation": holds}

    deploy = DeployRun(Invocation(params, given={}, check_mode=False, warn=Mock(), hide=Mock()))

    assert deploy.stack.secrets.rotates is not holds
