# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _content_reports

DONE: dict[str, Any] = {"created": ["a", "b"], "updated": {"c": ["color"]}, "deleted": [], "unchanged": ["d"]}


def test_the_sections_of_a_run_are_a_table_in_their_order():
    nothing = {"created": [], "updated": {}, "deleted": [], "unchanged": []}
    servers = {"results": [{**nothing, "registered": ["wiki"]}, {**nothing, "registered": ["wiki"]}]}
    folders = {"results": [DONE, DONE]}
    skipped = {"skipped": True}
    result = {"mcp_servers": servers, "documents": folders, "tools": skipped, "assistants": {}, "tags": DONE}

    assert _content_reports.changes(result, {}) == [
        "SECTION              CREATED   UPDATED   DELETED UNCHANGED",
        "tags                       2         1         0         1",
        "documents                  4         2         0         2",
        "mcp_servers                0         0         0         0",
        "Registered again: wiki",
    ]
    assert _content_reports.changes({}, {}) == ["The content file has no section"]


def test_an_export_names_its_files_and_those_that_it_does_not_use():
    unused = [f"/c/prompts/{number}.md" for number in range(21)]
    counts = {"tags": 2, "knowledge_settings": 1}
    found = {"write": [{}], "files": 3, "unused": unused, "counts": counts, "notes": ["Not exported: x"]}
    documents = {"documents": [{}, {}], "written": ["a.md"]}
    context = {"path": "/c/prod.yml", "documents": documents, "check_mode": False}

    lines = _content_reports.export(found, context)

    assert lines[0] == "2 tags, 1 knowledge_settings in /c/prod.yml: 3 files, 1 written"
    assert lines[1:4] == ["2 files of documents, 1 written", "Not exported: x", "Not used any more: /c/prompts/0.md"]
    assert lines[22:] == ["Not used any more: /c/prompts/19.md", "and 1 more"]
    nothing = {"write": [], "files": 1, "unused": [], "counts": {}, "notes": []}
    assert _content_reports.export(nothing, {**context, "documents": {}, "check_mode": True}) == [
        "no content in /c/prod.yml: 1 files, 0 would be written"
    ]
