# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove that a directory belongs to one environment before anything in it is changed.

A directory names its environment in a marker file, which setup writes, and in the record of the release that serves.
It needs neither Docker nor the wings above, because setup uses it on a host without any installed packages.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._core import files, locks, option_texts
from .._core.errors import InputError
from . import served_release
from .system_directories import unsuitable

MARKER = files.MARKER
#: The option of every module that changes what belongs to an environment.
ENVIRONMENT_OPTION: dict[str, Any] = {"environment_name": {"type": "str", "required": True}}
#: The manifests of backups, which name their environment.
_MANIFESTS = "*.manifest.json"
#: A file of a backup, whose name begins with the backup's id: a database and a timestamp.
_PIECE = re.compile(r".+-\d{8}T\d{6}Z\..+")
#: The files of an unused directory: secrets may be copied there before the first deploy, and a first backup that was
#: interrupted leaves its progress, and files under temporary names.
_UNUSED = frozenset({locks.LOCK, ".env", "releases", "lost+found", files.PROGRESS})


@dataclass(frozen=True)
class Claim:
    """The environment, and the Compose project if there is one, that the file ``source`` names for its directory."""

    environment: str
    project: str | None
    source: Path


def claims(directory: Path) -> list[Claim]:
    """Read the marker of a directory and the release that serves there. Raises InputError for an invalid marker."""
    named = []
    marker = read_marker(directory)
    if marker:
        named.append(Claim(str(marker["environment"]), marker.get("project"), directory / MARKER))
    releases = directory / "releases"
    record = served_release.current(releases)
    if record and record.get("environment"):
        source = releases / served_release.CURRENT / served_release.RECORD
        named.append(Claim(str(record["environment"]), None, source))
    return named


def read_marker(directory: Path) -> dict[str, Any] | None:
    """Return the marker of a directory, ``{environment, project}``; None if it has none. Raises InputError."""
    path = directory / MARKER
    text = files.read_text(path)
    if text is None:
        return None
    try:
        marker = json.loads(text)
        if isinstance(marker, dict) and marker.get("environment"):
            return marker
    except ValueError:
        pass
    raise InputError(
        f"The marker {path} does not name an environment",
        hint=f"Nothing was changed. If the directory belongs to an environment, write its name: {command(directory)}",
    )


def write_marker(directory: Path, environment: str, project: str | None = None) -> None:
    """Write the marker of a directory, unless it names this environment already."""
    desired = {"environment": environment, **({"project": project} if project else {})}
    current = read_marker(directory) or {}
    if {**current, **desired} != current:
        files.write_text(directory / MARKER, json.dumps({**current, **desired}) + "\n", "0600")


def refuse_foreign_directory(directory: Path, environment: str, option: str, project: str | None = None) -> None:
    """Raise InputError unless a directory belongs to ``environment`` or is unused.

    ``option`` is the module's option that names the directory. Costs the reading of two files.
    """
    _refuse(objection(directory, environment, project), environment, option)


def refuse_foreign_backups(directory: Path, environment: str) -> None:
    """Raise InputError unless a directory of backups belongs to ``environment``, is unused, or names no owner.

    Without a marker it may have the backups of several environments, each of which names its own, and the files of a
    first backup or a first fetch that was interrupted before the manifest.
    """
    known = bool(environments_of_backups(directory)) or is_unused(directory, _PIECE)
    unmarked = read_marker(directory) is None and known
    unfit = unsuitable(directory)
    shared = (unfit, "") if unfit else None
    _refuse(shared if unmarked else objection(directory, environment), environment, "backup_dir")


def _refuse(problem: tuple[str, str] | None, environment: str, option: str) -> None:
    misnamed = option_texts.misnamed({"environment_name": environment})
    if misnamed:
        raise InputError(misnamed[0], hint="Nothing was changed.")
    if problem:
        raise InputError(problem[0], hint=f"Nothing was changed. Check {option} and environment_name. {problem[1]}")


def objection(directory: Path, environment: str, project: str | None = None) -> tuple[str, str] | None:
    """Return why a directory is not one of ``environment``, and the next action; None if it is, or is unused."""
    unfit = unsuitable(directory)
    if unfit:
        return unfit, "Give a directory that only this environment uses."
    named = claims(directory)
    for claim in named:
        where = f"The directory {directory} belongs to the"
        if claim.environment != environment:
            return f"{where} environment {claim.environment}, not to {environment}: see {claim.source}", ""
        if project and claim.project not in (None, project):
            return (
                f"{where} Compose project {claim.project}, not to {project}: see {claim.source}",
                "To rename a project, remove it under its old name first.",
            )
    if named or is_unused(directory) or environment in environments_of_backups(directory):
        return None
    return (
        f"Nothing shows that the directory {directory} belongs to the environment {environment}: it has files, and "
        f"neither {MARKER} nor a release of that environment",
        f"If it does belong to {environment}: {command(directory, environment)}",
    )


def is_unused(directory: Path, pieces: re.Pattern[str] | None = None) -> bool:
    """Return whether a directory is absent, or has only secrets and the files of setup and of an interrupted first run.

    ``pieces`` are the names of further files that an interrupted run leaves.
    """
    if not directory.is_dir():
        return True
    names = {path.name for path in _entries(directory)}
    known = {name for name in names if name.startswith(files.TEMPORARY) or files.is_register(name)}
    known |= {name for name in names if pieces and pieces.fullmatch(name)}
    if names - known - _UNUSED:
        return False
    releases = directory / "releases"
    return not releases.is_dir() or not any(_entries(releases))


def environments_of_backups(directory: Path) -> set[str]:
    """Return the environments that the manifests in a directory name. Skip files that are not manifests."""
    environments = set()
    for path in directory.glob(_MANIFESTS):
        try:
            environments.add(str(json.loads(files.read_text(path) or "")["environment"]))
        except (ValueError, TypeError, KeyError):
            continue
    return environments


def may_take_over(directory: Path, environment: str, owner: str | None, current: Mapping[str, str]) -> bool:
    """Return whether setup may give an existing directory another owner, group or mode.

    It may if the directory, or one of its parents, is the environment's; if it contains environments or lies beside
    them; and if it is unused and its owner, in ``current``, does not change.
    """
    for each in (directory, *directory.parents):
        known = claims(each)
        if known:
            return all(claim.environment == environment for claim in known)
    if environment in environments_of_backups(directory) or any(
        map(_holds_environments, (directory, directory.parent))
    ):
        return True
    return is_unused(directory) and current.get("owner") == owner


def command(directory: Path, environment: str = "NAME", project: str | None = None) -> str:
    """Return the command with which an operator declares that a directory belongs to an environment."""
    named = {"environment": environment, **({"project": project} if project else {})}
    return f"echo '{json.dumps(named)}' > {directory / MARKER}"


def _holds_environments(directory: Path) -> bool:
    folders = [path for path in _entries(directory) if path.is_dir() and not path.is_symlink()]
    return not unsuitable(directory) and any(claims(path) or environments_of_backups(path) for path in folders)


def _entries(directory: Path) -> Iterator[Path]:
    try:
        yield from directory.iterdir()
    except PermissionError as error:
        raise InputError(f"No permission to list {directory}", hint="Use become: true.") from error
    except (FileNotFoundError, NotADirectoryError):
        return
