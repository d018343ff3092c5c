# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the hooks of an environment: files of tasks on the controller, in a directory for each event.

A hook is read as nodes of YAML, not as values: so tags of Ansible, such as those of Ansible Vault, do not matter here.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.convosphere.platform.plugins.plugin_utils._spelling import suggest

#: The variables of an inventory: the directory, and the seconds that a task may take.
VARIABLES = ("convosphere_hooks_dir", "convosphere_hooks_timeout")
#: The events, each with what a hook of it that failed means for the run.
EVENTS = {
    "pre_deploy": "The deploy was not begun.",
    "post_deploy": "The deploy had succeeded, and its release serves.",
    "pre_backup": "No backup was created.",
    "post_backup": "The backup was created.",
    "pre_migrate": "The schema was not migrated.",
    "post_restore": "The restore had succeeded, and the platform serves what was restored.",
    "post_maintenance": "The steps of the maintenance had ended.",
    "on_failure": "The failure of the run is the one before.",
}
#: 10-approval.yml, and 10-approval.check.yml for one that also runs in check mode.
_NAME = re.compile(r"(?P<title>[0-9]{2}-[A-Za-z0-9_-]+)(?P<check>\.check)?\.ya?ml")
#: Keywords of a block that hold tasks.
_PARTS = ("block", "rescue", "always")


@dataclass(frozen=True)
class Hook:
    """One file. ``seconds`` is the longest time that its tasks may take together."""

    event: str
    path: Path
    in_check_mode: bool
    seconds: int

    def shown(self) -> dict[str, Any]:
        """Return the hook as a dictionary, for the tasks that run it."""
        return {
            "name": f"{self.event}/{self.path.name}",
            "path": str(self.path),
            "in_check_mode": self.in_check_mode,
            "seconds": self.seconds,
            "consequence": EVENTS[self.event],
        }


class HookError(ValueError):
    """A hook or its directory that cannot be used; the text is a sentence."""


def find(directory: str, event: str, timeout: int) -> list[Hook]:
    """Return the hooks of an event in the order of their names. ``timeout`` is in seconds, for each task.

    No directory means no hook. Raises HookError.
    """
    if event not in EVENTS:
        raise HookError(f"There is no event '{event}'. Allowed: {', '.join(EVENTS)}.")
    folder = Path(directory) / event
    if not directory or not folder.is_dir():
        return []
    return [_hook(event, path, timeout) for path in _files(folder)]


def name_of(path: str) -> str:
    """Return the name of the hook that a file is, for example pre_deploy/10-approval.yml; empty for another file."""
    file = Path(path)
    return f"{file.parent.name}/{file.name}" if file.parent.name in EVENTS and _NAME.fullmatch(file.name) else ""


def problems(directory: str, timeout: int) -> list[str]:
    """Return why the hooks of a directory cannot be used, a sentence each; empty without a directory."""
    return list(_problems(directory, timeout)) if directory else []


def _problems(directory: str, timeout: int) -> Iterator[str]:
    root = Path(directory)
    if timeout < 1:
        yield f"convosphere_hooks_timeout is {timeout}: give a number of seconds from 1 on."
    if not root.is_absolute():
        yield f"convosphere_hooks_dir is {directory}: give an absolute path, for example {{{{ inventory_dir }}}}/hooks."
        return
    if not root.is_dir():
        yield f"convosphere_hooks_dir {directory} is no directory on the controller. Create it, or remove the variable."
        return
    yield from _writable(root)
    for folder in sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")):
        if folder.name not in EVENTS:
            near = suggest(folder.name, EVENTS)
            meant = f" Probably {near} is meant." if near else ""
            yield f"The hooks in {folder} are for no event.{meant} Allowed are {', '.join(EVENTS)}."
            continue
        yield from _writable(folder)
        for path in _files(folder):
            try:
                _hook(folder.name, path, timeout)
            except HookError as error:
                yield str(error)


def _files(folder: Path) -> list[Path]:
    """Return the files that are meant to be hooks: others, such as README.md or templates, may lie beside them."""
    return sorted(path for path in folder.iterdir() if path.is_file() and path.suffix in (".yml", ".yaml"))


def _writable(path: Path) -> Iterator[str]:
    """Yield why a path is unsafe: its tasks are run by the operator."""
    if stat.S_IMODE(path.stat().st_mode) & stat.S_IWOTH:
        yield f"The hooks in {path} can be changed by every user of the controller. Run chmod o-w {path}."


def _hook(event: str, path: Path, timeout: int) -> Hook:
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise HookError(
            f"The hook {path} has no valid name. Name it like 10-approval.yml, or like 10-approval.check.yml if it is"
            " to run in check mode too."
        )
    for problem in _writable(path):
        raise HookError(problem)
    return Hook(event, path, match["check"] is not None, sum(_seconds(path, timeout)))


def _seconds(path: Path, timeout: int) -> Iterator[int]:
    """Yield the time limit of each task of a file, in seconds: its own ``timeout``, or the default."""
    try:
        content = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise HookError(f"The hook {path} cannot be read as YAML: {reason}.") from error
    if not isinstance(content, yaml.SequenceNode):
        raise HookError(f"The hook {path} is no list of tasks. Write the tasks alone, without a play.")
    yield from _of_tasks(content, path, timeout)


def _of_tasks(tasks: yaml.SequenceNode, path: Path, timeout: int) -> Iterator[int]:
    for task in tasks.value:
        keys = {key.value: value for key, value in task.value} if isinstance(task, yaml.MappingNode) else {}
        if not keys or "hosts" in keys:
            raise HookError(f"The hook {path} has a list item that is no task. Write the tasks alone, without a play.")
        own = keys.get("timeout")
        limit = int(own.value) if own is not None and str(own.value).isdecimal() else timeout
        parts = [keys[part] for part in _PARTS if isinstance(keys.get(part), yaml.SequenceNode)]
        if not parts:
            yield limit
        for part in parts:
            yield from _of_tasks(part, path, limit)
