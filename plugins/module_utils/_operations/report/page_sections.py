# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render each section of a report from its document. A section without anything to show says so, or is left out.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..._core.html_elements import NOTHING, Html, chip, element, moment, section, table, text
from . import units
from .charts import Curve, chart

Document = Mapping[str, Any]

_STRONGEST = {level: rank for rank, level in enumerate(("boot", "restore", "checksum"))}
_KIND = {"ok": "well", "changed": "well", "skipped": "quiet", "failed": "failed"}


def findings_list(document: Document) -> Html | None:
    """Return the findings, if there are several: the first one is in the verdict."""
    found = document["findings"]
    if len(found) < 2:
        return None
    items = [element("li", chip(each["subject"], each["severity"]), element("span", each["text"])) for each in found]
    return element("ul", *items, class_="findings")


def tiles(document: Document) -> Html:
    """Return the figures of the night."""
    shown = [
        element(
            "div",
            element("dt", name),
            element("dd", value, class_="value"),
            element("dd", detail, class_="detail"),
        )
        for name, value, detail in _figures(document)
    ]
    return element("dl", *shown, class_="tiles")


def _figures(document: Document) -> Iterator[tuple[str, str, str]]:
    latest, recovery = document["verification"]["latest"], document["recovery"]
    if latest:
        yield "Last verification", units.duration(latest["age_seconds"]), f"ago, by {latest['level']}"
    else:
        yield "Last verification", "none", "no backup is verified"
    for name, key in (("Recovery time", "rto"), ("Recovery point", "rpo")):
        measured, target = recovery[f"{key}_seconds"], recovery[f"{key}_target"]
        limit = f"target {units.duration(target)}" if target else "no target is set"
        if measured is None:
            yield name, NOTHING, f"not measured, {limit}"
        else:
            yield name, units.duration(measured), limit
    if document["backups"]:
        last = document["backups"][-1]
        yield "Newest backup", units.size(last["bytes"]), f"in {units.duration(last['duration'])}"
    if document["database"]["bytes"] is not None:
        number = len(document["backups"])
        yield "Database", units.size(document["database"]["bytes"]), f"{number} backup{'' if number == 1 else 's'} kept"


def done(document: Document) -> Html:
    """Return what this run did."""
    rows = [
        (
            each["step"],
            chip(each["status"], _KIND.get(each["status"], "quiet")),
            units.duration(each.get("seconds") or 0),
            *_several(document, _place(each["host"])),
            _message(each["message"]),
        )
        for each in document["steps"]
    ]
    head = ("step", "result", "time", *_several(document, "host"), "message")
    return section("What this run did", table(head, rows, numbers=(2,)))


def not_done(document: Document) -> Html | None:
    """Return what was not done, and why; what has the same reason in one row."""
    alike: dict[tuple[str | None, str], list[str]] = {}
    for each in document["not_done"]:
        alike.setdefault((each["host"], each["reason"]), []).append(each["what"])
    rows = [
        (", ".join(names), *_several(document, _place(host or NOTHING)), _message(reason))
        for (host, reason), names in alike.items()
    ]
    head = ("what", *_several(document, "host"), "reason")
    return section("What was not done, and why", table(head, rows)) if rows else None


def verification(document: Document) -> Html:
    """Return the age of the last verification by each level, and the recovery against its targets."""
    levels = document["verification"]["levels"]
    rows = [
        (level, _code(each["backup"]), moment(each["at"]), f"{units.duration(each['age_seconds'])} ago")
        for level, each in sorted(levels.items(), key=lambda item: _STRONGEST.get(item[0], -1))
    ]
    body = table(("by", "backup", "at", "age"), rows, numbers=(3,)) if rows else _none("No backup is verified.")
    note = "A backup that is verified by boot was started with its release; by restore, it was loaded and counted."
    return section("Last verification", body, note=note)


def growth(document: Document) -> Html:
    """Return sizes and durations over time."""
    history, target = document["history"], document["recovery"]["rto_target"]
    runs, backups, recoveries = history["runs"], history["backups"], history["recoveries"]
    charts = [
        chart(Curve("Size of the backup", "bytes", units.size), backups),
        chart(Curve("Duration of the backup", "seconds", units.duration), backups),
        chart(Curve("Size of the database", "database_bytes", units.size), runs),
        chart(Curve("Time of a recovery", "rto_seconds", units.duration, target), recoveries),
    ]
    return section("Growth", element("div", *charts, class_="charts"))


def services(document: Document) -> Html:
    """Return the services and their health."""
    rows = [
        (
            each["name"],
            chip(each["health"] or each["state"], _health(each)),
            each["version"] or NOTHING,
            each["restarts"] if each["restarts"] is not None else NOTHING,
            moment(each["started_at"]),
            *_several(document, _place(each["host"])),
        )
        for each in document["services"]
    ]
    head = ("service", "health", "version", "restarts", "since", *_several(document, "host"))
    return section("Services", table(head, rows, numbers=(3,)) if rows else _none("No service was found."))


