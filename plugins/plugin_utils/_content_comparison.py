# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the content of an environment with its content file, for plan.yml and drift.yml. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _content_reports
from ansible_collections.convosphere.platform.plugins.plugin_utils._content_sections import SECTIONS, Section

Facts = Mapping[str, Any]
#: The list of the rows that content files create, see the option list_name of the modules.
LIST = "content"


def differences(content: Facts) -> Iterator[tuple[str, str, str]]:
    """Yield object, action and reason of each difference.

    ``content`` has the ``results`` of the modules in check mode, without pruning, and the current ``rows`` with their
    ids, both by section.
    """
    for section, result in _results(content):
        for title in result["created"]:
            yield _object(section, title), "create", "declared, and not in the database"
        for title, fields in result["updated"].items():
            yield _object(section, title), "update", ", ".join(fields)
        for title in result["deleted"]:
            yield _object(section, title), "delete", "in the database, and declared as absent"
        for row in _undeclared(content, section, result):
            if row["list_name"] == LIST and _prunes(result):
                reason = "created by a content file, and not declared any more"
                yield _object(section, section.title_of(row)), "delete", reason


def unmanaged(content: Facts) -> list[str]:
    """Return the objects of the file's sections that it does not declare, and that content.yml does not delete.

    No content file created them, or the section has no entry that is present.
    """
    return [
        _object(section, section.title_of(row))
        for section, result in _results(content)
        for row in _undeclared(content, section, result)
        if row["list_name"] != LIST or not _prunes(result)
    ]


def counts(content: Facts) -> dict[str, int] | None:
    """Return how many rows content.yml would create, update and delete; None without a content file."""
    numbers = _content_reports.numbers(content.get("results") or {})
    if not numbers:
        return None
    return {key: sum(found[key] for found in numbers.values()) for key in ("created", "updated", "deleted")}


def _results(content: Facts) -> list[tuple[Section, Facts]]:
    every = content.get("results") or {}
    return [
        (section, result) for section in SECTIONS for result in _content_reports.results(every.get(section.name) or {})
    ]


def _prunes(result: Facts) -> bool:
    """Return whether the section has an entry that is present: without one content.yml prunes nothing."""
    return bool(result["ids"] or result["created"])


def _undeclared(content: Facts, section: Section, result: Facts) -> list[Facts]:
    if section.entity is None or section.single:
        return []
    declared = {*result["ids"].values(), *result["deleted"]}
    rows = (content.get("rows") or {}).get(section.name) or ()
    return [row for row in rows if row["id"] not in declared and section.title_of(row) not in declared]


def _object(section: Section, title: str) -> str:
    return section.singular if section.single else f"{section.singular} {title}"
