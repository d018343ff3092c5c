# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan the schedules of an environment from their declaration, and refuse what would fail when it runs.

No input or output. A schedule without an answer that its playbook requires is refused here, not at half past one.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from ansible_collections.convosphere.platform.plugins.module_utils._core.display import quoted
from ansible_collections.convosphere.platform.plugins.module_utils._core.redaction import mask_foreign
from ansible_collections.convosphere.platform.plugins.plugin_utils._extra_vars import (
    ParameterError,
    convert,
    find_problems,
)
from ansible_collections.convosphere.platform.plugins.plugin_utils._on_calendar import (
    cron_fields,
    cron_problem,
    on_calendar,
)
from ansible_collections.convosphere.platform.plugins.plugin_utils._parameters import parameters_of
from ansible_collections.convosphere.platform.plugins.plugin_utils._schedule_rule import rule, rule_problems
from ansible_collections.convosphere.platform.plugins.plugin_utils._schedule_times import Times, TimesError, read
from ansible_collections.convosphere.platform.plugins.plugin_utils._verbs import VERBS, find_verb

BACKENDS = ("awx", "systemd", "cron")
#: The playbooks that no schedule may run: they destroy what only a person confirms, or are for no environment.
UNSCHEDULED = ("help", "person", "restore", "restore_discard", "schedules", "teardown")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_UNTIL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_TIMES = ("every", "at", "weekday", "day", "timezone")
_KEYS = ("name", "verb", *_TIMES, "until", "rule", "variables", "limit", "check")
#: What the module convosphere_timer takes of a schedule.
_TIMER = ("name", "description", "calendar", "cron", "command")
#: The variable that has secrets by its purpose, and one that has none although its name says so.
_SECRETS, _NO_SECRET = "stack_secrets", "users_update_password"
#: The days in which the notes look for local times that do not exist.
_NOTED_DAYS = 400


@dataclass(frozen=True)
class Run:
    """How a scheduled run is started on the controller."""

    env: str
    backend: str
    program: str = "ansible-playbook"
    arguments: tuple[str, ...] = ()
    user: str = ""

    def command(self, declared: Mapping[str, Any]) -> list[str]:
        """Return the command line of a schedule, without a shell."""
        variables = {"env": self.env, **(declared.get("variables") or {})}
        command = [self.program, f"{declared['verb']}.yml", *self.arguments]
        command += ["--extra-vars", json.dumps(variables, sort_keys=True)]
        command += ["--limit", declared["limit"]] if declared.get("limit") else []
        return [*command, "--check"] if declared.get("check") else command


def plan(declared: Any, run: Run, today: date | None = None) -> dict[str, Any]:
    """Return ``{schedules, timers, problems, notes}``; problems and notes are sentences.

    ``timers`` are the schedules as the module convosphere_timer takes them.
    """
    problems, schedules = list(_run_problems(run)), []
    notes: list[str] = []
    for at, each in enumerate(declared if isinstance(declared, (list, tuple)) else [declared]):
        found = list(_problems(each, run)) or list(_secret_problems(each, run))
        title = each.get("name", at) if isinstance(each, Mapping) else at
        problems += [f"scheduler_schedules, {quoted(title)}: {problem}." for problem in found]
        if not found:
            schedules.append(_schedule(each, run))
            notes += _notes(each, today or datetime.now(timezone.utc).date())
    problems += _doubled([each["name"] for each in schedules])
    timers = [{key: each[key] for key in _TIMER} for each in schedules]
    return {"schedules": schedules, "timers": timers, "problems": problems, "notes": notes}


def _run_problems(run: Run) -> Iterator[str]:
    if run.backend not in BACKENDS:
        yield f"scheduler_backend is {quoted(run.backend)}. Allowed: {', '.join(BACKENDS)}."
    elif run.backend != "awx" and not run.user:
        yield (
            "scheduler_user is empty. Set it to the user of the controller who has the inventory and the SSH key, and"
            " as whom the playbooks run."
        )


def _doubled(names: Sequence[str]) -> Iterator[str]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"scheduler_schedules names {quoted(name)} {names.count(name)} times: each name is allowed once."


def _schedule(declared: Mapping[str, Any], run: Run) -> dict[str, Any]:
    times = None if "rule" in declared else read(declared)
    verb = find_verb(declared["verb"])
    return {
        "name": declared["name"],
        "verb": declared["verb"],
        "description": f"ConvoSphere {run.env}: {verb.purpose if verb else ''}",
        "variables": {"env": run.env, **(declared.get("variables") or {})},
        "limit": declared.get("limit") or "",
        "check": bool(declared.get("check", False)),
        "command": run.command(declared),
        "calendar": on_calendar(times) if times else "",
        "cron": cron_fields(times) if times and cron_problem(times, None) is None else "",
        "rule": rule(times, _compact(declared.get("until"))) if times else " ".join(str(declared["rule"]).split()),
    }


def _compact(until: Any) -> str:
    return str(until).replace("-", "").replace(":", "") if until else ""


def _problems(declared: Any, run: Run) -> Iterator[str]:
    """Yield what is wrong with one schedule, sentences without their final dots."""
    if not isinstance(declared, Mapping):
        yield f"it is not a dictionary. Allowed are the keys {', '.join(_KEYS)}"
        return
    unknown = sorted(set(map(str, declared)) - set(_KEYS))
    if unknown:
        yield f"there is no key {', '.join(unknown)}. Allowed: {', '.join(_KEYS)}"
    name = declared.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        yield f"name is {quoted(name)}. Allowed: at most 41 lower case letters, digits and dashes"
    yield from _text_problems(declared)
    yield from _verb_problems(declared)
    yield from _time_problems(declared, run)


