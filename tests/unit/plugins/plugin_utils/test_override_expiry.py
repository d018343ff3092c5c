# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.filter.override_expiry import override_expiry

EXPIRED = {"overrides": [{"name": "LOG_LEVEL"}, {"name": "APP_NAME"}], "expired": ["LOG_LEVEL"]}
CHANGED = {"changes": [{"object": "file compose.yaml"}, {"object": "release"}]}


@pytest.mark.parametrize(
    ("found", "plan", "several", "check_mode", "status", "message"),
    [
        ({"overrides": [], "expired": []}, {"skipped": True}, False, False, "ok", "no overrides"),
        ({**EXPIRED, "expired": []}, {"skipped": True}, False, False, "ok", "2 overrides in effect, none expired"),
        (EXPIRED, {"changes": []}, False, False, "changed", "LOG_LEVEL expired, and is removed"),
        (
            EXPIRED,
            {"changes": [{"object": "release"}]},
            False,
            True,
            "changed",
            "LOG_LEVEL expired, and would be removed",
        ),
        (
            EXPIRED,
            CHANGED,
            False,
            False,
            "skipped",
            "LOG_LEVEL expired, and file compose.yaml would change too: ansible-",
        ),
        (
            EXPIRED,
            {"skipped": True},
            True,
            False,
            "skipped",
            "the environment has several hosts: ansible-playbook deploy",
        ),
    ],
)
def test_the_night_deploys_nothing_but_the_end_of_an_override(
    found: Any, plan: Any, several: bool, check_mode: bool, status: str, message: str
) -> None:
    outcome = override_expiry(found, plan, "prod", several, check_mode)

    assert outcome["status"] == status
    assert message in outcome["message"]
