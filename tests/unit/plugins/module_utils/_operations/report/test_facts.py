# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.module_utils._operations.report import facts
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import DATABASE_OPTIONS

from support import reports
from support.backup_files import backup_files


def test_a_backup_from_the_future_is_named_and_is_not_the_newest_one(tmp_path):
    for identifier in ("convosphere-20250101T000000Z", "convosphere-20990101T000000Z"):
        backup_files(tmp_path / "backups", identifier, environment="prod")
    backup_files(tmp_path / "backups", "convosphere-20250102T000000Z", environment="dev")
    places = {"backup_dir": str(tmp_path / "backups"), "project_src": str(tmp_path / "stack")}
    login = {name: option.get("default") for name, option in DATABASE_OPTIONS.items()}

    found = facts.read(reports.options(**places, **{**login, "login_port": 9, "login_password": "x"}), None)

    assert [each["id"] for each in found.backups] == ["convosphere-20250101T000000Z"]
    assert [each["what"] for each in found.unread[1:]] == ["the database"]
    assert found.unread[0] == {
        "what": "the backup convosphere-20990101T000000Z",
        "reason": "it is dated into the future, 2099-01-01T00:00:00Z: check the clock of the host",
    }
