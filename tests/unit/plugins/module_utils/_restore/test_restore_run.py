# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is undone where the exchange fails, and where it only seems to."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import (
    CommandError,
    DatabaseError,
    SlowError,
    UnhealthyError,
)
from ansible_collections.convosphere.platform.plugins.module_utils._restore import restore_run

LOST = DatabaseError("Cannot rename the database live: server closed the connection unexpectedly")
BACKUP: Any = SimpleNamespace(manifest=SimpleNamespace(id="live-20261123T150102Z"))


@pytest.fixture
def server() -> MagicMock:
    """One that has a live database without a mark."""
    found = SimpleNamespace(mark={}, comment=None, name="live")
    return MagicMock(databases=MagicMock(return_value={"live": found}))


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    made = MagicMock()
    monkeypatch.setattr(restore_run, "Exchange", lambda _server: made)
    return made


@pytest.fixture
def restorer(monkeypatch: pytest.MonkeyPatch, server: MagicMock) -> restore_run.Restorer:
    monkeypatch.setattr(restore_run, "Content", MagicMock())
    others = MagicMock(kept={"uploads": "x"}, __str__=lambda _self: "uploads")
    others.note.return_value = {"kept": {"uploads": "x"}}
    made = restore_run.Restorer(MagicMock(), server, MagicMock(), "live", 0, 0, MagicMock(), others, MagicMock())
    monkeypatch.setattr(made, "mark", lambda _backup, _name: {"backup": BACKUP.manifest.id, "state": {}, "parts": {}})
    return made


def renamed_and(error: BaseException) -> Any:
    """A rename that the server has done, and whose answer does not arrive."""

    def take_over(_new: str, live: Any, _previous: str, mark: Any, _kept: Any) -> None:
        live.mark = mark
        raise error

    return take_over


def test_an_answer_to_commit_that_was_lost_is_no_failure(restorer, exchange):
    exchange.take_over.side_effect = renamed_and(LOST)

    previous = restorer._exchange(BACKUP, "new")

    assert previous.startswith("live_before_")
    restorer.others.go_back.assert_not_called()
    restorer.pause.start.assert_called_once()


def test_a_rename_that_did_not_happen_is_undone(restorer, exchange):
    exchange.take_over.side_effect = LOST

    with pytest.raises(DatabaseError, match="closed the connection"):
        restorer._exchange(BACKUP, "new")

    restorer.server.renew.assert_called_once()
    restorer.others.go_back.assert_called_once()
    ((statement,), _more) = restorer.server.execute.call_args
    assert "halfway" not in statement
    restorer.pause.start_if_possible.assert_called_once()


def test_where_nobody_knows_whether_it_happened_nothing_is_touched(restorer, exchange):
    exchange.take_over.side_effect = LOST
    restorer.server.renew.side_effect = DatabaseError("no server")

    with pytest.raises(DatabaseError) as caught:
        restorer._exchange(BACKUP, "new")

    assert "could not be learned: no server" in str(caught.value)
    assert "The uploads were left as they are, and the services stopped" in str(caught.value)
    assert "was not changed" not in str(caught.value)
    restorer.others.go_back.assert_not_called()
    restorer.pause.start_if_possible.assert_not_called()


def test_what_cannot_be_undone_is_said_beside_the_error(restorer, exchange):
    restorer.others.swap.side_effect = CommandError("EBUSY", hint="Look.")
    restorer.others.go_back.side_effect = CommandError("The uploads are in /app/uploads/x")

    with pytest.raises(CommandError) as caught:
        restorer._exchange(BACKUP, "new")

    assert str(caught.value) == "EBUSY. Look. The uploads are in /app/uploads/x"
    exchange.take_over.assert_not_called()


def test_an_interrupt_after_the_rename_leaves_what_was_restored(restorer, exchange):
    exchange.take_over.side_effect = renamed_and(KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt):
        restorer._exchange(BACKUP, "new")

    restorer.others.go_back.assert_not_called()
    restorer.pause.start_if_possible.assert_called_once()


@pytest.fixture
def rejecting(monkeypatch: pytest.MonkeyPatch, restorer: restore_run.Restorer) -> MagicMock:
    """Has the services fail on what was restored; what the restorer does to databases beside the live one."""
    content = MagicMock(**{"__enter__.return_value.is_as.return_value": True})
    monkeypatch.setattr(restore_run, "Content", MagicMock(return_value=content))
    scratch = MagicMock()
    monkeypatch.setattr(restore_run, "Scratch", scratch)
    monkeypatch.setattr(restorer.pause, "start", MagicMock(side_effect=UnhealthyError("backend did not come up")))
    return scratch.return_value


def rejected(restorer: restore_run.Restorer) -> str:
    with pytest.raises(restore_run.ConvosphereError) as caught:
        restorer._exchange(BACKUP, "new")
    return str(caught.value)


@pytest.mark.parametrize(("untouched", "told"), [(True, "was removed"), (False, "is kept as live_rejected_")])
def test_what_was_written_to_is_kept_where_the_services_fail(restorer, exchange, rejecting, untouched, told):
    restorer.others.is_as.return_value = untouched

    assert f"The old database is the live one again, and the restored one {told}" in rejected(restorer)

    exchange.go_back.assert_called_once()
    (written,) = restorer.others.go_back.call_args.args
    assert (written is None) is untouched
    assert rejecting.drop.called is untouched


def test_what_could_not_be_put_back_stays_noted_where_the_services_fail(restorer, exchange, rejecting):
    restorer.others.go_back.side_effect = CommandError("The uploads are in /app/uploads/x")

    assert "The uploads are in /app/uploads/x" in rejected(restorer)

    *_names, mark = exchange.go_back.call_args.args
    assert mark["halfway"] == {"kept": {"uploads": "x"}}
    assert "halfway" not in [name for call in rejecting.mark.call_args_list[1:] for name in call.args[1]]
    rejecting.drop.assert_not_called()


def test_what_is_to_be_undone_is_noted_before_anything_is_exchanged(restorer, exchange):
    order = MagicMock()
    order.attach_mock(restorer.others, "others")
    order.attach_mock(restorer.server.execute, "execute")
    order.attach_mock(exchange, "exchange")

    restorer._exchange(BACKUP, "new")

    asked = [call[0] for call in order.mock_calls]
    wanted = ["exchange.drain", "others.set_aside", "execute", "others.swap", "exchange.take_over"]
    assert [name for name in asked if name in wanted] == wanted
    ((statement,), _more) = restorer.server.execute.call_args
    assert '"halfway": {"kept": {"uploads": "x"}}' in statement


def test_a_service_that_is_slow_is_no_reason_to_take_a_verified_restore_back(restorer, exchange, rejecting):
    restorer.pause.start.side_effect = SlowError("backend did not become healthy within 1 s", services=["backend"])

    with pytest.raises(SlowError) as caught:
        restorer._exchange(BACKUP, "new")

    assert f"The backup {BACKUP.manifest.id} is restored and compared with its manifest, and stays" in str(caught.value)
    assert "The previous database is kept as live_before_" in str(caught.value)
    assert (caught.value.details["restored"], caught.value.details["services"]) == (BACKUP.manifest.id, ["backend"])
    exchange.go_back.assert_not_called()
    rejecting.drop.assert_not_called()
