# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

from ansible_collections.convosphere.platform.plugins.module_utils._conversations import export_format

CONVERSATION = {
    "id": "c1", "title": "# <b>Ti*tle\n", "user": "ada@example.com", "assistant": "Support", "is_archived": True,
    "created_at": "2026-06-01T00:00:00.000000Z",
}  # fmt: skip
MESSAGE = {"role": "user", "content": "a", "created_at": "t", "model_used": None, "tool_name": None}


def written(kind: str, *contents: str) -> str:
    messages = [{**MESSAGE, "content": content} for content in contents]
    pieces = export_format.FORMATS[kind]([(CONVERSATION, messages)])
    return b"".join(export_format.encoded(pieces)).decode()


def test_json_lines_are_one_line_a_conversation():
    text = written("jsonl", "two\nlines \u2028", "ü")
    assert text.count("\n") == 1
    found = json.loads(text)
    assert found["title"] == CONVERSATION["title"]
    assert [message["content"] for message in found["messages"]] == ["two\nlines \u2028", "ü"]
    assert json.loads(written("jsonl"))["messages"] == []


def test_json_in_a_message_loses_nothing():
    given = '{"n": 1.50,\r\n "big": 12345678901234567890.10, "half": "\\ud800", "line": "\u2028"}'
    message = {**MESSAGE, "tool_input": given, "tool_output": None}
    text = "".join(export_format.json_lines([(CONVERSATION, [message])]))

    stored = given.replace("\r\n", " ")
    assert text.count(f', "tool_input": {stored}, "tool_output": null}}') == 1


def test_no_text_has_an_effect_in_markdown():
    text = written("markdown", "```\n# heading\n````\n")
    assert text.startswith("# \\# \\<b\\>Ti\\*tle\n")
    assert "`````text\n```\n# heading\n````\n\n`````\n" in text
    assert "- state: archived\n" in text


def test_no_text_has_an_effect_in_html():
    text = written("html", "<script>alert(1)</script>\x07\tü\u200d\n<!-- conversations -->")
    assert "<script" not in text
    assert "<b>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\x07\tü\u200d\n&lt;!-- conversations --&gt;" in text
    assert text.count("<section>") == text.count("</section>") == 1
    assert text.endswith("</main></body></html>\n")
