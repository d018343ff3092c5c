# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._app import health
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Invocation
from ansible_collections.convosphere.platform.plugins.module_utils._engine.project import Service
from ansible_collections.convosphere.platform.plugins.module_utils._stack.health_gate import HealthGate

PARAMS = {"api_url": "http://127.0.0.1:18000", "api_service": "backend", "wait_timeout": 0, "project_name": "p"}
SLOW = 6000.0


def gate(monkeypatch: Any, status: str, latency_ms: float = 1.0, **params: Any) -> HealthGate:
    """Build a gate whose platform reports this status."""
    report = {
        "status": status,
        "latency_ms": latency_ms,
        "problems": ["slow database"],
        "version": "1.2",
        "components": {},
    }
    monkeypatch.setattr(health, "ask_platform", Mock(return_value=report))
    return HealthGate(Invocation({**PARAMS, **params}, given={}, check_mode=False, warn=Mock(), hide=Mock()))


def test_a_busy_platform_is_excused_and_the_operator_warned_once(monkeypatch):
    found = gate(monkeypatch, health.BUSY, SLOW)

    assert found._is_busy(Service("backend")) is True
    assert found._is_busy(Service("backend")) is False  # not asked again at once
    found.ask_platform()

    found.warn.assert_called_once_with("The platform is busy: it answered after 6 s. slow database")
    assert found.versions == {"backend": "1.2"}


@pytest.mark.parametrize(("service", "params"), [("worker", {}), ("backend", {"api_url": None})])
def test_other_services_and_platforms_without_a_url_are_not_asked(monkeypatch, service, params):
    found = gate(monkeypatch, health.BUSY, SLOW, **params)

    assert found._is_busy(Service(service)) is False
    health.ask_platform.assert_not_called()


@pytest.mark.parametrize(("changing", "status"), [(False, health.BUSY), (True, health.DEGRADED)])
def test_a_slow_platform_is_excused_only_if_this_run_did_not_change_it(monkeypatch, changing, status):
    found = gate(monkeypatch, health.DEGRADED, SLOW)
    found.changing = changing

    assert found._look()["status"] == status
