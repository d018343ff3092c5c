# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find who runs Ansible: the user of AWX, or else the login of the controller; and the id of the run.

This is the only place that does.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import multiprocessing
import os
import pwd
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

#: The variables in which AWX, and products built on it, name the user who started a job.
_AWX_USERS = ("awx_user_name", "tower_user_name")
#: Those that name the schedule of a job that no user started.
_AWX_SCHEDULES = ("awx_schedule_name", "tower_schedule_name")
#: Those that number a job.
AWX_JOBS = ("awx_job_id", "tower_job_id")
#: The users and the schedules.
AWX_VARIABLES = (*_AWX_USERS, *_AWX_SCHEDULES)
#: The environment variables that name a login. After sudo, USER is root.
_LOGINS = ("SUDO_USER", "DOAS_USER", "USER", "LOGNAME")
_ROOT = "root"


def name(variables: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> str:
    """Return the user who started the job in AWX, or else the login of the controller's user.

    A login other than root wins, because root says nothing about who it is. ``environ`` are the environment variables,
    by default those of this process.
    """
    return _of_awx(variables) or _login(os.environ if environ is None else environ)


def actor(variables: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> str:
    """Return the name and the place, as ``name@host``. In AWX the host is a container of the job, and the place awx."""
    return f"{name(variables, environ)}@{'awx' if _of_awx(variables) else socket.gethostname()}"


def run_id(variables: Mapping[str, Any]) -> str:
    """Return an id of this run, the same in each of its processes: the job's number in AWX, or of the process."""
    parent = multiprocessing.parent_process()  # each task is a process of its own
    number = os.getpid() if parent is None or parent.pid is None else parent.pid
    return next(_texts(variables, AWX_JOBS), "") or f"{socket.gethostname()}/{number}{_started(number)}"


def _started(process: int) -> str:
    """Return when a process started, in ticks since the boot, because its number is given to another one later."""
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except OSError:  # a controller without /proc
        return ""
    return "/" + status.rpartition(")")[2].split()[19]


def _of_awx(variables: Mapping[str, Any]) -> str:
    users = next(_texts(variables, _AWX_USERS), "")
    schedules = (f"schedule {schedule}" for schedule in _texts(variables, _AWX_SCHEDULES))
    return users or next(schedules, "")


def _texts(variables: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[str]:
    values = (variables.get(each) for each in names)
    return (str(value).strip() for value in values if value is not None and str(value).strip())


def _login(environ: Mapping[str, str]) -> str:
    given = [environ.get(variable) for variable in _LOGINS]
    found = [login for login in (*given, _attempted(os.getlogin), _attempted(_account)) if login]
    return next((login for login in found if login != _ROOT), found[0] if found else str(os.getuid()))


def _account() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def _attempted(candidate: Callable[[], str]) -> str | None:
    try:
        return candidate()
    except (KeyError, OSError):  # no terminal, or a user without a name, as in a container
        return None
