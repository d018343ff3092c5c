# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge what a report has: each finding, its severity, and one line for the whole. Pure.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..._core.display import printable
from . import units

WELL, ATTENTION, FAILED = SEVERITIES = ("well", "attention", "failed")
#: A backup has to be verified by restore at least once a week, with a day of grace.
VERIFIED_DAYS = 8
#: From which on a certificate, and the space of a disk, need attention.
CERTIFICATE_DAYS = 14
#: One with a larger share of its validity is not due yet: it was issued for a few days only, and is renewed in time.
CERTIFICATE_SHARE = 0.25
FULL_DAYS = 14
FREE_SHARE = 0.1
_LONGEST_LINE = 280
_LONGEST_TEXT = 200

Document = Mapping[str, Any]
Finding = dict[str, str]


def findings(document: Document) -> list[Finding]:
    """Return the findings, the worst first; each with ``severity``, ``subject`` and ``text``."""
    found = [
        {"severity": severity, "subject": subject, "text": printable(text, _LONGEST_TEXT)}
        for judge in _JUDGES
        for severity, subject, text in judge(document)
    ]
    return sorted(found, key=lambda each: -SEVERITIES.index(each["severity"]))


def verdict(document: Document, found: list[Finding]) -> dict[str, str]:
    """Return ``status`` and the one ``line`` of a report."""
    environment = document["environment"]
    if not found:
        return {"status": WELL, "line": f"{environment} is well: {_good(document)}"}
    first, others = found[0], len(found) - 1
    more = f", and {others} more finding{'s' if others > 1 else ''}" if others else ""
    begin = "failed" if first["severity"] == FAILED else "needs attention"
    return {"status": first["severity"], "line": f"{environment} {begin}: {first['text'][:_LONGEST_LINE]}{more}"}


def _good(document: Document) -> str:
    latest = document["verification"]["latest"]
    done = [each for each in document["steps"] if each["status"] in ("ok", "changed")]
    steps = f"{len(done)} step{'' if len(done) == 1 else 's'} done"
    if not latest:
        return steps
    recovery = document["recovery"]
    serves = f", serves again within {units.duration(recovery['rto_seconds'])}" if recovery["rto_seconds"] else ""
    return f"{latest['backup']} is verified by {latest['level']}{serves}, {steps}"


Judged = Iterator[tuple[str, str, str]]


def _steps(document: Document) -> Judged:
    for each in document["steps"]:
        if each["status"] == FAILED:
            yield FAILED, each["step"], f"{each['step']} on {each['host']}: {_first_line(each['message'])}"


def _hosts(document: Document) -> Judged:
    for host in document["silent_hosts"]:
        yield FAILED, "hosts", f"{host} has no result"


def _services(document: Document) -> Judged:
    for row in document["services"]:
        if row["state"] != "running" or row["health"] not in ("healthy", None):
            yield FAILED, "services", f"{row['name']} on {row['host']} is {row['health'] or row['state']}"


def _verification(document: Document) -> Judged:
    failed = document["verification"]["failed"]
    if failed:
        yield (
            FAILED,
            "verification",
            f"{failed['backup']} failed its verification by {failed['level']}: {failed['reason']}",
        )
    restored = document["verification"]["levels"].get("restore")
    if document["backups"] and not restored:
        yield ATTENTION, "verification", "no backup is verified by restore"
    elif restored and restored["age_seconds"] > VERIFIED_DAYS * units.DAY:
        age = units.duration(restored["age_seconds"])
        yield ATTENTION, "verification", f"the last verification by restore is {age} old ({restored['backup']})"
    if not document["backups"] and not _unread(document, "the backups"):
        yield ATTENTION, "backups", "there is no backup"


def _backups(document: Document) -> Judged:
    for each in document["backups"]:
        if each["damaged_at"]:
            yield ATTENTION, "backups", f"{each['id']} is corrupt, as found at {each['damaged_at']}"


def _recovery(document: Document) -> Judged:
    recovery = document["recovery"]
    for name, what in (("rto", "a recovery takes"), ("rpo", "a recovery loses the data of")):
        measured, target = recovery[f"{name}_seconds"], recovery[f"{name}_target"]
        if measured is not None and target and measured > target:
            limit = f"the target is {units.duration(target)}"
            yield ATTENTION, "recovery", f"{what} {units.duration(measured)}, and {limit}"


def _certificates(document: Document) -> Judged:
    young = {
        (f"{row['name']} on {row['host']}", row.get("expires"))
        for row in _rows(document, "certificates")
        if (row.get("share_left") or 0) >= CERTIFICATE_SHARE
    }
    for each in document["expiring"]:
        due = each["kind"] == "certificate" and (each["name"], each["at"]) not in young
        if due and each["days_left"] < CERTIFICATE_DAYS:
            severity = FAILED if each["days_left"] < 0 else ATTENTION
            state = "has expired" if each["days_left"] < 0 else f"expires in {units.days(each['days_left'])}"
            yield severity, "certificates", f"the certificate {each['name']} {state}"


def _secrets(document: Document) -> Judged:
    due = [row["name"] for row in _rows(document, "secrets") if row.get("due")]
    if due:
        yield ATTENTION, "secrets", f"{', '.join(sorted(due))}: to be rotated, by its age"


def _overrides(document: Document) -> Judged:
    for each in document["overrides"]:
        if not each["active"]:
            yield ATTENTION, "overrides", f"the override {each['name']} has expired at {each['until']}, and is deployed"


def _disk(document: Document) -> Judged:
    for row in _rows(document, "disk"):
        place = f"{row['path']} on {row['host']}"
        left, size, free = row.get("days_until_full"), row.get("size_bytes"), row.get("free_bytes")
        if left is not None and left < FULL_DAYS:
            yield ATTENTION, "disk", f"{place} is full in {units.days(int(left))}"
        elif size and free is not None and free < FREE_SHARE * size:
            yield ATTENTION, "disk", f"{place} has {units.size(free)} left of {units.size(size)}"


def _admins(document: Document) -> Judged:
    for each in document["admins"]["added"]:
        actor = f", by {each['actor']}" if each["actor"] else ""
        yield ATTENTION, "administrators", f"{each['email']} became {each['role']}{actor}"


def _drift(document: Document) -> Judged:
    number = ((document["measured"].get("drift") or {}).get("more") or {}).get("differences")
    if number:
        yield ATTENTION, "drift", f"{number} difference{'s' if number > 1 else ''} from what is declared"


def _not_read(document: Document) -> Judged:
    for each in document["unread"]:
        yield ATTENTION, "report", f"{each['what']} could not be read: {_first_line(each['reason'])}"


_JUDGES: tuple[Callable[[Document], Judged], ...] = (
    _steps,
    _hosts,
    _services,
    _verification,
    _backups,
    _recovery,
    _disk,
    _certificates,
    _secrets,
    _overrides,
    _admins,
    _drift,
    _not_read,
)


def _rows(document: Document, step: str) -> list[Mapping[str, Any]]:
    return list((document["measured"].get(step) or {}).get("rows") or ())


def _unread(document: Document, what: str) -> bool:
    return any(each["what"] == what for each in document["unread"])


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0]
