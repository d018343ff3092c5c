# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command in a container printed. The engine is a stand-in: a real one loses output only now and then."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

from ansible_collections.convosphere.platform.plugins.module_utils._engine import execution
from docker.models.containers import ExecResult


def container(*outputs: tuple[bytes | None, bytes | None], code: int | None = 0) -> Any:
    return Mock(name="shop-weaviate-1", exec_run=Mock(side_effect=[ExecResult(code, output) for output in outputs]))


def test_a_command_whose_output_was_lost_runs_again():
    item = container((None, None), (b".\n..\nold\n", None))

    done = execution.read(item, ["ls", "-1a"], user="0")

    assert (done.exit_code, done.output) == (0, b".\n..\nold\n")
    assert item.exec_run.call_count == 2
    assert item.exec_run.call_args.kwargs == {"user": "0", "demux": True}


def test_an_error_is_an_answer_too():
    item = container((None, b"ls: /nowhere: No such file or directory\n"), code=2)

    done = execution.read(item, ["ls", "-1a", "/nowhere"])

    assert (done.exit_code, done.text) == (2, "ls: /nowhere: No such file or directory\n")
    assert item.exec_run.call_count == 1


def test_a_silent_command_is_silent_after_the_last_attempt():
    item = container(*[(None, None)] * execution.ATTEMPTS)

    assert execution.read(item, ["cat", "/dev/null"]).output == b""
    assert item.exec_run.call_count == execution.ATTEMPTS


def test_a_command_that_changes_something_runs_once():
    item = container((None, None), code=None)

    assert execution.run(item, ["rm", "-rf", "--", "/backups/old"]).exit_code == 0
    assert item.exec_run.call_count == 1
