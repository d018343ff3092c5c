# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which directories of kept files are deleted."""

from __future__ import annotations

import subprocess
import sys

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._app import uploads

OLD, NEW, STAGED = ".convosphere_before_20260102T030405Z", ".convosphere_before_20260103T030405Z", ".convosphere_new_0a"


@pytest.mark.parametrize(
    ("arguments", "left"),
    [((OLD,), [NEW, STAGED, "mine"]), ((uploads._NEW,), [OLD, NEW, "mine"]), ((OLD[:-1],), [OLD, NEW, STAGED, "mine"])],
    ids=["a name", "a prefix", "a part of a name"],
)
def test_only_named_directories_are_deleted(tmp_path, arguments, left):
    for name in (OLD, NEW, STAGED, "mine"):
        (tmp_path / name / "deep").mkdir(parents=True)

    subprocess.run([sys.executable, "-c", uploads._DISCARD, str(tmp_path), *arguments], check=True)

    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(left)
