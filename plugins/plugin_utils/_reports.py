# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe the results of a maintenance run, of the stack and of a host in lines of text. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible.module_utils.common.text.formatters import bytes_to_human
from ansible_collections.convosphere.platform.plugins.plugin_utils import (
    _config_document,
    _content_reports,
    _conversation_reports,
    _database_reports,
    _deploy_document,
    _environment_logs,
    _environment_runs,
    _environment_status,
    _maintenance,
    _people_reports,
    _rehearsal_report,
    _retention_reports,
    _schedule_reports,
    _secret_reports,
    _support_documents,
    _user_reports,
)

Facts = Mapping[str, Any]
Report = Callable[[Facts, Facts], "list[str]"]
#: How many characters of a step's message the table of a maintenance run shows.
MESSAGE = 150
_NEXT_DEPLOY = (
    "The next deploy deploys what the inventory describes: set stack_version, or what else the release differs in"
)


def maintenance(result: Facts, _context: Facts) -> list[str]:
    """List the ``steps`` of a maintenance run with result, seconds and the first line of the message."""
    lines = [_step("STEP", "RESULT", "SECONDS", "MESSAGE")]
    for step in result["steps"]:
        lines.append(_step(step["step"], step["status"], f"{step['seconds']:.1f}", _shortened(step["message"])))
    return lines


def _step(name: str, status: str, seconds: str, message: str) -> str:
    return f"{name:<12} {status:<8} {seconds:>8}  {message}"


def _shortened(message: str) -> str:
    first = (message.splitlines() or [""])[0]
    return first if len(first) <= MESSAGE else f"{first[: MESSAGE - 3]}..."


def prune(result: Facts, context: Facts) -> list[str]:
    """Describe what convosphere_prune removed."""
    size = f" ({bytes_to_human(result['size_bytes'])})" if result["images"] else ""
    would = "would be " if context["check_mode"] else ""
    return [f"{len(result['releases'])} releases and {len(result['images'])} images{size} {would}removed"]


def bundle(result: Facts, context: Facts) -> list[str]:
    """Describe the archive that convosphere_image_bundle wrote, and how a site without internet uses it."""
    archive, count = context["archive"], len(result["images"])
    if not result["changed"]:
        return [f"{archive} has these {count} images already"]
    if context["check_mode"]:
        return [f"{archive} would be written"]
    return [
        f"{count} images, {bytes_to_human(result['size_bytes'])}, in {archive}",
        f"sha256 {result['sha256']}",
        f"Copy {archive} and {archive}.json to the controller of the site, and set there",
        "  stack_image_source: load",
        f"  stack_image_archive: {archive}",
    ]


def stack(result: Facts, context: Facts) -> list[str]:
    """List the ``services`` of a stack, its URL, the first login, and what can be run next.

    ``context`` has ``environment``, ``host``, ``directory``, ``url``, and ``admin``, which is empty without a default
    administrator. Without ``url`` only the services are listed: another host of the environment has the rest.
    """
    lines = [_service("SERVICE", "HEALTH", "VERSION", "")]
    for service in result["services"]:
        lines += _measured(service)
    lines += _config_document.override_lines(result.get("overrides") or context.get("overrides"))
    lines += _secret_lines(result, context)
    lines += _environment_status.log_lines(result["services"])
    return [*lines, *_maintenance_lines(result.get("maintenance"), context), *_next(context)]


def environment(result: Facts, context: Facts) -> list[str]:
    """List the services of all hosts of an environment, what is wrong with them, and what a stack names."""
    hosts = result["left_out"]
    lines = [f"Without {', '.join(hosts)}, which this run leaves out"] if hosts else []
    lines += _environment_status.table(result["services"])
    lines += [f"{'PROBLEM':<10} {text}" for text in result["problems"]]
    lines += _environment_status.log_lines(result["services"])
    for text in result["left_over"]:
        lines += [f"{'LEFT OVER':<10} {text}", f"{'':<10} The next deploy removes it; its volumes stay"]
    lines += _config_document.override_lines(result.get("overrides"))
    lines += _secret_lines(result, context)
    periods = result["maintenance"]
    for host, period in periods.items():
        lines += [*([f"On {host}:"] if len(periods) > 1 else []), *_maintenance_lines(period, context)]
    return [*lines, *_next(context)]


