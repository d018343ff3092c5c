# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe what convosphere_records did by the rules of retention. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

Facts = Mapping[str, Any]
_COLUMNS = ("deleted_at", "run", "rule", "records", "action", "first_at", "last_at")
_DONE = {"archive": "archived", "delete": "deleted", "anonymize": "anonymised"}


def lines(result: Facts, context: Facts) -> list[str]:
    """List the rules with what each did, or would do, and then backup, record and what was not applied."""
    found = [_line("RULE", "RECORDS", "ACTION", "ROWS", "REMAINING", "HELD", "TABLES")]
    for each in result["rules"]:
        tables = ", ".join(f"{count} {name}" for name, count in each["tables"].items())
        rows, remaining, held = (str(each[name]) for name in ("rows", "remaining", "held"))
        found.append(_line(each["rule"], each["records"], each["action"], rows, remaining, held, tables))
    found += result["skipped_rules"]
    if result["backup"]:
        found.append(f"The backup {result['backup']} has what {'would be' if context['check_mode'] else 'was'} deleted")
    if result["backup_missing"]:
        found.append(f"REFUSED without --check: {result['backup_missing']}")
    return [*found, *(f"Recorded in {path}" for path in result["record_files"])]


def summary(result: Facts, context: Facts) -> str:
    """Return one line for the step of the maintenance: what each rule did, and what it left."""
    would = "would be " if context["check_mode"] else ""
    if not result["rules"]:
        return "nothing, because there is no rule"
    counts = [
        f"{each['rows']} {each['records']} {would}{_DONE[each['action']]} ({each['rule']})" for each in result["rules"]
    ]
    held, remaining = (sum(each[name] for each in result["rules"]) for name in ("held", "remaining"))
    counts += [f"{held} are on hold"] if held else []
    counts += [f"{remaining} more have expired, for the next run (limit={result['limit']})"] if remaining else []
    counts += [f"refused without --check: {result['backup_missing']}"] if result["backup_missing"] else []
    return "; ".join([*counts, *result["skipped_rules"]])


def deletion_lines(result: Facts, _context: Facts) -> list[str]:
    """List the deletions that convosphere_deletion_info returned, newest first."""
    found = [
        f"{each['deleted_at']}  {each['rule']}: {_DONE[each['action']]} {_rows(each)}, "
        f"used from {each['first_at']} to {each['last_at']}; run {each['run']}, {_signed(each)}"
        for each in result["deletions"]
    ]
    hidden = result["total"] - len(found)
    return [*found, *([f"and {hidden} older ones"] if hidden else [])] or ["No deletion is recorded"]


def deletion_csv(result: Facts, _context: Facts) -> list[str]:
    """Return the same as lines of CSV, the first of which has the names of the columns."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_COLUMNS, "signed", "tables", "files"])
    for each in result["deletions"]:
        kept = " ".join(f"{file['name']}:{file['sha256']}" for file in each["files"])
        writer.writerow([*(each[name] for name in _COLUMNS), _signed(each), _rows(each), kept])
    return text.getvalue().splitlines()


def _rows(each: Facts) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(each["tables"].items()))


def _signed(each: Facts) -> str:
    return "signed" if each["signed"] else "not signed"


def _line(rule: str, records: str, action: str, rows: str, remaining: str, held: str, tables: str) -> str:
    return f"{rule:<20} {records:<20} {action:<9} {rows:>7} {remaining:>9} {held:>5}  {tables}".rstrip()
