# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse directories that belong to the operating system, to its users or to Docker, and never to an environment.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
from pathlib import Path

#: Shared directories: an environment may lie below them, but must not be one of them.
_SHARED = frozenset(
    map(
        Path,
        [
            "/",
            "/home",
            "/media",
            "/mnt",
            "/opt",
            "/root",
            "/srv",
            "/tmp",
            "/usr/local",
            "/var",
            "/var/backups",
            "/var/cache",
            "/var/lib",
            "/var/local",
            "/var/log",
            "/var/mail",
            "/var/opt",
            "/var/spool",
            "/var/tmp",
            "/var/www",
        ],
    )
)
#: Directories in which an environment must not lie at any depth.
_TREES = tuple(
    map(
        Path,
        [
            "/bin",
            "/boot",
            "/dev",
            "/etc",
            "/lib",
            "/lib32",
            "/lib64",
            "/lost+found",
            "/proc",
            "/run",
            "/sbin",
            "/sys",
            "/usr",
            "/var/lib/containerd",
            "/var/lib/docker",
            "/var/run",
        ],
    )
)
_EXCEPT = Path("/usr/local")
#: The root, and mounts whose files do not survive a restart.
_TRANSIENT = frozenset(map(Path, ["/", "/dev", "/proc", "/run", "/sys"]))


def is_transient(directory: Path) -> bool:
    """Return True if no backup can be read in this directory: it is the root, or its files do not survive a restart."""
    return Path(os.path.realpath(directory)) in _TRANSIENT


def unsuitable(directory: Path) -> str | None:
    """Return why an environment, its backups or their root cannot be in this directory; None if they can."""
    if not directory.is_absolute():
        return f"The directory '{directory}' is not an absolute path"
    for path in (Path(os.path.normpath(directory)), Path(os.path.realpath(directory))):
        if path in _SHARED or path.parent == Path("/home"):
            return f"The directory {directory} is shared by the whole system or is a user's home"
        inside = [tree for tree in _TREES if tree == path or tree in path.parents]
        if inside and _EXCEPT not in path.parents:
            return f"The directory {directory} lies in {inside[0]}, which belongs to the system"
    return None
