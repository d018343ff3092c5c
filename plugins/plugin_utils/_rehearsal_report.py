# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe the rehearsal of an upgrade in lines of text. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible.module_utils.common.text.formatters import bytes_to_human

Facts = Mapping[str, Any]


def lines(result: Facts, context: Facts) -> list[str]:
    """Describe what convosphere_db_upgrade_rehearsal measured; ``context`` has ``environment`` and ``check_mode``."""
    image, backup = result["image"].rpartition("/")[2], f"backup {result['backup']}, {result['backup_age_hours']} h old"
    if result["at"] is None and (result["missing"] or result["image_id"] is None):
        revisions = ", ".join(result["missing"]) or "its image is not on the host yet"
        return [f"{image} would be rehearsed on a copy of {backup}: {revisions}"]
    if not result["missing"]:
        return [f"{image} has no revision that the {backup}, lacks: its deploy migrates nothing"]
    return [
        f"{image} would run {_count(result)} in {result['seconds']:.1f} s",
        *_tables(result),
        *_revisions(result),
        _way_back(result, context),
        f"Rehearsed at {result['at']} on a copy of {backup}; the copy is removed",
    ]


def _count(result: Facts) -> str:
    run = [step for step in result["steps"] if step["action"] == "run"]
    return "1 revision" if len(run) == 1 else f"{len(run)} revisions"


def _tables(result: Facts) -> Iterator[str]:
    rewritten = {each["table"]: each for each in result["rewritten"]}
    locked = {each["table"]: each for each in result["locks"]}
    if not locked and not rewritten:
        yield "No table is locked for readers or writers, and none is rewritten"
    for table in dict.fromkeys([*locked, *rewritten]):
        yield f"{table}: {', '.join([*_locked(locked.get(table)), *_written(rewritten.get(table))])}"


def _locked(lock: Facts | None) -> Iterator[str]:
    if lock is None:
        yield "locked for less than 0.05 s"
    elif lock["readers"] == lock["writers"]:
        yield f"locked for readers and writers for {lock['writers']:.1f} s"
    elif lock["readers"]:
        yield f"locked for writers for {lock['writers']:.1f} s, for readers for {lock['readers']:.1f} s"
    else:
        yield f"locked for writers for {lock['writers']:.1f} s"


def _written(entry: Facts | None) -> Iterator[str]:
    if entry and entry["rewritten"]:
        yield f"rewritten ({bytes_to_human(entry['bytes'])})"
    if entry and entry["index_bytes"]:
        yield f"indexes built ({bytes_to_human(entry['index_bytes'])})"


def _revisions(result: Facts) -> Iterator[str]:
    for step in result["steps"]:
        seconds = "" if step["seconds"] is None else f" in {step['seconds']:.1f} s"
        yield f"{step['action']:<7} {step['revision']}{seconds}: {step['reason']}"


def _way_back(result: Facts, context: Facts) -> str:
    options = f"-e env={context['environment']}"
    if result["only_adds"]:
        return f"To roll back: ansible-playbook rollback.yml {options}; the revisions only add to the schema"
    return (
        f"To roll back: ansible-playbook restore.yml {options} -e confirm={context['environment']} -e backup=(the one "
        "that the migration reports); what is written after it is lost"
    )
