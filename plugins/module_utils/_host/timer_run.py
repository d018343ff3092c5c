# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the timers of one environment on the controller to the declared state, with systemd or cron.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._core import files
from .._core.command import run
from .._core.errors import CommandError, ConvosphereError, InputError
from .._core.plan import DELETE, UPDATE, Change, Plan, make_plan
from .._core.work import Invocation, Work
from . import timer_files
from .timer_files import Controller

MODE = "0644"
#: systemd is the first process of the machine if it has made this directory.
RUNNING = Path("/run/systemd/system")
#: systemd keeps there when a timer ran last.
STAMPS = Path("/var/lib/systemd/timers")
#: A text that ends a line of a unit, or of cron, would begin another one.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NEXT = re.compile(r"^ *Next elapse: (.+)$", re.MULTILINE)
#: The name of a timer is a part of the name of a file.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_NAMES = "letters, digits, dots, dashes and underscores, a letter or a digit first"
#: A second word would be the program that cron runs, and systemd expands specifiers.
_USER = re.compile(r"[^\s%:/]+")
#: The names that cron reads in its directory.
_CRON_NAME = re.compile(r"[A-Za-z0-9_-]+")


def work(call: Invocation) -> Work:
    """Return the work of convosphere_timer with the method of the call."""
    return SystemdTimers(call) if call.params["method"] == "systemd" else CronTimers(call)


