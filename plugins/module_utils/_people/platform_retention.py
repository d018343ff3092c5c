# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the platform's own retention rules of audit rows, which the platform itself never runs. Pure.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from .retention_rules import AUDIT_LOGS, EXTENDED_AUDIT_LOGS, KEEP, KINDS, MOST_DAYS, Rule

TABLE = "audit_retention_rules"
COLUMNS = (
    *("name", "event_types", "event_categories", "severity_levels", "compliance_frameworks", "data_classification"),
    *("retention_days", "legal_hold", "action_on_expiry"),
)
#: Conditions that rows of audit_logs have no column for.
_UNKNOWN = ("event_categories", "compliance_frameworks", "data_classification")
#: The columns of audit rows by which a rule chooses, by its own column. Both are enums, of which labels are upper case.
CHOSEN_BY = {"event_types": "event_type", "severity_levels": "severity"}
_ACTIONS = {"archive": "archive", "delete": "delete", "anonymize": "anonymize", "anonymise": "anonymize"}


def read(
    rows: Iterable[Mapping[str, Any]], labels: Mapping[str, Collection[str]]
) -> tuple[list[Rule], list[Rule], list[str]]:
    """Return the legal holds, the other rules, and a sentence for each rule that is not applied.

    ``rows`` are the enabled ones by COLUMNS, with their JSON parsed, and ``labels`` those that exist, by the columns of
    CHOSEN_BY. A legal hold keeps rather more than it says than
    less; a rule that deletes is applied only if all of it is understood.
    """
    holds: list[Rule] = []
    rules: list[Rule] = []
    skipped: list[str] = []
    for row in rows:
        unknown = {column: _unknown(row, column, labels) for column in CHOSEN_BY}
        objection = _objection(row) or _of_unknown(unknown)
        if row["legal_hold"]:
            # With a name that no row can have, the hold would keep nothing: it is about all of them instead.
            events, severities = ([] if unknown[column] else _texts(row[column]) for column in CHOSEN_BY)
            holds += _both(row, KEEP, events, severities)
        elif objection:
            skipped.append(f"The platform's retention rule {row['name']} is not applied: {objection}")
        else:
            action = _ACTIONS[str(row["action_on_expiry"]).lower()]
            rules += _both(row, action, _texts(row["event_types"]), _texts(row["severity_levels"]))
    return holds, rules, skipped


def _both(row: Mapping[str, Any], action: str, events: list[str], severities: list[str]) -> list[Rule]:
    return [
        Rule(
            f"{row['name']} (platform)",
            records,
            action,
            older_than=row["retention_days"],
            event_types=tuple(text.upper() for text in events),
            severities=tuple(text.upper() for text in severities),
        )
        for records in (AUDIT_LOGS, EXTENDED_AUDIT_LOGS)
    ]


def _unknown(row: Mapping[str, Any], column: str, labels: Mapping[str, Collection[str]]) -> list[str]:
    return [text for text in _texts(row[column]) if text.upper() not in labels[column]]


def _of_unknown(unknown: Mapping[str, list[str]]) -> str | None:
    found = [f"{column} has {', '.join(texts)}, which does not exist" for column, texts in unknown.items() if texts]
    return "; ".join(found) or None


def _objection(row: Mapping[str, Any]) -> str | None:
    given = [name for name in _UNKNOWN if row[name]]
    if given:
        return f"it has a condition that this collection does not apply: {', '.join(given)}"
    odd = [name for name in ("event_types", "severity_levels") if row[name] and not _texts(row[name])]
    if odd:
        return f"{', '.join(odd)} is not a list of texts"
    if str(row["action_on_expiry"]).lower() not in _ACTIONS:
        allowed = ", ".join(KINDS[AUDIT_LOGS].actions)
        return f"action_on_expiry is {row['action_on_expiry']!r}. Allowed: {allowed}"
    if not 1 <= row["retention_days"] <= MOST_DAYS:
        return f"retention_days is {row['retention_days']}. Allowed: 1 to {MOST_DAYS}"
    return None


def _texts(value: Any) -> list[str]:
    """Return a list of texts; an empty one for anything else."""
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else []
