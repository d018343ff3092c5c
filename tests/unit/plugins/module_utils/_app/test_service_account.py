# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock, Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._app import service_account, service_account_script
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ApiError

ENVIRONMENT = {"SECRET_KEY": "k" * 40}


def backend(*answers: tuple[int, bytes]) -> Any:
    """Return a container whose commands answer like this, one after the other."""
    container = Mock(attrs={"Config": {"Env": ["SECRET_KEY=" + "k" * 40, "A=b=c", "EMPTY="]}})
    container.name = "p-backend-1"
    container.exec_run.side_effect = [Mock(output=(b"", text), exit_code=code) for code, text in answers]
    return container


def calls(container: Any) -> list[list[str]]:
    return [call.args[0][3:] for call in container.exec_run.call_args_list]


def test_the_variables_of_a_container_are_read_as_they_are():
    assert service_account.environment_of(backend()) == {"SECRET_KEY": "k" * 40, "A": "b=c", "EMPTY": ""}


def test_the_account_is_removed_also_after_a_failure():
    container = backend((0, b""), (0, b""))

    with pytest.raises(RuntimeError), service_account.administrator(container, ENVIRONMENT) as token:
        raise RuntimeError

    (add, identifier), (remove, same) = calls(container)
    assert (add, remove, same) == ("add", "remove", identifier)
    assert token.count(".") == 2
    # The process list of the host shows the command.
    assert all("k" * 40 not in " ".join(call.args[0]) for call in container.exec_run.call_args_list)


def test_two_runs_at_the_same_time_have_accounts_of_their_own():
    container = backend(*[(0, b"")] * 4)

    with service_account.administrator(container, ENVIRONMENT), service_account.administrator(container, ENVIRONMENT):
        pass

    assert len({identifier for _action, identifier in calls(container)}) == 2


def test_a_refusal_of_the_database_is_told_in_one_line():
    container = backend((1, b"Traceback\nOperationalError: connection refused\n"))

    with pytest.raises(ApiError, match=r"^Cannot add the account of this run .* p-backend-1: OperationalError: connec"):
        service_account.administrator(container, ENVIRONMENT).__enter__()


@pytest.mark.parametrize(("action", "statements"), [("add", ["DELETE", "INSERT"]), ("remove", ["DELETE"])])
def test_the_row_has_no_password_and_the_statements_are_one_transaction(action, statements):
    engine = MagicMock()
    service_account_script.run(action, "some-id", engine, str)

    executed = engine.begin.return_value.__enter__.return_value.execute.call_args_list
    assert [call.args[0].split()[0] for call in executed] == statements
    assert "hashed_password" not in service_account_script.ADD
    assert len(service_account_script.PREFIX) == 16
    assert service_account_script.PREFIX in service_account_script.REMOVE
    assert engine.begin.call_count == 1
