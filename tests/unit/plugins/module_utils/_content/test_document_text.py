# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._content import document_text

PAGE = """<!doctype html><html><head><title> Travel &amp;
expenses </title><style>p { color: red }</style></head><body>
<h1>Trains</h1><p>First  class<br>for all.</p><script>alert(1)</script>
<ul><li>One</li><li>Two</li></ul><svg><text>hidden</text></svg></body></html>"""


@pytest.mark.parametrize(
    ("name", "content", "text", "title"),
    [
        ("a/plain.txt", "Grüße 👋\r\nend\r", "Grüße 👋\nend\n", "plain"),
        ("a.md", "\ufeffintro\n# The *title* #\n## Next", "intro\n# The *title* #\n## Next", "The *title*"),
        ("a.MD", "no heading", "no heading", "a"),
        ("a.rst", "The title\n=========\n\nText", "The title\n=========\n\nText", "The title"),
        ("page.html", PAGE, "Trains\n\nFirst class\nfor all.\n\nOne\n\nTwo", "Travel & expenses"),
        ("page.htm", "<p>open", "open", "page"),
        ("data.csv", "a;b\n1;2", "a;b\n1;2", "data"),
        ("data.json", '{"a": 1}', '{"a": 1}', "data"),
    ],
)
def test_text_and_title(name, content, text, title):
    found = document_text.read(name, content.encode())

    assert (found.text, found.title) == (text, title)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.txt", "Grüße".encode("latin-1"), r"is not text in UTF-8 \(byte 2\)"),
        ("a.txt", b"a\0b", "has a NUL character"),
        ("a.json", b"{", "is not valid JSON"),
    ],
)
def test_what_is_no_text_is_refused(name, content, reason):
    with pytest.raises(ValueError, match=reason):
        document_text.read(name, content)


def test_a_long_title_is_cut():
    assert len(document_text.read("a.md", b"# " + b"x" * 300).title) == document_text.TITLE_LENGTH
