# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render a report as metrics in the text format of Prometheus, for node_exporter's textfile collector.

Timestamps are absolute, so that a rule sees the age of a backup grow while no run happens. A value that is unknown has
no sample. The file is readable by every user: it has no name of a person and no message.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..._core.timestamps import parse_time
from . import findings, units

PREFIX = "convosphere_"
#: Every metric that can be emitted, with its help. The rules and the dashboard use no other ones.
METRICS = {
    "maintenance_run_timestamp_seconds": "When the last full maintenance run ended.",
    "maintenance_run_duration_seconds": "How long the last full maintenance run took.",
    "maintenance_verdict": "The verdict of the last report: 0 well, 1 needs attention, 2 failed.",
    "maintenance_findings": "The number of findings of the last report, by severity.",
    "maintenance_step_failed": "Whether a step failed when it last ran.",
    "maintenance_step_skipped": "Whether a step was skipped when it was last due.",
    "maintenance_step_duration_seconds": "How long a step took when it last ran.",
    "maintenance_step_last_success_timestamp_seconds": "When a step last succeeded on every host that ran it.",
    "maintenance_unread_parts": "The number of parts of the last report that could not be read; they have no samples.",
    "maintenance_silent_hosts": "The number of hosts without a result in the last maintenance run.",
    "service_healthy": "Whether a service ran and was healthy at the end of the last maintenance run.",
    "backups": "The number of backups on the database host.",
    "backup_last_timestamp_seconds": "When the snapshot of the newest backup was taken.",
    "backup_last_size_bytes": "The size of the newest backup.",
    "backup_last_duration_seconds": "How long the newest backup took.",
    "backup_corrupt": "The number of backups that were found corrupt.",
    "backup_verified_timestamp_seconds": "When a backup was last verified by this level, or a higher one.",
    "backup_verification_failed": "Whether the last verification of a backup failed.",
    "recovery_time_seconds": "The measured time of a recovery.",
    "recovery_time_target_seconds": "The target for the time of a recovery.",
    "recovery_point_timestamp_seconds": "The snapshot of the newest verified backup: what a recovery would restore.",
    "recovery_point_target_seconds": "The target for the age of the data that a recovery restores.",
    "database_size_bytes": "The size of the database.",
    "table_size_bytes": "The size of one of the largest tables, with its indexes.",
    "table_rows": "The number of rows of one of the largest tables, by statistics.",
    "filesystem_size_bytes": "The size of a file system of the platform.",
    "filesystem_free_bytes": "The free space of a file system of the platform.",
    "filesystem_until_full_seconds": "The time until a file system is full, by its growth.",
    "certificate_expiry_timestamp_seconds": "When a certificate expires; of several in one file the first one.",
    "certificate_share_left": "The share of the validity of this certificate that was left when it was read.",
    "secret_age_seconds": "The age of a secret.",
    "secret_due": "Whether a secret has to be rotated, by its age.",
    "override_expiry_timestamp_seconds": "When an override of a setting expires.",
    "admins": "The number of administrators.",
    "admins_added": "The number of users who became administrators since the report before the last one.",
    "drift_differences": "The number of differences between what runs and what is declared.",
}

Document = Mapping[str, Any]
Sample = tuple[str, Mapping[str, str], Any]


def render(document: Document) -> str:
    """Return the text of the file."""
    found: dict[str, dict[str, str]] = {}
    for name, labels, value in samples(document):
        if value is not None:
            series = f"{PREFIX}{name}{{{_labels({'environment': document['environment'], **labels})}}}"
            found.setdefault(name, {})[series] = _number(value)
    lines = []
    for name, text in METRICS.items():
        if name in found:
            lines += [f"# HELP {PREFIX}{name} {text}", f"# TYPE {PREFIX}{name} gauge"]
            lines += [f"{series} {value}" for series, value in found[name].items()]
    return "\n".join(lines) + "\n"


def is_of(text: str, environment: str) -> bool:
    """Return whether the text of a file is that of the metrics of an environment. An empty file is of any."""
    label = _labels({"environment": environment})
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return all(line.startswith(PREFIX) and line.partition("{")[2].startswith(label) for line in lines)


def samples(document: Document) -> Iterator[Sample]:
    """Yield name, labels and value of each sample; one without a value is left out of the file."""
    yield from _run(document)
    yield from _services(document)
    yield from _backups(document)
    yield from _recovery(document)
    yield from _database(document)
    yield from _measured(document)


