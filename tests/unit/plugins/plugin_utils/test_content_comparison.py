# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _content_comparison

NOTHING: dict[str, Any] = {"created": [], "updated": {}, "deleted": [], "unchanged": [], "ids": {}}
CONTENT: dict[str, Any] = {
    "results": {
        "tags": {**NOTHING, "created": ["faq"], "updated": {"hr": ["color"]}, "ids": {"hr": "1"}},
        "ai_models": {**NOTHING, "deleted": ["p/old"], "ids": {"p/new": "8"}},
        "knowledge_settings": {**NOTHING, "updated": {"knowledge_settings": ["chunk_size"]}},
        "tools": {"skipped": True},
    },
    "rows": {
        "tags": [
            {"id": "1", "name": "hr", "list_name": "content"},
            {"id": "2", "name": "by hand", "list_name": None},
            {"id": "3", "name": "of another list", "list_name": "staff"},
            {"id": "4", "name": "dropped", "list_name": "content"},
        ],
        "ai_models": [
            {"id": "5", "provider": "p", "model_key": "old", "list_name": None},
            {"id": "6", "provider": "p", "model_key": "gone", "list_name": "content"},
        ],
        "tools": [{"id": "7", "function_name": "search", "list_name": None}],
        "knowledge_settings": {"chunk_size": 500},
    },
}


def test_each_difference_is_named_once_and_rows_made_by_hand_are_apart():
    assert list(_content_comparison.differences(CONTENT)) == [
        ("tag faq", "create", "declared, and not in the database"),
        ("tag hr", "update", "color"),
        ("tag dropped", "delete", "created by a content file, and not declared any more"),
        ("model p/old", "delete", "in the database, and declared as absent"),
        ("model p/gone", "delete", "created by a content file, and not declared any more"),
        ("knowledge settings", "update", "chunk_size"),
    ]
    assert _content_comparison.unmanaged(CONTENT) == ["tag by hand", "tag of another list"]
    assert _content_comparison.counts(CONTENT) == {"created": 1, "updated": 2, "deleted": 1}


def test_of_a_section_without_an_entry_that_is_present_nothing_is_deleted():
    rows = [{"id": "1", "name": "hr", "list_name": "content"}, {"id": "2", "name": "faq", "list_name": "content"}]
    empty = {"results": {"tags": NOTHING}, "rows": {"tags": rows}}
    only_absent = {"results": {"tags": {**NOTHING, "deleted": ["hr"]}}, "rows": {"tags": rows}}

    assert list(_content_comparison.differences(empty)) == []
    assert _content_comparison.unmanaged(empty) == ["tag hr", "tag faq"]
    assert list(_content_comparison.differences(only_absent)) == [
        ("tag hr", "delete", "in the database, and declared as absent")
    ]
    assert _content_comparison.unmanaged(only_absent) == ["tag faq"]


def test_without_a_content_file_there_is_nothing_to_compare():
    assert list(_content_comparison.differences({})) == []
    assert _content_comparison.unmanaged({}) == []
    assert _content_comparison.counts({}) is None
