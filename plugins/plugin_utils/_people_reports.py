# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe the results of person.yml in lines of text. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible.module_utils.common.text.formatters import bytes_to_human

Facts = Mapping[str, Any]
#: How many rows of others, or backups, are listed.
SHOWN = 10


def person(result: Facts, context: Facts) -> list[str]:
    """Describe an export, a hold or an erasure, by the ``action`` and ``who`` of the ``context``."""
    if context["action"] == "export":
        return list(_export(result, context))
    if context["action"] == "erase":
        return list(_erasure(result, context))
    return list(_hold(result, context))


def _export(result: Facts, context: Facts) -> Iterator[str]:
    would = "would be " if context["check_mode"] else ""
    size = "" if context["check_mode"] else f", {bytes_to_human(result['bytes'])}, sha256 {result['sha256']}"
    yield f"{context['who']} {would}exported to {result['path']}{size}"
    yield f"{_counts(result['rows'])} of the person, {result['files']} files, {result['objects']} objects of vectors"
    if result["mentions"]:
        yield f"{_counts(result['mentions'])} of others name the person. Read mentions/ before you hand the archive on"
    yield from (f"Missing: {text}" for text in result["missing_files"])


def _hold(result: Facts, context: Facts) -> Iterator[str]:
    done = "placed on hold" if context["action"] == "hold" else "released"
    state = "on hold" if context["action"] == "hold" else "not on hold"
    would = "would be " if context["check_mode"] else ""
    yield f"{context['who']} {would}{done}" if result["changed"] else f"{context['who']} is {state} already"
    yield f"{len(result['holds'])} holds in {context['environment']}"
    for each in result["holds"]:
        yield f"  {each['kind']} {each['id']} since {each['since']} by {each['held_by']}: {each['reason']}"
    yield f"Holds: {', '.join([result['file'], *result['file_copies']])}. A restore of an older backup keeps them"


def _erasure(result: Facts, context: Facts) -> Iterator[str]:
    would = "would be " if context["check_mode"] else ""
    if result["deleted"] or result["updated"]:
        yield f"{context['who']} {would}erased ({result['mode']}) from {context['environment']}"
        yield f"{would}deleted: {_by_table(result['deleted'])}; {result['files']} files, {result['objects']} vectors"
        yield f"{would}changed: {_by_table(result['updated'])}"
    else:
        yield f"{context['who']} was erased ({result['mode']}) at {result['erased_at']}"
    yield from (f"File not in the uploads: {path}" for path in result["unreachable_files"])
    yield from _leftovers(result)
    places = ", ".join([result["ledger"], *result["ledger_copies"]])
    yield f"Ledger: {places}. A restore of an older backup erases the person again"
    yield from _backups(result["backups"])
    yield from (
        f"{name}, which a restore has kept, may have the person: restore_discard.yml"
        for name in result["kept_databases"]
    )


def _leftovers(result: Facts) -> Iterator[str]:
    if not result["leftovers"]:
        yield "No other row has the id or the address in its text"
        return
    yield f"{_counts(result['leftovers'])} of others still name the person in a text, and were not changed:"
    rows = result["leftover_rows"]
    yield from (f"  {row['table']} {row['id']}" for row in rows[:SHOWN])
    more = sum(result["leftovers"].values()) - len(rows[:SHOWN])
    if more:
        yield f"  and {more} more"


def _backups(backups: Facts) -> Iterator[str]:
    ids = backups["ids"]
    if not ids:
        yield "No backup has the person"
        return
    if backups["until"]:
        until = f"until {backups['until']} by the retention"
    else:
        until = f"until they are deleted; pinned: {', '.join(backups['pinned']) or '-'}"
    more = f", and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
    yield f"{len(ids)} backups have the person, {until}: {', '.join(ids[:SHOWN])}{more}"


def _counts(tables: Mapping[str, int]) -> str:
    total = sum(tables.values())
    return f"{total} rows of {len(tables)} tables"


def _by_table(tables: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {table}" for table, number in sorted(tables.items())) or "nothing"
