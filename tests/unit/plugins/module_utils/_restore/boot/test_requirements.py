# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a boot needs of the disk of Docker Engine. The engine is mocked: its disk cannot be filled here."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._restore.boot import requirements
from ansible_collections.convosphere.platform.plugins.module_utils._restore.boot.verdict import UnknownError


def backup_of(**sizes: int) -> Any:
    files = [SimpleNamespace(kind=kind, size=size) for kind, size in sizes.items()]
    return SimpleNamespace(manifest=SimpleNamespace(files=files))


def test_vectors_that_would_fill_the_disk_of_the_engine_are_no_verdict(tmp_path, monkeypatch):
    monkeypatch.setattr(requirements, "STAYS_FREE", 0)
    means: Any = SimpleNamespace(client=SimpleNamespace(info=lambda: {"DockerRootDir": str(tmp_path)}))

    requirements.refuse_little_disk(means, [backup_of(database=2**60), backup_of(vectors=1)])
    with pytest.raises(UnknownError, match=f"Docker Engine, under {tmp_path}, which has") as caught:
        requirements.refuse_little_disk(means, [backup_of(vectors=1), backup_of(vectors=2**60)])

    assert caught.value.details["verdict"] == "could not tell"


def test_without_vectors_the_engine_is_not_asked():
    means: Any = SimpleNamespace(client=None)

    requirements.refuse_little_disk(means, [backup_of(database=2**60)])
