# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of convosphere_db_backup without a server: its database is a fake."""

from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import backup_run, creation
from ansible_collections.convosphere.platform.plugins.module_utils._backup.backup_run import BackupRun
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ConvosphereError
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Invocation

from support.backups import NOON

PARAMS = {
    "environment_name": "dev",
    "login_db": "convosphere",
    "state": "present",
    "backup": None,
    "label": None,
    "pinned": None,
    "expected": None,
    "max_age": None,
    "include": ["database"],
    "copy_to": None,
    "recipients": None,
    "retention": None,
    "reuse_unverified": False,
    "force": False,
    "compression_level": 1,
    "dump_timeout": None,
    "freeze": True,
}


class FakeComponent:
    """A component that holds a few bytes and needs no server."""

    kind = "database"
    needs_freeze = is_read_frozen = False
    paused = ()
    needed = 10
    fails = ""

    def __init__(self, *_settings):
        self.closed = False

    def check(self):
        pass

    def expected_bytes(self, _last):
        return self.needed

    def cut(self):
        pass

    def write(self, writer, name):
        file = writer.write(self.kind, f"{name}.dump", step="dump it", source=[b"rows"])
        if self.fails:
            raise ConvosphereError(self.fails)
        return file

    def close(self):
        self.closed = True


@pytest.fixture
def database(monkeypatch):
    """Replace the database by the fake component."""
    monkeypatch.setattr(creation, "COMPONENTS", {FakeComponent.kind: FakeComponent})
    return FakeComponent


@pytest.fixture
def directory(tmp_path):
    """Return the directory of the backups, which does not exist yet."""
    return tmp_path / "backups"


@pytest.fixture
def work(directory, monkeypatch):
    """Build a run with these options."""
    monkeypatch.setattr(creation, "COMPONENTS", {FakeComponent.kind: FakeComponent})
    monkeypatch.setattr(backup_run.server_owner, "refuse_foreign_server", lambda _params: None)

    def build(*, check_mode=False, now=NOON, **options):
        params = {**PARAMS, "backup_dir": str(directory), **options}
        return BackupRun({}, Invocation(params, params, check_mode, print, print), now)

    return build


@pytest.fixture
def run(work):
    """Plan and apply a run with these options, and return the plan."""

    def make(**options):
        one = work(**options)
        try:
            plan = one.plan()
            one.apply(plan)
            return plan
        finally:
            one.close()

    return make
