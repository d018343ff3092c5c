# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the hooks of an environment: files of tasks on the controller, in a directory for each event.

How long a hook takes is read from the nodes of its YAML, for which no secret of Ansible Vault has to be known.

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
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.block import Block
from ansible.playbook.task import Task
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
_MEANT = re.compile(r"[0-9]")
#: The variable of a task or a block by which it declares how many seconds it takes in all.
DECLARED = "convosphere_hook_seconds"
#: The seconds of a task whose timeout, retries or delay are a template: the end of its hook does not shorten these.
_UNKNOWN = 3600
#: The most seconds of a hook, a day: as long a killed run could keep the next one waiting.
_LONGEST = 86_400
#: What has any number of steps. All of them together count as one task: the time of the hook ends them.
_OPEN_ENDED = ("include_tasks", "import_tasks", "include_role", "import_role", "<<")
#: Keywords of a block that hold tasks.
_PARTS = ("block", "rescue", "always")


@dataclass(frozen=True)
class Hook:
    """One file. ``seconds`` is the longest time that its tasks may take together: then it is ended."""

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
    yield from _replaceable(root)
    for folder in sorted(path for path in root.iterdir() if not path.name.startswith(".")):
        near = suggest(folder.name, EVENTS)
        if folder.name in EVENTS and not folder.is_dir():
            yield f"{folder} is named like an event and is no directory: its hooks would not run."
        elif folder.name in EVENTS:
            yield from _problems_of(folder, timeout)
        elif folder.is_dir() or near:
            meant = f" Probably {near} is meant." if near else ""
            yield f"The hooks in {folder} are for no event.{meant} Allowed are {', '.join(EVENTS)}."


def _problems_of(folder: Path, timeout: int) -> Iterator[str]:
    yield from _writable(folder)
    for path in _files(folder):
        try:
            _hook(folder.name, path, timeout)
            _load(path)
        except HookError as error:
            yield str(error)


def _files(folder: Path) -> list[Path]:
    """Return what is meant to be a hook: other files, such as README.md or templates, may lie beside them."""
    return sorted(path for path in folder.iterdir() if _MEANT.match(path.name) or path.suffix in (".yml", ".yaml"))


def _writable(path: Path) -> Iterator[str]:
    """Yield why a path is unsafe: its tasks are run by the operator."""
    if stat.S_IMODE(path.stat().st_mode) & stat.S_IWOTH:
        yield f"The hooks in {path} can be changed by every user of the controller. Run chmod o-w {path}."


def _replaceable(root: Path) -> Iterator[str]:
    """Yield why another directory can take the place of this one: in /tmp, with its sticky bit, it cannot."""
    for parent in root.resolve().parents:
        if parent.stat().st_mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH:
            yield f"The hooks in {root} can be replaced by every user of the controller. Run chmod o-w {parent}."


def _hook(event: str, path: Path, timeout: int) -> Hook:
    match = _NAME.fullmatch(path.name)
    if match is None or not path.is_file():
        raise HookError(
            f"The hook {path} is no file with a valid name. Name it like 10-approval.yml, or like 10-approval.check.yml"
            " if it is to run in check mode too."
        )
    for problem in _writable(path):
        raise HookError(problem)
    try:
        seconds = sum(_seconds(path, timeout))
    except RecursionError as error:
        raise HookError(f"The hook {path} has an anchor that refers to itself, or too many nested blocks.") from error
    if seconds > _LONGEST:
        raise HookError(f"The hook {path} may take {seconds} seconds. Give its tasks at most {_LONGEST} together.")
    return Hook(event, path, match["check"] is not None, seconds)


def _seconds(path: Path, timeout: int) -> Iterator[int]:
    """Yield the time limit of each task of a file, in seconds: what it declares, its ``timeout``, or the default."""
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
        keys = {str(key.value): value for key, value in task.value} if isinstance(task, yaml.MappingNode) else {}
        if not keys or "hosts" in keys:
            raise HookError(f"The hook {path} has a list item that is no task. Write the tasks alone, without a play.")
        limit = _number(keys.get("timeout"), timeout)
        written = getattr(keys.get("timeout"), "value", "1")
        if limit < 1 or not (str(written).isdecimal() or "{" in str(written)):
            raise HookError(
                f"The hook {path} has a task with timeout: {written}, which limits nothing. Give a number of seconds"
                " from 1 on."
            )
        parts = [keys[part] for part in _PARTS if isinstance(keys.get(part), yaml.SequenceNode)]
        found = [seconds for part in parts for seconds in _of_tasks(part, path, limit)]
        declared = _declared(keys, path)
        if declared:
            yield declared
        else:
            yield from found if parts else [_of_task(keys, limit)]


def _declared(keys: dict[str, yaml.Node], path: Path) -> int | None:
    """Return the seconds that a task or block declares; None without them. Raises HookError for another value."""
    variables = keys.get("vars")
    for name, value in variables.value if isinstance(variables, yaml.MappingNode) else ():
        if name.value == DECLARED:
            if not str(value.value).isdecimal() or int(value.value) < 1:
                raise HookError(f"The hook {path} has {DECLARED}: {value.value}. Give a number of seconds from 1 on.")
            return int(value.value)
    return None


def _of_task(keys: dict[str, yaml.Node], limit: int) -> int:
    """Return the most seconds of one task: Ansible limits each of its attempts, for each item of a loop."""
    names = {name.rpartition(".")[2] for name in keys}
    items = keys.get("loop")
    is_listed = items is None or isinstance(items, yaml.SequenceNode)
    if names & set(_OPEN_ENDED) or not is_listed or any(name.startswith("with_") for name in names):
        return limit
    if "until" in names or "retries" in names:
        retries, delay = _number(keys.get("retries"), 3), _number(keys.get("delay"), 5)
        limit = max(_UNKNOWN, limit) if _UNKNOWN in (retries, delay) else (retries + 1) * (limit + delay)
    return limit * len(items.value) if items else limit


def _number(node: yaml.Node | None, default: int) -> int:
    """Return the number of a keyword; a high one if it is a template."""
    if node is None:
        return default
    return int(node.value) if str(node.value).isdecimal() else _UNKNOWN


def _load(path: Path) -> None:
    """Parse the tasks as Ansible does. An error at their inclusion would end the run at once, with its lock.

    Raises HookError.
    """
    loader = DataLoader()
    try:
        for each in loader.load_from_file(str(path), trusted_as_template=True):
            (Block if Block.is_block(each) else Task).load(each, loader=loader)
    except (AnsibleError, AttributeError, TypeError, ValueError) as error:
        reason = " ".join(str(error).partition(" This error can be suppressed")[0].split())
        raise HookError(f"Ansible cannot read the hook {path}: {reason}.") from error