def _secret_lines(result: Facts, context: Facts) -> list[str]:
    ages = _secret_reports.age_lines(result.get("secrets"), context.get("generated") or ())
    return [*ages, *_secret_reports.rotation_lines(result.get("rotation"), context)]


def _next(context: Facts) -> list[str]:
    if not context["url"]:
        return []
    lines, options = [f"{'URL':<10} {context['url']}"], f"-e env={context['environment']}"
    if context["admin"]:
        lines.append(f"{'Login':<10} user {context['admin']}, password DEFAULT_ADMIN_PASSWORD:")
        lines.append(f"{'':<10} ansible-playbook secrets.yml {options} -e fetch_to=~/{context['environment']}.env")
        lines.append(f"{'':<10}   -e names=DEFAULT_ADMIN_PASSWORD")
    return [
        *lines,
        f"{'Next':<10} ansible-playbook health.yml {options}",
        f"{'':<10} ansible-playbook status.yml {options} -e stats=true",
        f"{'':<10} ansible-playbook services.yml {options}",
        f"{'':<10}   -e state=restarted -e service=backend",
    ]


def rollback(result: Facts, context: Facts) -> list[str]:
    """Describe the release that convosphere_stack restored, and the stack that serves."""
    release = result["release"]
    if result["changed"]:
        line = f"Rolled back from the release {release['rolled_back_from']} to {release['restored_from']}"
        lines = [f"{line}, recorded as {release['id']}"]
    else:
        lines = [f"The release {release.get('restored_from') or release['id']} serves already"]
    return [*lines, _NEXT_DEPLOY, *stack(result, context)]


def rollback_of_several(result: Facts, _context: Facts) -> list[str]:
    """Describe a rollback over several hosts: ``serving`` served before, ``target`` was restored.

    ``recorded`` are the ids of the releases that serve on the hosts now, by host.
    """
    new = {host: name for host, name in result["recorded"].items() if name > result["serving"]}
    if not new:
        return [f"The release {result['target']} serves already", _NEXT_DEPLOY]
    line = f"Rolled back from the release {result['serving']} to {result['target']}"
    return [f"{line}, recorded as {max(new.values())} on {', '.join(new)}", _NEXT_DEPLOY]


def releases(result: Facts, context: Facts) -> list[str]:
    """Describe the ``releases`` of an environment, newest first, as the filter environment_releases returns them."""
    lines = [line for release in result["releases"] for line in _release(release)]
    if not lines:
        return [f"{context['environment']} has no release on {context['host']}"]
    left_out = context.get("left_out")
    note = [f"Without {', '.join(left_out)}, which this run leaves out"] if left_out else []
    return [*note, *lines, f"Roll back: ansible-playbook rollback.yml -e env={context['environment']} -e release=<id>"]


def _release(release: Facts) -> Iterator[str]:
    serves = "  serves" if release["serves"] else ""
    yield f"{release['id']}  {release['released_at'] or '-'}  by {release['released_by'] or '-'}{serves}"
    if release["restored_from"]:
        yield _item("restored", f"{release['restored_from']}, rolled back from {release['rolled_back_from']}")
    several = len(release["hosts"]) > 1
    if several:
        yield _item("changed", ", ".join(release["changed"]))
    for each in release["images"]:
        on_hosts = f" on {', '.join(each['hosts'])}" if several else ""
        yield _item(each["service"], f"{each['reference']}@{each['image_id']}{on_hosts}")
    yield _item("schema", ", ".join(release["schema_revisions"] or ()) or "not recorded")
    yield from (_item("missing", each) for each in release["missing"])
    if release["refusal"]:
        yield _item("rollback", f"refused. {release['refusal']}")


