# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.module_utils._core import version

from support.collection import ROOT, load_yaml


def test_the_version_is_the_one_of_the_collection():
    assert load_yaml(ROOT / "galaxy.yml")["version"] == version.VERSION
