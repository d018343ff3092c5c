# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe results of the database modules in lines of text. No input or output.

Each function takes what a module returned, and the ``context`` of the role: ``environment``, ``check_mode``,
``backup_dir``, ``database``, ``host``, ``port`` and ``verify_level``.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible.module_utils.common.text.formatters import bytes_to_human

#: How many of a list are shown: the newest backups, the largest tables.
SHOWN = 5
Facts = Mapping[str, Any]


def backup(result: Facts, context: Facts) -> list[str]:
    """Describe the backup that convosphere_db_backup created, or reused."""
    made = result["backup"]
    if not result["created"]:
        return [f"{made['id']} is recent enough; no new backup {_would(context)}created"]
    if context["check_mode"]:
        return [f"A backup would be created in {context['backup_dir']}"]
    database, recipients = made["database"], made["recipients"]
    size = bytes_to_human(sum(file["size"] for file in made["files"]))
    tables = f"{len(database['tables'])} tables, {sum(database['tables'].values())} rows"
    encrypted = f", encrypted to {len(recipients)} recipients" if recipients else ""
    of_size = f"{size} of {bytes_to_human(database['size'])}"
    return [
        f"{made['id']} created in {made['duration']:.1f} s: {of_size}, {tables}{encrypted}",
        f"In {context['backup_dir']}: {', '.join(file['name'] for file in made['files'])}",
        f"Verify it: {_playbook('backup_verify', context)} -e backup={made['id']}",
    ]


def backup_verification(result: Facts, context: Facts) -> list[str]:
    """Describe each backup that convosphere_db_backup_verify verified."""
    return [_verified(each, context) for each in result["backups"]]


def _verified(each: Facts, context: Facts) -> str:
    recorded = each["verified"] and not context["check_mode"]
    level = each["verified"]["level"] if recorded else context["verify_level"]
    done = f"{_would(context)}verified" if each["action"] == "verified" else "was verified before"
    content = f"{each['id']} {done} ({level}): {each['tables']} tables, {each['rows']} rows"
    return f"{content}{_recovered(each['proof'])}" if level == "boot" and recorded and each.get("proof") else content


def _recovered(proof: Facts) -> str:
    """Describe the times that a boot measured."""
    return f", served {proof['rto_seconds']:.1f} s after the restore began (RTO), RPO {proof['rpo_seconds']:.0f} s"


def backup_retention(result: Facts, context: Facts) -> list[str]:
    """Describe which backups convosphere_db_backup deleted; a skipped task deleted none."""
    if result.get("skipped"):
        return ["all backups are kept: database_retention is empty"]
    return [retention(result["deleted"], check_mode=context["check_mode"])]


def retention(deleted: Iterable[str], *, check_mode: bool) -> str:
    """Describe deleted backups in one line."""
    names = list(deleted)
    removed = f"{len(names)} backups {'would be ' if check_mode else ''}removed"
    return f"{removed}: {', '.join(names)}" if names else removed


def restore(result: Facts, context: Facts) -> list[str]:
    """Describe what convosphere_db_restore restored, skipped and kept."""
    lines = [_restored(result, context)]
    skipped = "Would not be restored" if context["check_mode"] else "Not restored"
    lines += [f"{skipped}: {each}" for each in result["skipped"]]
    if result.get("erased_again"):
        lines.append(f"{result['erased_again']} persons of the ledger of erasures were erased again")
    lines += [f"Kept: {name}" for name in result["kept"]]
    if result["kept"]:
        discard = f"{_playbook('restore_discard', context)} -e confirm={context['environment']}"
        lines.append(f"When the restored data is checked, drop what is kept: {discard}")
    return lines


def _restored(result: Facts, context: Facts) -> str:
    found = result["backup"]
    content = f"{found['rows']} rows, as of {found['created_at']}"
    if not result["restored"]:
        return f"{found['id']} is restored already, and nothing was written since; nothing {_was(context)} restored"
    if context["check_mode"]:
        return f"{found['id']} would be restored: {content}"
    return f"{found['id']} restored in {result['duration']:.1f} s: {content}"


def restore_discard(result: Facts, context: Facts) -> list[str]:
    """Describe what convosphere_db_restore dropped of earlier restores."""
    dropped = [f"{name} {_was(context)} dropped" for name in result["discarded"]]
    return dropped or ["Earlier restores have kept nothing; there is nothing to drop"]


def migration(result: Facts, context: Facts) -> list[str]:
    """Describe the steps of convosphere_db_migration, the revisions after them, and how to roll back."""
    check_mode = context["check_mode"]
    steps = [f"{step['action']:<7} {step['revision']}: {step['reason']}" for step in result["steps"]]
    lines = steps or ["The schema is current; nothing to do."]
    revisions = ", ".join(result["revisions"]) or "none"
    lines.append(f"Revisions: {revisions}{' (would be)' if check_mode else ''}")
    if result["backup_missing"] and check_mode:
        lines.append(f"A backup would be created and verified first: {result['backup_missing']}")
    if result["backup"] and result["changed"] and not check_mode:
        options = f"-e backup={result['backup']} -e confirm={context['environment']}"
        lines.append(f"To roll back: {_playbook('restore', context)} {options}")
    return lines


