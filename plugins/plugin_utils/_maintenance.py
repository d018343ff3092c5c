# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan the steps of a maintenance run, and decide what the failure of one means for the others. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _database_reports, _recovery

SUCCEEDED = ("ok", "changed")
#: The step under which copies that failed are reported; the step that made them succeeded on the host.
COPY = "copy"
_ASSERTS = re.compile(r"(?:ansible\.builtin\.)?assert")
_COPIES_BACKUPS = re.compile(r"(?:.*\.)?convosphere_db_backup_copy")


def plan(
    known: Mapping[str, Mapping[str, Any]], selected: Any, timeouts: Mapping[str, Any], *, has_database: bool = True
) -> dict[str, Any]:
    """Return ``{steps, timeouts, problems}``: the selected steps in the order of ``known``, and seconds by step.

    ``selected`` is a list of names, or names separated by commas. ``problems`` are sentences without their final dot.
    A host without the database does not run the steps that are marked as those of the ``database``.
    """
    names = list(_names(selected))
    seconds = {step: timeouts.get(step, settings["timeout"]) for step, settings in known.items()}
    return {
        "steps": [step for step in known if step in names and (has_database or not known[step].get("database"))],
        "timeouts": seconds,
        "problems": list(_problems(known, names, timeouts)),
    }


def blockers(done: Iterable[Mapping[str, Any]], needs: Iterable[str]) -> list[str]:
    """Return those of the needed steps that ran without success.

    A backup that is whole and does not load here does not block: it would stop retention for ever. Retention counts
    such backups apart, so that no verified one is deleted in their favour. Neither does a backup that is verified and
    only missed a target.
    """
    harmless = ("not_loaded", "missed_target")
    failed = [
        each["step"] for each in done if each["status"] not in SUCCEEDED and not any(name in each for name in harmless)
    ]
    return [step for step in failed if step in list(needs)]


def failure_results(failure: Mapping[str, Any], done: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the results to record for a step of which a task failed.

    ``failure`` has ``step``, ``seconds``, the failed ``task``, its ``action``, ``message`` and ``details``, the last
    ``outcome`` of the role ``database``, and ``check_mode``. If only the copies of a backup failed, the step
    succeeded on the host, and the copies fail once, as a step of their own.
    """
    details = failure["details"]
    failed = {name: failure[name] for name in ("step", "seconds", "task", "message")}
    failed["status"] = "failed"
    if "not_loaded" in details:
        failed["not_loaded"] = details["not_loaded"]
    failed.update(_verification(failure))
    succeeded = _on_the_host(failure)
    if not succeeded:
        return [failed]
    result = {"step": failure["step"], "seconds": failure["seconds"], **succeeded}
    reported = any(each["step"] == COPY for each in done)
    return [result] if reported else [result, {**failed, "step": COPY, "seconds": 0.0}]


def report_hosts(
    names: Iterable[str],
    reached: Iterable[str],
    steps: Iterable[Sequence[Mapping[str, Any]]],
    services: Iterable[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Return the hosts of a run for convosphere_report; one that is not ``reached`` any more has no ``steps``."""
    known = set(reached)
    return [
        {
            "name": name,
            "steps": list(done) if name in known else None,
            "services": list(found.get("services") or ()),
            "problem": str(found.get("msg") or "") if found.get("failed") else "",
        }
        for name, done, found in zip(names, steps, services)
    ]


def report_lines(result: Mapping[str, Any], context: Mapping[str, Any]) -> list[str]:
    """List the ``reports`` of an environment, newest first, or the ``paths`` to which one of them was written."""
    if context["paths"]:
        return [result["report"]["line"], *context["paths"]]
    if not result["reports"]:
        return [f"{context['environment']} has no report: maintenance.yml writes one at the end of each run"]
    lines = [f"{each['ended']}  {each['run']:<24} {each['line']}" for each in reversed(result["reports"])]
    fetch = f"ansible-playbook report.yml -e env={context['environment']} -e run=<run> -e fetch_to=<directory>"
    return [*lines, f"Fetch one: {fetch}"]


def _on_the_host(failure: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outcome of a step of which only the copies failed; empty if the step itself failed."""
    step, details, check_mode = (failure[name] for name in ("step", "details", "check_mode"))
    if "places" in details and step == "backup" and details.get("backup"):
        verb = "would be" if check_mode else "is"
        message = f"{details['backup']} {verb} complete on the host"
        return {"status": "changed", "backup": details["backup"], "message": message}
    if "places" in details and step == "retention":
        deleted = details.get("deleted") or []
        message = _database_reports.retention(deleted, check_mode=check_mode)
        return {"status": "changed" if deleted else "ok", "message": message}
    if step == "verify" and _COPIES_BACKUPS.fullmatch(failure["action"]):
        return {name: failure["outcome"][name] for name in failure["outcome"]}
    return {}


def _verification(failure: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a verification that failed by a boot or by a target; empty for any other failure."""
    booted = _recovery.failed_boot(failure["details"])
    if booted:
        return {"data": booted}
    outcome = failure["outcome"]
    if failure["step"] == "verify" and _ASSERTS.fullmatch(failure["action"]) and outcome.get("data"):
        return {"data": outcome["data"], "backup": outcome["backup"], "missed_target": True}
    return {}


def _names(selected: Any) -> Iterator[str]:
    for item in [selected] if isinstance(selected, str) else selected:
        yield from (name.strip() for name in f"{item}".split(",") if name.strip())


def _problems(known: Mapping[str, Any], names: list[str], timeouts: Mapping[str, Any]) -> Iterator[str]:
    allowed = f"Allowed: {', '.join(known)}"
    for step in names:
        if step not in known:
            yield f"There is no maintenance step '{step}'. {allowed}"
    for step, seconds in timeouts.items():
        if step not in known:
            yield f"maintenance_timeouts names the step '{step}', which does not exist. {allowed}"
        if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds < 1:
            yield f"maintenance_timeouts.{step} is '{seconds}'. Allowed: a number of seconds, at least 1"
    if not names:
        yield f"No maintenance step is selected. Name at least one in maintenance_steps. {allowed}"