def _text_problems(declared: Mapping[str, Any]) -> Iterator[str]:
    limit, check = declared.get("limit", ""), declared.get("check", False)
    if not isinstance(limit, str) or not limit.isprintable() or limit.startswith("-"):
        yield f"limit is {quoted(limit)}. Allowed: a pattern of hosts"
    if not isinstance(check, bool):
        yield f"check is {quoted(check)}. Allowed: true or false"


def _verb_problems(declared: Mapping[str, Any]) -> Iterator[str]:
    verb, variables = declared.get("verb"), declared.get("variables", {})
    if not isinstance(verb, str) or find_verb(verb) is None or verb in UNSCHEDULED:
        allowed = ", ".join(each.name for each in VERBS if each.name not in UNSCHEDULED)
        reason = ", which only a person starts" if verb in UNSCHEDULED else ""
        yield f"verb is {quoted(verb)}{reason}. Allowed: {allowed}"
        return
    if not isinstance(variables, Mapping):
        yield "variables is not a dictionary"
        return
    unfit = _unfit(variables)
    if unfit:
        yield unfit
        return
    if "env" in variables:
        yield "variables names env, which is always the environment that declares the schedule. Leave it out"
    yield from (problem.rstrip(".") for problem in find_problems(variables, verb))
    yield from missing_answers(variables, verb)


def _unfit(variables: Mapping[Any, Any]) -> str | None:
    """Return why variables cannot be given on a command line; None if they can."""
    for name, value in variables.items():
        if not isinstance(name, str):
            return f"variables names {quoted(name)}, which is no text. Quote it"
        try:
            json.dumps(value)
        except TypeError:  # YAML reads 2026-12-01 as a date
            return f"variables: {name} is {quoted(value)}, of the type {type(value).__name__}. Quote it"
    return None


def _secret_problems(declared: Mapping[str, Any], run: Run) -> Iterator[str]:
    """Yield a sentence if the command line of a schedule has a secret. AWX keeps variables to itself."""
    variables = {name: value for name, value in (declared.get("variables") or {}).items() if name != _NO_SECRET}
    words = run.command({**declared, "variables": variables})
    if run.backend != "awx" and (_SECRETS in variables or any(mask_foreign(word) != word for word in words)):
        yield (
            "its command line would have a secret, which every user of the controller can read. Keep the secret in the"
            " inventory, encrypted by ansible-vault, or in a file"
        )


def missing_answers(variables: Mapping[str, Any], verb: str) -> Iterator[str]:
    """Yield the parameters that a playbook requires and that are not given, a sentence each."""
    for parameter in parameters_of(verb):
        if parameter.name != "env" and variables.get(parameter.name) is None:
            try:
                convert(parameter, None)
            except ParameterError as error:
                yield str(error).rstrip(".")


def _time_problems(declared: Mapping[str, Any], run: Run) -> Iterator[str]:
    if "rule" in declared:
        yield from _raw_rule_problems(declared, run)
        return
    try:
        times = read(declared)
    except TimesError as error:
        yield from error.args
        return
    zones = available_timezones()
    if zones and times.timezone not in zones:
        yield f"timezone is {quoted(times.timezone)}, which the tz database does not have"
    until = declared.get("until")
    if until is not None and run.backend != "awx":
        yield f"until is given, and {run.backend} runs a schedule until it is removed. Leave it out"
    elif until is not None and not (isinstance(until, str) and _UNTIL.fullmatch(until)):
        yield f'until is {quoted(until)}. Allowed: a time in UTC as text, such as "2028-01-01T00:00:00Z"'
    problem = cron_problem(times, declared.get("timezone")) if run.backend == "cron" else None
    if problem:
        yield problem


def _raw_rule_problems(declared: Mapping[str, Any], run: Run) -> Iterator[str]:
    beside = [key for key in (*_TIMES, "until") if key in declared]
    if beside:
        yield f"rule is given, and {', '.join(beside)} as well. Leave one of them out"
    if run.backend != "awx":
        yield f"rule is given, and scheduler_backend is {run.backend}. Write every and at"
    if not isinstance(declared["rule"], str):
        yield "rule is not a text"
    else:
        yield from (f"rule: {problem}" for problem in rule_problems(declared["rule"]))


def _notes(declared: Mapping[str, Any], today: date) -> Iterable[str]:
    """Return a sentence for the next day on which the local time of a schedule does not exist."""
    if "rule" in declared:
        return []
    times = read(declared)
    missing = missing_day(times, today) if times.unit in ("day", "week", "month") else None
    if missing is None:
        return []
    return [
        f"{declared['name']}: {times.hour:02}:{times.minute:02} does not exist on {missing} in {times.timezone}, when"
        " the clocks are changed. It is skipped on that day, if it is due."
    ]


def missing_day(times: Times, today: date) -> date | None:
    """Return the next day on which the clocks skip the time of a schedule, or None for the next 400 days."""
    if times.timezone not in available_timezones():
        return None
    zone = ZoneInfo(times.timezone)
    for day in (today + timedelta(days=number) for number in range(_NOTED_DAYS)):
        local = datetime(day.year, day.month, day.day, times.hour, times.minute)
        if local.replace(tzinfo=zone).astimezone(timezone.utc).astimezone(zone).replace(tzinfo=None) != local:
            return day
    return None
