# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._restore.server_rights import Rights, read


def rights(**more: Any) -> Rights:
    plain: dict[str, Any] = {"is_superuser": False, "may_create_databases": True, "may_create_roles": False}
    return Rights(**{"role": "ten'ant", **plain, "owner": "ten'ant", "is_owner": True, **more})


@pytest.mark.parametrize("more", [{}, {"owner": None, "is_owner": False}])
def test_createdb_and_the_own_database_are_enough(more):
    rights(**more).refuse_verification()
    rights(**more).refuse_restore("live")


def test_a_superuser_needs_nothing_else():
    found = rights(is_superuser=True, may_create_databases=False, owner="other", is_owner=False)

    found.refuse_verification()
    found.refuse_restore("live")
    found.refuse_roles(["reader"])


def test_a_verification_without_createdb_names_the_right_and_the_ways():
    with pytest.raises(InputError) as caught:
        rights(may_create_databases=False).refuse_verification()

    found = str(caught.value)
    assert found.startswith("The role ten'ant may not create databases (CREATEDB), such as the side database that a ")
    assert "These backups were not verified. Next: have an administrator of the server run ALTER ROLE " in found
    assert '"ten\'ant" CREATEDB, or read the files only, by level: checksum.' in found
    assert "without CREATEDB it needs skip_backup_gate: true" in found


def test_a_rehearsal_without_createdb_names_the_right():
    rights().refuse_rehearsal()
    with pytest.raises(InputError) as caught:
        rights(may_create_databases=False).refuse_rehearsal()

    assert "the side database that a rehearsal loads the backup into. Nothing was changed. Next: " in str(caught.value)


def test_a_restore_names_all_that_is_missing():
    with pytest.raises(InputError) as caught:
        rights(may_create_databases=False, owner="other", is_owner=False).refuse_restore("live")

    assert "may not create databases (CREATEDB)" in str(caught.value)
    assert "may not rename the database live, which a restore keeps under another name: its owner is other" in str(
        caught.value
    )
    assert 'run ALTER ROLE "ten\'ant" CREATEDB and GRANT "other" TO "ten\'ant", or restore by' in str(caught.value)


def test_a_restore_of_a_database_of_another_role_needs_that_role_alone():
    with pytest.raises(InputError) as caught:
        rights(owner="other", is_owner=False).refuse_restore("live")

    assert 'run GRANT "other" TO "ten\'ant", or restore by' in str(caught.value)


def test_roles_are_created_with_createrole_only():
    with pytest.raises(InputError, match=r"may not create roles \(CREATEROLE\), and the backup needs reader, writer"):
        rights().refuse_roles(["reader", "writer"])
    rights().refuse_roles([])
    rights(may_create_roles=True).refuse_roles(["reader"])


def test_the_rights_are_read_for_the_live_database():
    asked = []

    def fetch(_statement: str, values: Any) -> list[Any]:
        asked.append(values)
        return [("ten'ant", False, True, False, "other", False)]

    assert read(fetch, "live") == rights(owner="other", is_owner=False)
    assert asked == [("live",)]