def _health(row: Mapping[str, Any]) -> str:
    return "well" if row["state"] == "running" and row["health"] in ("healthy", None) else "failed"


def tables(document: Document) -> Html | None:
    """Return the largest tables, each with its share."""
    rows, total = document["database"]["tables"], document["database"]["bytes"]
    if not rows:
        return None
    shown = [
        (
            _code(each["name"]),
            units.count(each["rows"]) if each["rows"] is not None else NOTHING,
            units.size(each["bytes"]),
            units.size(each["index_bytes"]) if each["index_bytes"] is not None else NOTHING,
            f"{each['bytes'] / total:.0%}" if total else NOTHING,
            f"{each['dead_ratio']:.0%}",
        )
        for each in rows
    ]
    head = ("table", "rows", "size", "of it indexes", "of the database", "dead rows")
    return section("Largest tables", table(head, shown, numbers=(1, 2, 3, 4, 5)))


def administrators(document: Document) -> Html:
    """Return who became an administrator, and who is one no longer."""
    admins = document["admins"]
    changes = [("became", each) for each in admins["added"]] + [("is no longer", each) for each in admins["removed"]]
    number = len(admins["current"] or ())
    plural = "" if number == 1 else "s"
    if admins["current"] is None:
        note = "The administrators could not be read yet."
    elif admins["since"] is None:
        note = f"{number} administrator{plural}. Changes are shown from the next report on."
    elif not changes:
        note = f"{number} administrator{plural}, the same as at the last report."
    else:
        note = f"{number} administrator{plural}. Since the last report:"
    rows = [
        (each["email"], f"{verb} {each['role']}", each["actor"] or "not in the audit trail", moment(each["at"]))
        for verb, each in changes
    ]
    return section("Administrators", table(("who", "what", "by", "at"), rows) if rows else None, note=note)


def expiring(document: Document) -> Html:
    """Return what ends within the period."""
    rows = [
        (
            each["kind"],
            each["name"],
            moment(each["at"]),
            f"in {units.days(each['days_left'])}" if each["days_left"] >= 0 else "over",
            each["note"],
        )
        for each in document["expiring"]
    ]
    body = table(("what", "name", "at", "left", "note"), rows, numbers=(3,)) if rows else _none("Nothing.")
    return section(f"Expires within {document['expires_within']} days", body)


def disks(document: Document) -> Html | None:
    """Return the space on the file systems, as of the run that measured it."""
    part = document["measured"].get("disk")
    if not part or not part["rows"]:
        return None
    rows = [
        (
            _code(each["path"]),
            _size(each.get("free_bytes")),
            _size(each.get("size_bytes")),
            _size(each.get("growth_bytes_per_day")),
            units.days(int(each["days_until_full"])) if each.get("days_until_full") is not None else NOTHING,
            *_several(document, _place(each["host"])),
        )
        for each in part["rows"]
    ]
    head = ("path", "free", "size", "growth a day", "until full", *_several(document, "host"))
    return section("Disk", table(head, rows, numbers=(1, 2, 3, 4)), note=_as_of(document, part))


def drift(document: Document) -> Html | None:
    """Return the differences between what runs and what is declared."""
    part = document["measured"].get("drift")
    if not part or not part["rows"]:
        return None
    rows = [(*_several(document, _place(each["host"])), _message(each.get("text", ""))) for each in part["rows"]]
    return section("Drift", table((*_several(document, "host"), "difference"), rows), note=_as_of(document, part))


def _several(document: Document, cell: Any) -> tuple[Any, ...]:
    """Return the cell of the column of hosts; none if the environment has a single host."""
    return (cell,) if len(document["hosts"]) > 1 else ()


def _place(host: str) -> Html:
    return element("span", host, class_="host")


def _as_of(document: Document, part: Mapping[str, Any]) -> str | None:
    return None if part["at"] == document["ended"] else f"As of {part['at']}: this run did not measure it."


def _size(number: float | None) -> str:
    return NOTHING if number is None else units.size(number)


def _message(message: str) -> Html:
    return element("span", message, class_="message")


def _code(name: str) -> Html:
    return element("span", name, class_="code")


def _none(sentence: str) -> Html:
    return element("p", text(sentence), class_="note")


#: In the order of the page.
SECTIONS: Sequence[Callable[[Document], Html | None]] = (
    tiles,
    not_done,
    done,
    verification,
    growth,
    services,
    expiring,
    administrators,
    tables,
    disks,
    drift,
)
