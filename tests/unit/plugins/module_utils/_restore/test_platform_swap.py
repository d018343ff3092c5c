# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is undone if a swap fails, or only seems to fail."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import (
    CommandError,
    ConvosphereError,
    DatabaseError,
    SlowError,
    UnhealthyError,
)
from ansible_collections.convosphere.platform.plugins.module_utils._restore import database_restore, platform_swap
from ansible_collections.convosphere.platform.plugins.module_utils._restore.database_restore import DatabaseRestore
from ansible_collections.convosphere.platform.plugins.module_utils._restore.database_server import INTERRUPTED_SWAP

LOST = DatabaseError("Cannot rename the database live: server closed the connection unexpectedly")
BACKUP: Any = SimpleNamespace(
    manifest=SimpleNamespace(id="live-20261123T150102Z", file=lambda _kind: SimpleNamespace(sha256="0" * 64))
)


@pytest.fixture
def server() -> MagicMock:
    """Return a server with a live database without a mark."""
    found = SimpleNamespace(mark={}, comment=None, name="live")
    return MagicMock(databases=MagicMock(return_value={"live": found}))


@pytest.fixture
def renames(monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    """Record the renames of databases."""
    made = MagicMock()
    monkeypatch.setattr(database_restore, "DatabaseSwap", lambda _server: made)
    return made


@pytest.fixture(autouse=True)
def content(monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    """Stand in for what is read of the restored database."""
    made = MagicMock(**{"state.return_value": {}, "is_unchanged_since.return_value": True})
    monkeypatch.setattr(
        database_restore, "Content", MagicMock(return_value=MagicMock(**{"__enter__.return_value": made}))
    )
    return made


@pytest.fixture
def swap(server: MagicMock) -> platform_swap.PlatformSwap:
    others = MagicMock(is_swapped=True, kinds=["uploads"])
    others.note.return_value = {"kept": {"uploads": "x"}}
    others.state.return_value = {}
    database = DatabaseRestore(MagicMock(), server, "live", BACKUP, MagicMock(), 0, MagicMock(), name="new")
    return platform_swap.PlatformSwap(database, others, MagicMock(), 0)


def renamed_and(error: BaseException) -> Any:
    """Rename, and lose the server's answer."""

    def replace(_new: str, live: Any, _previous: str, mark: Any, _kept: Any) -> None:
        live.mark = mark
        raise error

    return replace


def test_an_answer_to_commit_that_was_lost_is_no_failure(swap, renames):
    renames.replace.side_effect = renamed_and(LOST)

    previous = swap.run()

    assert previous.startswith("live_before_")
    swap.others.undo.assert_not_called()
    swap.services.start.assert_called_once()


def test_a_rename_that_did_not_happen_is_undone(swap, renames):
    renames.replace.side_effect = LOST

    with pytest.raises(DatabaseError, match="closed the connection"):
        swap.run()

    swap.database.server.reconnect.assert_called_once()
    swap.others.undo.assert_called_once()
    ((statement,), _more) = swap.database.server.execute.call_args
    assert INTERRUPTED_SWAP not in statement
    swap.services.start_if_possible.assert_called_once()


def test_nothing_is_changed_if_the_outcome_is_unknown(swap, renames):
    renames.replace.side_effect = LOST
    swap.database.server.reconnect.side_effect = DatabaseError("no server")

    with pytest.raises(DatabaseError) as caught:
        swap.run()

    assert "could not be read: no server" in str(caught.value)
    assert "The uploads were not put back, and the services stay stopped" in str(caught.value)
    assert "was not changed" not in str(caught.value)
    swap.others.undo.assert_not_called()
    swap.services.start_if_possible.assert_not_called()


def test_what_cannot_be_undone_is_said_beside_the_error(swap, renames):
    swap.others.swap.side_effect = CommandError("EBUSY", hint="Look.")
    swap.others.undo.side_effect = CommandError("The uploads are in /app/uploads/x")

    with pytest.raises(CommandError) as caught:
        swap.run()

    assert str(caught.value) == "EBUSY. Look. The uploads are in /app/uploads/x"
    renames.replace.assert_not_called()


def test_an_interrupt_after_the_rename_leaves_what_was_restored(swap, renames):
    renames.replace.side_effect = renamed_and(KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt):
        swap.run()

    swap.others.undo.assert_not_called()
    swap.services.start_if_possible.assert_called_once()


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch, swap: platform_swap.PlatformSwap) -> MagicMock:
    """Make the services fail on the restored content. Return the databases beside the live one."""
    side_databases = MagicMock()
    monkeypatch.setattr(database_restore, "SideDatabases", side_databases)
    monkeypatch.setattr(swap.services, "start", MagicMock(side_effect=UnhealthyError("backend did not come up")))
    return side_databases.return_value


def failure(swap: platform_swap.PlatformSwap) -> str:
    with pytest.raises(ConvosphereError) as caught:
        swap.run()
    return str(caught.value)


@pytest.mark.parametrize(("unchanged", "outcome"), [(True, "was dropped"), (False, "is kept as live_rejected_")])
def test_restored_content_that_was_written_to_is_kept_if_the_services_fail(swap, renames, beside, unchanged, outcome):
    swap.others.is_unchanged_since.return_value = unchanged

    assert f"The previous database is live again, and the restored one {outcome}" in failure(swap)

    renames.undo.assert_called_once()
    (written,) = swap.others.undo.call_args.args
    assert (written is None) is unchanged
    assert beside.drop.called is unchanged


def test_what_could_not_be_put_back_stays_noted_where_the_services_fail(swap, renames, beside):
    swap.others.undo.side_effect = CommandError("The uploads are in /app/uploads/x")

    assert "The uploads are in /app/uploads/x" in failure(swap)

    *_names, mark = renames.undo.call_args.args
    assert mark[INTERRUPTED_SWAP] == {"kept": {"uploads": "x"}}
    assert INTERRUPTED_SWAP not in [name for call in beside.mark.call_args_list[1:] for name in call.args[1]]
    beside.drop.assert_not_called()


def test_what_is_to_be_undone_is_noted_before_anything_is_exchanged(swap, renames):
    order = MagicMock()
    order.attach_mock(swap.others, "others")
    order.attach_mock(swap.database.server.execute, "execute")
    order.attach_mock(renames, "renames")

    swap.run()

    asked = [call[0] for call in order.mock_calls]
    expected = ["renames.drain", "others.set_aside", "execute", "others.swap", "renames.replace"]
    assert [name for name in asked if name in expected] == expected
    ((statement,), _more) = swap.database.server.execute.call_args
    assert f'"{INTERRUPTED_SWAP}": {{"kept": {{"uploads": "x"}}}}' in statement


def test_a_service_that_is_slow_is_no_reason_to_take_a_verified_restore_back(swap, renames, beside):
    swap.services.start.side_effect = SlowError("backend did not become healthy within 1 s", services=["backend"])

    with pytest.raises(SlowError) as caught:
        swap.run()

    assert f"The backup {BACKUP.manifest.id} is restored and compared with its manifest, and stays" in str(caught.value)
    assert "The previous database is kept as live_before_" in str(caught.value)
    assert (caught.value.details["restored"], caught.value.details["services"]) == (BACKUP.manifest.id, ["backend"])
    renames.undo.assert_not_called()
    beside.drop.assert_not_called()
