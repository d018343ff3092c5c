# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate paths and places of copies in the options of the backup modules, before anything is read or written.

The working directory of a module is arbitrary, so that an empty or relative path would put backups anywhere.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .._core.errors import InputError
from .._core.option_walk import walk
from .._host import system_directories

_PORTS = {"http": 80, "https": 443}


def refuse(spec: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    """Raise InputError that names every path option, also nested ones, that is empty, relative or contains NUL.

    The places of copies must differ from each other and from backup_dir.
    """
    problems = [f"{title} is {path!r}, which {reason}" for title, path, reason in _unfit_paths(spec, params)]
    if problems:
        raise InputError.of(
            problems, hint="Nothing was changed. Give an absolute path, such as /var/backups/convosphere."
        )
    backup_dir = params.get("backup_dir")
    if backup_dir is None:
        return
    if system_directories.is_transient(Path(backup_dir)):
        raise InputError(
            f"backup_dir is {backup_dir}, which is the root or a file system that does not survive a restart",
            hint="Nothing was changed. Give a directory for backups only, such as /var/backups/convosphere.",
        )
    problems = list(_unfit_places(params, Path(backup_dir)))
    if problems:
        raise InputError.of(
            problems, hint="Nothing was changed. Give places on other disks or hosts, each of them once."
        )


def _unfit_paths(spec: Mapping[str, Any], params: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for title, option, value in walk(spec, params):
        reason = _objection(value) if option.get("type") == "path" and value is not None else None
        if reason:
            yield title, value, reason


def _objection(path: str) -> str | None:
    if not path.strip():
        return "is empty"
    if "\0" in path:
        return "contains a NUL character"
    return None if path.startswith("/") else "is not an absolute path"


def _unfit_places(params: Mapping[str, Any], backup_dir: Path) -> Iterator[str]:
    seen: dict[Hashable, str] = {}
    source = params.get("copy_from")
    places = [("copy_from", source)] if source else []
    places += [(f"copy_to[{index}]", target) for index, target in enumerate(params.get("copy_to") or ())]
    for title, target in places:
        if target.get("directory") and _is_within(Path(target["directory"]), backup_dir):
            yield f"{title} is {target['directory']}, which is in backup_dir {backup_dir}: that is not a second place"
            continue
        identity = _identity(target)
        if identity in seen:
            yield f"{title} is the same place as {seen[identity]}"
        seen.setdefault(identity, title)


def _is_within(directory: Path, backup_dir: Path) -> bool:
    """Return True if ``directory`` is ``backup_dir`` or lies in it, also through links and mounts."""
    inode = _inode(backup_dir)
    real = Path(os.path.realpath(directory))
    same = [each for each in (real, *real.parents) if inode and _inode(each) == inode]
    return bool(same) or Path(os.path.realpath(backup_dir)) in (real, *real.parents)


def _identity(target: Mapping[str, Any]) -> Hashable:
    """Return a value that two targets have in common if and only if they are the same place."""
    if target.get("directory"):
        directory = Path(target["directory"])
        return _inode(directory) or os.path.realpath(directory)
    url = urlsplit(target.get("endpoint_url") or "")
    try:
        port = url.port or _PORTS.get(url.scheme)
    except ValueError:  # not a port: the client reports it
        port = None
    host = (url.hostname or "").rstrip(".")
    return (host, port, url.path.rstrip("/"), target["bucket"], (target.get("prefix") or "").strip("/"))


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino)
