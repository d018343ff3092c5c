# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for tests that run real playbooks; tests/README.md shows how to use them."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import hypothesis
import pytest

from support import law, playbook

# A busy machine is slow, and no test of a property is about time.
hypothesis.settings.register_profile("tree", deadline=None)
hypothesis.settings.load_profile("tree")


def pytest_configure(config: pytest.Config) -> None:
    """End as on Ctrl-C where somebody else ends the run: what a fixture has brought up is taken away first.

    All runs of Ansible in one run of the tests share the modules that they pack, see callback_plugins/recorder.py.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    if not hasattr(config, "workerinput"):  # workers inherit the environment
        os.environ["RECORDER_MODULES"] = tempfile.mkdtemp(prefix="cvtest-modules-")
        config.add_cleanup(partial(shutil.rmtree, os.environ["RECORDER_MODULES"], ignore_errors=True))


@pytest.fixture
def run_playbook(tmp_path: Path) -> Callable[..., playbook.PlaybookRun]:
    """Return support.playbook.run_playbook, in a folder of the test's own."""
    return partial(playbook.run_playbook, folder=tmp_path)


@pytest.fixture
def run_steps(tmp_path: Path) -> Callable[..., playbook.PlaybookRun]:
    """Return support.law.run_steps, in a folder of the test's own."""
    return partial(law.run_steps, folder=tmp_path)


@pytest.fixture
def run_law(tmp_path: Path) -> Callable[..., playbook.PlaybookRun]:
    """Return support.law.run_law, in a folder of the test's own."""
    return partial(law.run_law, folder=tmp_path)


@pytest.fixture
def run_info_law(tmp_path: Path) -> Callable[..., playbook.PlaybookRun]:
    """Return support.law.run_info_law, in a folder of the test's own."""
    return partial(law.run_info_law, folder=tmp_path)
