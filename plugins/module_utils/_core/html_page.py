# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frame a page: nothing is loaded from anywhere, and nothing in it runs.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from typing import Any

from .html_elements import Html, element
from .html_style import STYLE

#: A browser neither runs a script in it nor loads anything, even if a text in it asks for that.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(title: str, *body: Any, style: str = "") -> str:
    """Return the text of a page; ``style`` is added to the style of all pages."""
    html = element("html", head(title, style), element("body", *body), lang="en")
    return f"<!DOCTYPE html>\n{html}\n"


def head(title: str, style: str = "") -> Html:
    """Return the head of a page."""
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("link", rel="icon", href="data:,"),
        element("title", title),
        element("style", Html(STYLE + style)),
    )