def _item(name: str, text: str) -> str:
    return f"  {name:<10} {text}"


def _measured(service: Facts) -> Iterator[str]:
    standin = "sandbox stand-in" if service["sandbox"] else ""
    yield _service(service["name"], service["health"] or service["state"], service["version"] or "-", standin)
    if service.get("memory_bytes") is not None:
        memory = bytes_to_human(service["memory_bytes"])
        yield f"{'':<10} {service['cpu_percent']}% of a processor, {memory} of memory"


def _service(name: str, health: str, version: str, note: str) -> str:
    return f"{name:<10} {health:<10} {version:<12} {note}".rstrip()


def edge_maintenance(result: Facts, context: Facts) -> list[str]:
    """Return whether the edge serves, and how to end a maintenance."""
    return _maintenance_lines(result["maintenance"], context) or ["The edge serves, there is no maintenance"]


def _maintenance_lines(period: Facts | None, context: Facts) -> list[str]:
    if period is None:
        return []
    reason = f": {period['reason']}" if period["reason"] else ""
    if not period["active"]:
        return [f"MAINTENANCE ended by itself at {period['until']}{reason}. The edge serves"]
    through = ", ".join(period["operators"]) or "none"
    return [
        f"MAINTENANCE until {period['until']}{reason}",
        f"{'':<10} the edge answers 503; let through: {through}",
        f"{'':<10} ansible-playbook edge_maintenance.yml -e env={context['environment']} -e state=off",
    ]


def health(result: Facts, _context: Facts) -> list[str]:
    """Return one line with the components that convosphere_health_info asked: version, and latency or status."""
    return [", ".join(_component(name, each, result["versions"]) for name, each in result["components"].items())]


def _component(name: str, component: Facts, versions: Facts) -> str:
    version = f" {versions[name]}" if name in versions else ""
    latency = component["latency_ms"]
    return f"{name}{version} {component['status'] if latency is None else f'in {latency} ms'}"


#: Each report by its subject.
REPORTS: dict[str, Report] = {
    "audit": _environment_runs.lines,
    "awx_schedules": _schedule_reports.awx,
    "backup": _database_reports.backup,
    "backup_retention": _database_reports.backup_retention,
    "backup_verification": _database_reports.backup_verification,
    "backups": _database_reports.backups,
    "bundle": bundle,
    "config": _config_document.lines,
    "config_comparison": _config_document.comparison_lines,
    "content": _content_reports.changes,
    "content_export": _content_reports.export,
    "conversations_export": _conversation_reports.export,
    "database_status": _database_reports.database_status,
    "deletions": _retention_reports.deletion_lines,
    "deletions_csv": _retention_reports.deletion_csv,
    "drift": _deploy_document.drift_lines,
    "edge_maintenance": edge_maintenance,
    "environment": environment,
    "health": health,
    "logs": _environment_logs.lines,
    "maintenance": maintenance,
    "messages": _conversation_reports.messages,
    "migration": _database_reports.migration,
    "person": _people_reports.person,
    "plan": _deploy_document.plan_lines,
    "prune": prune,
    "records_retention": _retention_reports.lines,
    "releases": releases,
    "reports": _maintenance.report_lines,
    "restore": _database_reports.restore,
    "restore_discard": _database_reports.restore_discard,
    "rollback": rollback,
    "rollback_of_several": rollback_of_several,
    "secret_file": _secret_reports.file_lines,
    "secret_rotation": _secret_reports.rotated_lines,
    "secrets": _secret_reports.lines,
    "stack": stack,
    "support_bundle": _support_documents.lines,
    "timers": _schedule_reports.timers,
    "upgrade_rehearsal": _rehearsal_report.lines,
    "usage": _conversation_reports.usage,
    "users": _user_reports.changes,
    "users_audit": _user_reports.audit,
    "vacuum": _database_reports.vacuum,
}
