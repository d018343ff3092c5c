# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the requirements of a host with the standard library alone, for a host without any installed packages.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import grp
import importlib.util
import os
import pwd
import socket
import stat
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .._core.errors import ConvosphereError, InputError
from . import environment_directory
from .engine_probe import find_program
from .system_directories import unsuitable

WILDCARDS = ("0.0.0.0", "::", "")
LISTENING = "0A"  # the state column of /proc/net/tcp (include/net/tcp_states.h)


def missing_commands(names: Iterable[str]) -> list[str]:
    """Return the programs among ``names`` that this host lacks."""
    return [name for name in names if find_program(name) is None]


def missing_python_modules(names: Iterable[str]) -> list[str]:
    """Return the top-level modules among ``names`` that this interpreter cannot import."""
    return [name for name in names if importlib.util.find_spec(name) is None]


def user_exists(name: str) -> bool:
    """Return whether the system has the user."""
    return _known(pwd.getpwnam, name)


def wrong_directories(desired: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return each directory that is absent or differs as ``{path, current, desired}``.

    Each one of ``desired`` has ``path`` and, unless None, ``owner``, ``group``, ``mode`` (octal text such as "0750"),
    and ``environment`` for a directory that must be marked as that environment's. ``current`` is ``None``, "file" or
    the same fields of the directory.
    """
    wrong = []
    for entry in desired:
        fields = {key: entry[key] for key in ("owner", "group", "mode") if entry.get(key) is not None}
        if "mode" in fields:
            fields["mode"] = _octal(entry["path"], fields["mode"])
        current = _directory(entry["path"])
        if entry.get("environment"):
            # An existing marker is kept: foreign_directories checks which environment it names.
            marked = isinstance(current, dict) and environment_directory.read_marker(Path(entry["path"])) is not None
            fields["environment"] = entry["environment"]
            if isinstance(current, dict):
                current["environment"] = entry["environment"] if marked else None
        if not isinstance(current, dict) or any(current[key] != value for key, value in fields.items()):
            wrong.append({"path": entry["path"], "current": current, "desired": fields})
    return wrong


def foreign_directories(desired: Iterable[Mapping[str, Any]], environment: str) -> list[str]:
    """Return a sentence for each of the directories that setup must neither mark nor give another owner or mode.

    ``desired`` is as for ``wrong_directories``.
    """
    desired = list(desired)
    problems = [
        f"{problem[0]}. {problem[1]}".strip(". ")
        for problem in (_foreign(entry, environment) for entry in desired)
        if problem
    ]
    for wrong in wrong_directories(desired):
        path, current, fields = Path(wrong["path"]), wrong["current"], wrong["desired"]
        if not isinstance(current, dict) or unsuitable(path) or _foreign(fields | {"path": path}, environment):
            continue
        differing = sorted(key for key in ("owner", "group", "mode") if key in fields and fields[key] != current[key])
        if differing and not environment_directory.may_take_over(path, environment, fields.get("owner"), current):
            differences = ", ".join(f"{key} {current[key]} instead of {fields[key]}" for key in differing)
            problems.append(
                f"The directory {path} exists, has {differences}, and nothing shows that it belongs to {environment}. "
                "Name another directory, or set that owner, group and mode by hand"
            )
    return problems


def _foreign(entry: Mapping[str, Any], environment: str) -> tuple[str, str] | None:
    path = Path(entry["path"])
    if entry.get("environment"):
        return environment_directory.objection(path, environment)
    unfit = unsuitable(path)
    return (unfit, "Name a directory that only ConvoSphere uses") if unfit else None


def _directory(path: str) -> dict[str, Any] | str | None:
    try:
        status = Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise ConvosphereError(f"No permission to read the properties of {path}", hint="Use become: true.") from error
    if not stat.S_ISDIR(status.st_mode):
        return "file"
    return {
        "owner": _name(lambda: pwd.getpwuid(status.st_uid).pw_name, status.st_uid),
        "group": _name(lambda: grp.getgrgid(status.st_gid).gr_name, status.st_gid),
        "mode": f"{stat.S_IMODE(status.st_mode):04o}",
    }


def _octal(path: str, mode: str) -> str:
    try:
        return f"{int(mode, 8):04o}"
    except ValueError as error:
        raise InputError(f'The mode of {path} is {mode!r}, which is not octal text such as "0750"') from error


def _name(lookup: Callable[[], str], number: int) -> str:
    try:
        return lookup()
    except KeyError:
        return str(number)


def _known(lookup: Callable[[str], Any], name: str) -> bool:
    try:
        lookup(name)
    except KeyError:
        return False
    return True


def space(path: str, required_bytes: int) -> dict[str, Any]:
    """Return ``{path, file_system, required_bytes, free_bytes, enough}`` of the file system of ``path``."""
    existing = Path(path)
    while not _exists(existing):
        existing = existing.parent
    figures = os.statvfs(existing)
    free = figures.f_bavail * figures.f_frsize
    mount = existing.resolve()
    while not mount.is_mount():
        mount = mount.parent
    return {
        "path": path,
        "file_system": str(mount),
        "required_bytes": required_bytes,
        "free_bytes": free,
        "enough": free >= required_bytes,
    }


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:  # its parent is on the same file system as far as this user can determine
        return False


def readable(count: int) -> str:
    """Return bytes in the units of ``df -h``: 1.5 GiB."""
    size = float(count)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def taken_ports(
    desired: Iterable[Mapping[str, Any]],
    published: Iterable[Mapping[str, Any]],
    project_name: str | None,
) -> list[dict[str, Any]]:
    """Return each desired ``{port, host_ip}`` that is taken, with ``{address, process, pid, container, project}``.

    ``published`` are the ports that the engine's containers publish. Those of ``project_name`` are not taken.
    """
    listening = _listening()
    published = list(published)
    taken = []
    for entry in desired:
        for holder in _holders(entry, published, listening):
            if project_name is None or holder["project"] != project_name:
                taken.append({"port": entry["port"], "host_ip": entry["host_ip"], **holder})
                break
    return taken


def port_problem(entry: Mapping[str, Any]) -> str:
    """Return a sentence about one of ``taken_ports``, without its final dot."""
    if entry["container"]:
        holder = f"the container {entry['container']}"
    elif entry["process"]:
        holder = f"{entry['process']} (process {entry['pid']})"
    else:
        holder = "a process that only root can see"
    return (
        f"Port {entry['port']} is already taken by {holder}, which listens on {entry['address']}."
        " Stop it, or choose another port for the environment"
    )


def _holders(
    desired: Mapping[str, Any],
    published: Iterable[Mapping[str, Any]],
    listening: Mapping[int, Iterable[tuple[str, str]]],
) -> Iterator[dict[str, Any]]:
    containers = {
        entry["address"]: entry
        for entry in published
        if entry["port"] == desired["port"] and collide(entry["address"], desired["host_ip"])
    }
    for address, entry in containers.items():
        yield {
            "address": address,
            "process": None,
            "pid": None,
            "container": entry["container"],
            "project": entry["project"],
        }
    for address, inode in listening.get(desired["port"], ()):
        # The socket at the address that a container publishes belongs to docker-proxy.
        if address not in containers and collide(address, desired["host_ip"]):
            process, pid = _process_of(inode)
            yield {"address": address, "process": process, "pid": pid, "container": None, "project": None}


def collide(one: str, other: str) -> bool:
    """Return whether sockets at these two addresses cannot use the same port."""
    return one == other or one in WILDCARDS or other in WILDCARDS


def _listening() -> dict[int, list[tuple[str, str]]]:
    """Return the (address, inode) pairs of all listening TCP sockets, by port."""
    sockets: dict[int, list[tuple[str, str]]] = {}
    for table, family in ((Path("/proc/net/tcp"), socket.AF_INET), (Path("/proc/net/tcp6"), socket.AF_INET6)):
        if not table.exists():  # a kernel without IPv6
            continue
        for line in table.read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING:
                address, port = fields[1].split(":")
                sockets.setdefault(int(port, 16), []).append((_address(address, family), fields[9]))
    return sockets


def _address(text: str, family: int) -> str:
    """Parse the kernel's notation: 32-bit words in hexadecimal, each in the byte order of the machine."""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    address = socket.inet_ntop(family, struct.pack(f"={len(words)}I", *words))
    return address[len("::ffff:") :] if address.startswith("::ffff:") and "." in address else address


def _process_of(inode: str) -> tuple[str | None, int | None]:
    """Return the name and id of the process that owns a socket; both None if only root can determine it."""
    target = f"socket:[{inode}]"
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(number.readlink()) == target for number in (process / "fd").iterdir()):
                return (process / "comm").read_text(encoding="utf-8").strip(), int(process.name)
        except OSError:  # the process has ended, or belongs to another user
            continue
    return None, None
