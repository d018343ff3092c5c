# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until a container serves no connection any more, so that it can be removed without a failed request.

The kernel lists the connections of a network namespace in ``/proc/<pid>/net/tcp`` and ``tcp6``: the local address, the
remote one and the state in hexadecimal digits, 01 for an established connection (proc(5), include/net/tcp_states.h).

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .._core.errors import EngineError
from .._engine import client as engine_client
from .._engine import execution
from .._engine.project import RUNNING

if TYPE_CHECKING:
    from docker.models.containers import Container

TABLES = ("tcp", "tcp6")
ESTABLISHED = "01"
#: Addresses of the container itself as the tables spell them: its health check is no request of a user.
LOOPBACK = ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F")
POLL_SECONDS = 0.25
#: How often in a row no connection is found before a container counts as drained: a request that the edge accepted just
#: before the switch may still be on its way.
QUIET_POLLS = 3


def connections(table: str, port: int) -> int:
    """Return the number of established connections from outside to a local port, by the text of one table."""
    found = 0
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 4 or fields[3] != ESTABLISHED:
            continue
        remote = fields[2].partition(":")[0]
        found += int(fields[1].rpartition(":")[2], 16) == port and remote not in LOOPBACK
    return found


def wait(containers: Sequence[tuple[Container, int]], seconds: float) -> list[str]:
    """Wait until none of the containers has a connection to its port, for at most ``seconds``.

    Return the names of those that still had one, or of which the connections cannot be read.
    """
    deadline = time.monotonic() + seconds
    open_ones = {str(item.name): (item, port, 0) for item, port in containers if item.status == RUNNING}
    while open_ones and time.monotonic() < deadline:
        for name, (item, port, quiet) in list(open_ones.items()):
            now_quiet = quiet + 1 if _count(item, port) == 0 else 0
            if now_quiet >= QUIET_POLLS:
                del open_ones[name]
            else:
                open_ones[name] = (item, port, now_quiet)
        if open_ones:
            time.sleep(POLL_SECONDS)
    return sorted(open_ones)


def _count(container: Container, port: int) -> int | None:
    """Return the number of connections of a container; None if neither the host nor the container can list them."""
    folder = Path(f"/proc/{container.attrs['State'].get('Pid') or 0}/net")
    try:
        return sum(connections((folder / name).read_text(), port) for name in TABLES)
    except OSError:  # another user's process, or an engine on another host
        return _count_inside(container, port)


def _count_inside(container: Container, port: int) -> int | None:
    try:
        listed = execution.read(container, ["cat", *(f"/proc/net/{name}" for name in TABLES)])
    except EngineError:
        with engine_client.asking(f"inspect {container.name}"):
            container.reload()
        if container.status == RUNNING:
            raise
        return 0  # it ended, or restarts again and again: nothing is connected to it
    text = listed.output.decode("ascii", errors="replace")
    return connections(text, port) if "local_address" in text else None
