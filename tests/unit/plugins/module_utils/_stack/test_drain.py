# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from unittest.mock import Mock

from ansible_collections.convosphere.platform.plugins.module_utils._stack import drain

from support.containers import container

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
#: A listening socket at 8000, an established connection from 172.18.0.5, one that ends, and a health check.
TABLE = (
    HEAD
    + "   0: 00000000:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n"
    + "   1: 070012AC:1F40 050012AC:D2C4 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1\n"
    + "   2: 070012AC:1F40 050012AC:D2C6 06 00000000:00000000 03:000017A9 00000000     0        0 0 3 0\n"
    + "   3: 0100007F:1F40 0100007F:D2C8 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 20 4 30 10 -1\n"
    + "   4: 070012AC:D2CA 050012AC:1F40 01 00000000:00000000 00:00000000 00000000     0        0 4 1 0 20 4 30 10 -1\n"
)


def test_only_established_connections_from_outside_to_the_port_count():
    assert drain.connections(TABLE, 8000) == 1
    assert drain.connections(HEAD, 8000) == 0


def test_a_container_is_drained_once_several_looks_find_no_connection(monkeypatch):
    monkeypatch.setattr(drain, "POLL_SECONDS", 0)
    looks = Mock(side_effect=[2, 0, 1, 0, 0, 0])
    monkeypatch.setattr(drain, "_count", looks)

    assert drain.wait([(container("backend"), 8000)], 60) == []
    assert looks.call_count == 6


def test_one_that_is_not_drained_in_time_or_cannot_be_looked_into_is_named(monkeypatch):
    monkeypatch.setattr(drain, "_count", Mock(return_value=None))

    assert drain.wait([(container("backend"), 8000), (container("old", "exited"), 8000)], 0) == ["p-backend-1"]


def test_a_container_that_crashes_meanwhile_has_no_connection(monkeypatch):
    monkeypatch.setattr(drain, "POLL_SECONDS", 0)
    crashing = container("backend")
    refusal = RuntimeError("Container 1 is restarting, wait until the container is running")
    monkeypatch.setattr(crashing, "exec_run", Mock(side_effect=refusal))
    monkeypatch.setattr(crashing, "reload", lambda: crashing.attrs["State"].update(Status="restarting"))

    assert drain.wait([(crashing, 8000)], 60) == []
