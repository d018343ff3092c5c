# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of temporary indexes. The indexes are covered by tests/integration/test_convosphere_person_erasure.py."""

from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.module_utils._people import temporary_index


def test_a_name_fits_and_is_that_of_its_column():
    assert temporary_index.name_of("messages", "conversation_id") == ("convosphere_temporary_messages_conversation_id")
    long = [temporary_index.name_of("t" * 60, column) for column in ("user_id", "added_by")]
    assert len(set(long)) == 2
    assert {len(name) for name in long} == {63}
