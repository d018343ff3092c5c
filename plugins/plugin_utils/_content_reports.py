# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe the results of content.yml and content_export.yml in lines of text. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils._content_sections import SECTIONS

Facts = Mapping[str, Any]
COUNTS = ("created", "updated", "deleted", "unchanged")
#: How many files that an export does not name are listed.
SHOWN = 20


def changes(result: Facts, _context: Facts) -> list[str]:
    """Return a table with the numbers of rows by section. Sections that the file does not have are left out."""
    rows = [(name, found) for name, found in numbers(result).items() if found]
    if not rows:
        return ["The content file has no section"]
    table = [_row("SECTION", *(count.upper() for count in COUNTS))]
    table += [_row(name, *(str(found[count]) for count in COUNTS)) for name, found in rows]
    return [*table, *_registered(result)]


def numbers(result: Facts) -> dict[str, Counter[str]]:
    """Return the numbers of rows by section; of documents those of all folders, of servers those of all hosts."""
    found: dict[str, Counter[str]] = {}
    for section in SECTIONS:
        for each in results(result.get(section.name) or {}):
            counts = found.setdefault(section.name, Counter())
            counts.update({count: len(each[count]) for count in COUNTS})
    return found


def results(registered: Facts) -> list[Facts]:
    """Return what a module returned in one task, or in each round of a loop. Skipped tasks returned nothing."""
    several: Sequence[Facts] = registered.get("results", [registered])
    return [each for each in several if "created" in each]


def _row(name: str, *cells: str) -> str:
    return f"{name:<18} {' '.join(f'{cell:>9}' for cell in cells)}"


def _registered(result: Facts) -> list[str]:
    every = results(result.get("mcp_servers") or {})
    names = dict.fromkeys(name for each in every for name in each["registered"])
    return [f"Registered again: {', '.join(names)}"] if names else []


def export(result: Facts, context: Facts) -> list[str]:
    """Return the numbers of exported rows, the place of the files, and those of texts that are not used any more.

    ``result`` is what the lookup content_files returned, ``context`` has ``path``, ``documents`` and ``check_mode``.
    """
    counts = ", ".join(f"{number} {name}" for name, number in result["counts"].items())
    differing = len(result["write"])
    written = "would be written" if context["check_mode"] else "written"
    lines = [f"{counts or 'no content'} in {context['path']}: {result['files']} files, {differing} {written}"]
    documents = context["documents"]
    if documents.get("documents"):
        lines.append(f"{len(documents['documents'])} files of documents, {len(documents['written'])} {written}")
    lines += result["notes"]
    unused = result["unused"]
    lines += [f"Not used any more: {path}" for path in unused[:SHOWN]]
    return lines + ([f"and {len(unused) - SHOWN} more"] if len(unused) > SHOWN else [])