class _Timers(Work):
    """What both methods have in common."""

    def __init__(self, call: Invocation) -> None:
        params = call.params
        self.env: str = params["environment_name"]
        self.timers: list[dict[str, Any]] = (params["timers"] or []) if params["state"] == "present" else []
        self.directory = Path(params["directory"] or self.default_directory)
        self.controller = Controller(
            self.env,
            params["user"] or "",
            params["working_directory"] or "",
            params["timeout"],
            params["randomized_delay"],
            params["on_failure"] or "",
        )

        #: When each timer runs next, by name.
        self.next_runs: dict[str, str] = {}

    default_directory = ""

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the names of the timers."""
        names = sorted(timer["name"] for timer in self.timers)
        return {"timers": names, "removed": sorted(plan.names(DELETE)), "next_runs": self.next_runs}

    def _refuse_options(self) -> None:
        problems = []
        names = [timer["name"] for timer in self.timers]
        problems += [f"timers: {name} is named twice" for name in sorted({n for n in names if names.count(n) > 1})]
        texts = [self.controller.user, self.controller.working_directory, self.controller.on_failure]
        texts += [text for timer in self.timers for text in (timer["description"], *timer["command"])]
        texts += [timer[key] for timer in self.timers for key in ("calendar", "cron")]
        if any(_CONTROL.search(text) for text in texts):
            problems.append("a text of timers, or of user, working_directory and on_failure, has a line break")
        problems += [
            f"timers: the name {name!r} is not allowed: {_NAMES}" for name in names if not _NAME.fullmatch(name)
        ]
        if self.controller.user and not _USER.fullmatch(self.controller.user):
            problems.append(f"user is {self.controller.user!r}: give the name of one user")
        if not self.directory.is_dir():
            problems.append(f"there is no directory {self.directory} on this host")
        if problems:
            raise InputError.of(problems, hint="Nothing was changed.")


class SystemdTimers(_Timers):
    """Timers and services of systemd."""

    default_directory = "/etc/systemd/system"

    def plan(self) -> Plan:
        """Compare the units with the declared ones. Raises InputError, also for a calendar that systemd cannot read."""
        self._refuse_options()
        if not RUNNING.is_dir():
            raise InputError("systemd does not run on this host", hint="Use method: cron.")
        for timer in self.timers:
            self.next_runs[timer["name"]] = _next_run(timer)
        current = self._current()
        desired: dict[str, Mapping[str, Any] | None] = dict.fromkeys(current)
        for timer in self.timers:
            name = timer_files.unit_name(self.env, timer["name"])
            self._refuse_foreign(name)
            desired[name] = {
                "service": timer_files.service_unit(timer, self.controller).splitlines(),
                "timer": timer_files.timer_unit(timer, self.controller).splitlines(),
                "enabled": True,
                "active": True,
            }
        return make_plan(desired, current)

    def apply(self, plan: Plan) -> None:
        """Write the units, and start their timers. A service that runs is not stopped."""
        for change in plan:
            if change.action == DELETE:
                self._remove(change.name)
            else:
                self._write(change)

    def verify(self, plan: Plan) -> None:
        """Raise ConvosphereError if a timer is not active."""
        names = [timer_files.unit_name(self.env, timer["name"]) for timer in self.timers]
        waiting = [name for name in names if not _says("is-active", f"{name}.timer", "active")]
        if waiting:
            raise ConvosphereError(
                f"The timer {waiting[0]}.timer is not active after its start",
                hint=f"See: systemctl status {waiting[0]}.timer",
            )

    def _current(self) -> dict[str, dict[str, Any]]:
        found = {}
        for path in sorted(self.directory.glob(f"{timer_files.PREFIX}*.timer")):
            text = files.read_text(path) or ""
            if timer_files.environment_of(text) == self.env:
                service = files.read_text(path.with_suffix(".service")) or ""
                found[path.stem] = {
                    "service": service.splitlines(),
                    "timer": text.splitlines(),
                    "enabled": _says("is-enabled", path.name, "enabled"),
                    "active": _says("is-active", path.name, "active"),
                }
        return found

    def _refuse_foreign(self, name: str) -> None:
        for suffix in (".timer", ".service"):
            path = self.directory / f"{name}{suffix}"
            text = files.read_text(path)
            if text is not None and timer_files.environment_of(text) != self.env:
                owner = timer_files.environment_of(text)
                raise InputError(
                    f"{path} is {'of the environment ' + owner if owner else 'not of this collection'}",
                    hint="Nothing was changed. Give the schedule another name, or remove that unit.",
                )

    def _write(self, change: Change) -> None:
        after = change.after or {}
        timer = f"{change.name}.timer"
        if change.action == UPDATE and {"timer", "active"} & set(after):
            self._stop(timer)  # or systemd would catch up on the runs that the new times had before now
        # By its timer the next run knows a schedule: it is written first and removed last, if this run is killed.
        for kind in ("timer", "service"):
            if kind in after:
                files.write_text(self.directory / f"{change.name}.{kind}", "\n".join(after[kind]) + "\n", MODE)
        _systemctl("daemon-reload")
        _systemctl("enable", timer)
        _systemctl("start", timer)

    def _remove(self, name: str) -> None:
        timer = f"{name}.timer"
        _systemctl("disable", timer)
        self._stop(timer)
        files.remove(self.directory / f"{name}.service")
        files.remove(self.directory / timer)
        _systemctl("daemon-reload")

    def _stop(self, timer: str) -> None:
        """Stop a timer, and forget when it ran last."""
        _systemctl("stop", timer)
        files.remove(STAMPS / f"stamp-{timer}")


class CronTimers(_Timers):
    """One file in the directory of cron."""

    default_directory = "/etc/cron.d"

    def plan(self) -> Plan:
        """Compare the file with the declared one. Raises InputError."""
        if not self.directory.is_dir():
            raise InputError(f"There is no directory {self.directory} on this host", hint="Install cron.")
        self._refuse_options()
        if not _CRON_NAME.fullmatch(self.env):
            raise InputError(f"cron reads no file whose name has a dot, as {self.path} has", hint="Use systemd.")
        without = [timer["name"] for timer in self.timers if not timer["cron"]]
        if without:
            raise InputError(f"timers: {', '.join(without)} has no cron, which method: cron needs")
        text = files.read_text(self.path)
        if text is not None and timer_files.environment_of(text) != self.env:
            raise InputError(f"{self.path} is not of this collection", hint="Nothing was changed. Remove it.")
        lines = timer_files.cron_file(self.timers, self.controller).splitlines() if self.timers else None
        desired = {str(self.path): None if lines is None else {"lines": lines}}
        return make_plan(desired, {} if text is None else {str(self.path): {"lines": text.splitlines()}})

    def apply(self, plan: Plan) -> None:
        """Replace the file, or remove it."""
        for change in plan:
            if change.after is None:
                files.remove(self.path)
            else:
                files.write_text(self.path, "\n".join(change.after["lines"]) + "\n", MODE)

    @property
    def path(self) -> Path:
        """The file of the environment."""
        return self.directory / f"{timer_files.PREFIX}{self.env}"


def _next_run(timer: Mapping[str, Any]) -> str:
    """Return when a timer runs next, as systemd writes it. Raises InputError for a calendar that it cannot read."""
    if not timer["calendar"]:
        raise InputError(f"timers: {timer['name']} has no calendar, which method: systemd needs")
    try:
        shown = run(["systemd-analyze", "calendar", timer["calendar"]], step="check a calendar", timeout=30)
    except CommandError as error:
        raise InputError(
            f"timers: systemd does not accept the calendar '{timer['calendar']}' of {timer['name']}: {error.message}",
            hint="Nothing was changed.",
        ) from error
    found = _NEXT.search(shown)
    if not found or found[1] == "never":
        raise InputError(f"timers: {timer['name']} would never run: '{timer['calendar']}'", hint="Nothing was changed.")
    return found[1]


def _systemctl(*arguments: str) -> None:
    run(["systemctl", *arguments], step=f"{arguments[0]} {arguments[-1]}", timeout=90)


def _says(question: str, unit: str, answer: str) -> bool:
    """Return whether systemctl gives an answer; the status of the program says the same and is no failure."""
    try:
        return run(["systemctl", question, unit], step=f"ask for {unit}", timeout=30).strip() == answer
    except CommandError as error:
        if "returncode" not in error.details:  # it could not be run
            raise
        return False
