# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import creation
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ConvosphereError

from support.backups import NOON


def test_backups_of_the_same_second_have_ids_of_their_own(work, monkeypatch):
    monkeypatch.setattr(creation, "datetime", SimpleNamespace(now=lambda _zone: NOON))
    made = []
    for _each in range(3):
        one = work()
        one.apply(one.plan())
        one.close()
        made.append(one.backup.manifest.id)

    assert made == [f"convosphere-20261123T120000Z{suffix}" for suffix in ("", "-2", "-3")]
    backups, foreign = one.catalogue.read()
    assert [backup.manifest.id for backup in backups] == made
    assert foreign == []


def test_a_full_disk_is_reported_with_the_bytes_that_are_needed(run, directory, database, monkeypatch):
    directory.mkdir()
    monkeypatch.setattr(database, "needed", 10**18)
    with pytest.raises(ConvosphereError, match=r"it may need 1000000000000000000 bytes, and [0-9]+ are free") as caught:
        run()

    assert caught.value.details["bytes_needed"] == 10**18
