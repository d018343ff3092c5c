# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render a report's document as one page.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._core.html_elements import Html, element, join, moment, text
from ..._core.html_page import page
from ..._core.version import VERSION
from . import page_sections, units


def render(document: Mapping[str, Any]) -> str:
    """Return the text of the page."""
    title = f"{document['environment']}: {document['verdict']['status']}, {document['ended']}"
    sections = [each(document) for each in page_sections.SECTIONS]
    return page(title, _header(document), element("main", *sections), _footer(document))


def _header(document: Mapping[str, Any]) -> Html:
    verdict = document["verdict"]
    where = element(
        "p",
        element("strong", document["environment"]),
        " · maintenance of ",
        moment(document["ended"]),
        f" UTC, {units.duration(document['seconds'])}",
        f" · run {document['run']}",
        f" by {document['operator']}" if document["operator"] else None,
        class_="where",
    )
    return element(
        "header", where, element("h1", verdict["line"], class_=verdict["status"]), page_sections.findings_list(document)
    )


def _footer(document: Mapping[str, Any]) -> Html:
    previous = document["previous_run"]
    return element(
        "footer",
        join(
            [
                text(f"Written by convosphere.platform {VERSION}. Times are in UTC. "),
                text(f"The previous report is of run {previous}." if previous else "This is the first report."),
            ]
        ),
    )
