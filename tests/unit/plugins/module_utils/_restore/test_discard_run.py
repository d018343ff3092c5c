# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only what was listed for the confirmation is discarded."""

from __future__ import annotations

from unittest.mock import MagicMock, call

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Invocation
from ansible_collections.convosphere.platform.plugins.module_utils._restore.discard_run import DiscardRun

OLD, NEWER = "live_before_20261123T150102Z", "live_before_20261124T150102Z"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> DiscardRun:
    """Discard while another restore keeps one more database."""
    params = {
        "login_db": "live",
        "include": ["database"],
        "project_name": None,
        "project_src": None,
        "environment_name": "dev",
        "confirm": "dev",
    }
    found = DiscardRun(Invocation(params, params, check_mode=False, warn=MagicMock(), hide=MagicMock()))
    monkeypatch.setattr(found, "connect", MagicMock())
    monkeypatch.setattr(found, "server", MagicMock(**{"databases.return_value": {"live": None}}))
    monkeypatch.setattr(found, "recovery", MagicMock())
    monkeypatch.setattr(found, "remove_leftovers", MagicMock())
    beside = MagicMock(**{"kept.side_effect": [[OLD], [OLD, NEWER], [OLD, NEWER], [NEWER]]})
    monkeypatch.setattr(found, "side_databases", beside)
    return found


def test_a_database_that_is_kept_after_the_list_was_shown_stays(run):
    plan = run.plan()
    run.apply(plan)

    assert run.side_databases.drop.call_args_list == [call(OLD)]
    report = run.report(plan)
    assert (report["discarded"], report["kept"]) == ([OLD], [NEWER])


def test_nothing_is_discarded_without_a_live_database(run):
    run.server.databases.return_value = {}

    with pytest.raises(InputError, match=f"may be the only copy, and cannot be discarded.* Kept: {OLD}"):
        run.plan()

    run.side_databases.drop.assert_not_called()
