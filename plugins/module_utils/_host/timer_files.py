# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the units of systemd, and the lines of cron, that start a playbook at given times. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: The prefix of the names of all units, before the environment.
PREFIX = "convosphere-"
#: The line by which a unit, or a file of cron, is known as one of an environment.
MARK = "X-ConvoSphere-Environment="
_PLAIN = re.compile(r"[A-Za-z0-9_@+,./:=-]+")


@dataclass(frozen=True)
class Controller:
    """Who runs the playbooks, and how."""

    env: str
    user: str
    working_directory: str
    timeout: int
    randomized_delay: int
    on_failure: str


def unit_name(env: str, name: str) -> str:
    """Return the name of the units of a timer, without their suffix."""
    return f"{PREFIX}{env}-{name}"


def service_unit(timer: Mapping[str, Any], controller: Controller) -> str:
    """Return the unit that runs the command of a timer once."""
    on_failure = f"OnFailure={controller.on_failure}\n" if controller.on_failure else ""
    return (
        f"# Written by the role scheduler of convosphere.platform: changes are lost.\n"
        f"[Unit]\n"
        f"Description={_escaped(timer['description'])}\n"
        f"{MARK}{controller.env}\n"
        f"After=network-online.target\n"
        f"Wants=network-online.target\n"
        f"{on_failure}\n"
        f"[Service]\n"
        f"Type=oneshot\n"
        f"User={controller.user}\n"
        f"WorkingDirectory={_escaped(controller.working_directory)}\n"
        f"ExecStart={' '.join(_systemd_word(word) for word in timer['command'])}\n"
        f"TimeoutStartSec={controller.timeout}\n"
    )


def timer_unit(timer: Mapping[str, Any], controller: Controller) -> str:
    """Return the unit that starts the service at its times, and after a downtime once."""
    return (
        f"# Written by the role scheduler of convosphere.platform: changes are lost.\n"
        f"[Unit]\n"
        f"Description={_escaped(timer['description'])}\n"
        f"{MARK}{controller.env}\n\n"
        f"[Timer]\n"
        f"OnCalendar={timer['calendar']}\n"
        f"RandomizedDelaySec={controller.randomized_delay}\n"
        f"Persistent=true\n\n"
        f"[Install]\n"
        f"WantedBy=timers.target\n"
    )


def cron_file(timers: Sequence[Mapping[str, Any]], controller: Controller) -> str:
    """Return the file for cron of all timers of an environment."""
    lines = [
        "# Written by the role scheduler of convosphere.platform: changes are lost.",
        f"# {MARK}{controller.env}",
        "SHELL=/bin/sh",
    ]
    for timer in timers:
        command = f"cd {shlex.quote(controller.working_directory)} && exec {shlex.join(timer['command'])}"
        escaped = command.replace("%", "\\%")
        lines += [f"# {timer['name']}: {timer['description']}", f"{timer['cron']} {controller.user} {escaped}"]
    return "\n".join(lines) + "\n"


def environment_of(text: str) -> str | None:
    """Return the environment that a unit, or a file of cron, names as its own; None if it names none."""
    found = re.search(rf"^(?:# )?{MARK}(\S+)$", text, re.MULTILINE)
    return found[1] if found else None


def _systemd_word(word: str) -> str:
    """Return a word of a command for ExecStart, of which systemd expands nothing."""
    escaped = _escaped(word).replace("$", "$$")
    if _PLAIN.fullmatch(escaped):
        return escaped
    inner = escaped.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{inner}"'


def _escaped(text: str) -> str:
    return text.replace("%", "%%")