def _run(document: Document) -> Iterator[Sample]:
    full = document["full_run"] or {}
    yield "maintenance_run_timestamp_seconds", {}, _seconds(full.get("ended"))
    yield "maintenance_run_duration_seconds", {}, full.get("seconds")
    yield "maintenance_verdict", {}, findings.SEVERITIES.index(document["verdict"]["status"])
    for severity in findings.SEVERITIES[1:]:
        number = sum(each["severity"] == severity for each in document["findings"])
        yield "maintenance_findings", {"severity": severity}, number
    yield "maintenance_silent_hosts", {}, len(document["silent_hosts"])
    yield "maintenance_unread_parts", {}, len(document["unread"])
    for each in document["last_results"]:
        labels = {"host": each["host"], "step": each["step"]}
        yield "maintenance_step_failed", labels, each["status"] == "failed"
        yield "maintenance_step_skipped", labels, each["status"] == "skipped"
        yield "maintenance_step_duration_seconds", labels, each.get("seconds")
    for step, at in sorted(document["last_success"].items()):
        yield "maintenance_step_last_success_timestamp_seconds", {"step": step}, _seconds(at)


def _services(document: Document) -> Iterator[Sample]:
    for row in document["services"]:
        healthy = row["state"] == "running" and row["health"] in ("healthy", None)
        yield "service_healthy", {"host": row["host"], "service": row["name"]}, healthy


def _backups(document: Document) -> Iterator[Sample]:
    backups, verification = document["backups"], document["verification"]
    if _is_unread(document, "the backups"):
        return
    yield "backups", {}, len(backups)
    yield "backup_corrupt", {}, sum(each["damaged_at"] is not None for each in backups)
    yield "backup_verification_failed", {}, verification["failed"] is not None
    if backups:
        last = backups[-1]
        yield "backup_last_timestamp_seconds", {}, _seconds(last["created_at"])
        yield "backup_last_size_bytes", {}, last["bytes"]
        yield "backup_last_duration_seconds", {}, last["duration"]
    for level, each in verification["levels"].items():
        yield "backup_verified_timestamp_seconds", {"level": level}, _seconds(each["at"])


def _recovery(document: Document) -> Iterator[Sample]:
    recovery = document["recovery"]
    yield "recovery_time_seconds", {}, recovery["rto_seconds"]
    yield "recovery_time_target_seconds", {}, recovery["rto_target"]
    yield "recovery_point_timestamp_seconds", {}, _seconds(recovery["rpo_at"])
    yield "recovery_point_target_seconds", {}, recovery["rpo_target"]


def _database(document: Document) -> Iterator[Sample]:
    yield "database_size_bytes", {}, document["database"]["bytes"]
    for table in document["database"]["tables"]:
        yield "table_size_bytes", {"table": table["name"]}, table["bytes"]
        yield "table_rows", {"table": table["name"]}, table["rows"]
    if not _is_unread(document, "the database"):
        yield "admins", {}, len(document["admins"]["current"] or ())
        yield "admins_added", {}, len(document["admins"]["added"])
    for each in document["overrides"]:
        yield "override_expiry_timestamp_seconds", {"name": each["name"]}, _seconds(each["until"])


def _measured(document: Document) -> Iterator[Sample]:
    for row in _rows(document, "disk"):
        labels = {"host": row["host"], "path": row["path"]}
        yield "filesystem_size_bytes", labels, row.get("size_bytes")
        yield "filesystem_free_bytes", labels, row.get("free_bytes")
        yield "filesystem_until_full_seconds", labels, _of_days(row.get("days_until_full"))
    # A file may have several certificates, all with one name: of the same series the last sample stays.
    for row in sorted(_rows(document, "certificates"), key=lambda row: str(row.get("expires")), reverse=True):
        labels = {"host": row["host"], "name": row["name"]}
        yield "certificate_expiry_timestamp_seconds", labels, _seconds(row.get("expires"))
        yield "certificate_share_left", labels, row.get("share_left")
    for row in _rows(document, "secrets"):
        yield "secret_age_seconds", {"name": row["name"]}, _of_days(row.get("age_days"))
        yield "secret_due", {"name": row["name"]}, bool(row.get("due"))
    drift = (document["measured"].get("drift") or {}).get("more") or {}
    yield "drift_differences", {}, drift.get("differences")


def _is_unread(document: Document, what: str) -> bool:
    return any(each["what"] == what for each in document["unread"])


def _rows(document: Document, step: str) -> list[Mapping[str, Any]]:
    return list((document["measured"].get(step) or {}).get("rows") or ())


def _seconds(at: str | None) -> int | None:
    return int(parse_time(at).timestamp()) if at else None


def _of_days(days: float | None) -> float | None:
    return None if days is None else days * units.DAY


def _number(value: float) -> str:
    return str(int(value)) if isinstance(value, bool) or value == int(value) else repr(float(value))


def _labels(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(str(value))}"' for name, value in labels.items())


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
