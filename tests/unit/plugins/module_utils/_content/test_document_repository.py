# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from unittest.mock import Mock

from ansible_collections.convosphere.platform.plugins.module_utils._content import domain_resources
from ansible_collections.convosphere.platform.plugins.module_utils._content.document_repository import (
    DocumentRepository,
)


def test_only_a_deletion_needs_the_tables_of_domain_groups():
    database = Mock()
    repository = DocumentRepository(database, {})
    repository.missing_rights(deletes=False)
    repository.missing_rights(deletes=True)

    first, second = (call.args[0] for call in database.missing_rights.call_args_list)
    assert "documents" in first
    assert second == {**first, **dict.fromkeys(domain_resources.SHARED, "SELECT, DELETE")}
    assert not set(domain_resources.SHARED) & set(first)