def vacuum(result: Facts, context: Facts) -> list[str]:
    """Describe how many tables convosphere_db_vacuum treated, and those it had no time for."""
    treated, postponed = len(result["tables"]), result["postponed"]
    total = treated + len(result["unchanged"])
    late = f"; postponed, because the time was up: {', '.join(postponed)}" if postponed else ""
    return [f"{treated} of {total} tables {_would(context)}vacuumed or analyzed{late}"]


def backups(result: Facts, context: Facts) -> list[str]:
    """List the newest backups that convosphere_db_backup_info found."""
    listed = list(result["backups"])
    count = f"{len(listed)} in {context['backup_dir']}"
    lines = [line("BACKUPS", f"{count}, the newest:" if listed else count)]
    lines += [line("", _listed(each, context)) for each in reversed(listed[-SHOWN:])]
    lines += [line("NO BACKUP", f"{each['path'].rpartition('/')[2]}: {each['reason']}") for each in result["foreign"]]
    running = result["in_progress"]
    if running:
        size = bytes_to_human(running["bytes"])
        lines.append(line("UNDER WAY", f"{running['backup']}, {running['step']}, {size} so far"))
    return lines


def _listed(each: Facts, context: Facts) -> str:
    database = (each.get("database") or {}).get("name", "no database")
    foreign = [each["environment"], database] != [context["environment"], context["database"]]
    parts = [each["id"], f"{each['age_hours']:.1f} h old", bytes_to_human(each["bytes"]), _state(each)]
    parts += [each["label"]] if each["label"] else []
    parts += ["pinned"] if each["pinned"] else []
    parts += [f"{database} of {each['environment']}"] if foreign else []
    return ", ".join(parts)


def _state(each: Facts) -> str:
    if each["verified"]:
        return f"verified ({each['verified']['level']}){_not_booted(each)}"
    if each["damaged_at"]:
        return "corrupt"
    return "not verified, does not load here" if each["not_loaded"] else "not verified"


def _not_booted(each: Facts) -> str:
    """Return what to add for a backup whose last boot failed."""
    boots = [proof["result"] for proof in each.get("proofs") or () if proof["level"] == "boot"]
    return ", does not boot" if boots and boots[-1] == "failed" else ""


def database_status(result: Facts, context: Facts) -> list[str]:
    """Describe a database as convosphere_db_info reads it, compared with the backend's revisions, and its backups.

    ``result`` has ``info``, ``migration`` (what the comparison returned; empty without a comparison) and ``backups``.
    """
    info = result["info"]
    known = list(_database(info, result["migration"], context)) if info["reachable"] else []
    return [*(known or [line("DATABASE", "not reachable")]), *backups(result["backups"], context)]


def _database(info: Facts, compared: Facts, context: Facts) -> Iterator[str]:
    version = info["server"]["version"].split()[0]
    address = f"{context['host']}:{context['port']}"
    size = bytes_to_human(info["size_bytes"])
    yield line("DATABASE", f"{context['database']} {version}, {size}, at {address}")
    yield line("REVISIONS", ", ".join(info["revisions"]) or "none recorded")
    if compared.get("failed"):
        reason = str(compared.get("msg") or "").splitlines() or [""]
        yield line("", f"not compared with a backend: {reason[0]}")
    yield from (line("", f"to {step['action']}: {step['revision']}") for step in compared.get("steps") or [])
    yield line("DRIFT", _drift(info["drift"]))
    yield from _tables(info["tables"])
    yield line("CONNECTIONS", _connections(info))


def _drift(found: Any) -> str:
    if found is None:
        return "not known for this version of the platform"
    return ", ".join(f"{each['kind']} {each['object']}" for each in found) or "none"


def _tables(tables: Iterable[Facts]) -> Iterator[str]:
    # A table that is locked has no size, and comes last.
    largest = sorted(tables, key=lambda table: table["bytes"] or 0, reverse=True)
    yield line("TABLES", f"{len(largest)}, the largest:")
    for table in largest[:SHOWN]:
        rows = "?" if table["rows"] is None else table["rows"]
        size = "locked" if table["bytes"] is None else bytes_to_human(table["bytes"])
        yield line("", f"{table['name']}, {rows} rows, {size}")


def _connections(info: Facts) -> str:
    used, oldest = info["connections"], info["longest_transaction"]
    transaction = f"{oldest['age']:.0f} s, {oldest['application'] or oldest['user']}" if oldest else "none"
    return f"{used['server_total']} of {used['max']}, the oldest transaction: {transaction}"


def line(title: str, text: str) -> str:
    """Return a line of a report: a title, and what it is the title of."""
    return f"{title:<12} {text}"


def _would(context: Facts) -> str:
    return "would be " if context["check_mode"] else ""


def _was(context: Facts) -> str:
    return "would be" if context["check_mode"] else "was"


def _playbook(name: str, context: Facts) -> str:
    return f"ansible-playbook {name}.yml -e env={context['environment']}"
