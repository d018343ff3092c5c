# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import UnhealthyError
from ansible_collections.convosphere.platform.plugins.module_utils._stack import edge

from support.containers import container

CONFIG = {"apps": {"http": [{"upstreams": [{"dial": "p-backend-2:8000"}, {"dial": "backend:8000"}]}]}}


def caddy(monkeypatch: Any, files: Any, running: Any, code: int = 0) -> Any:
    """Build the container of an edge with this configuration in its files, and this one loaded."""
    answers = {edge.ADAPT: files, edge.RUNNING_CONFIG: running, edge.RELOAD: running, edge.RELOAD_UNCHANGED: running}

    def run(words: list[str], **_options: Any) -> Any:
        return SimpleNamespace(exit_code=code, output=(json.dumps(answers[tuple(words)]).encode(), b"line 3: bad"))

    item = container("edge")
    monkeypatch.setattr(item, "exec_run", run)
    return item


@pytest.mark.parametrize(("files", "loaded"), [(CONFIG, True), ({}, False)])
def test_an_edge_has_loaded_its_files_if_both_configurations_are_equal(monkeypatch, files, loaded):
    found = edge.look(caddy(monkeypatch, files, CONFIG))

    assert found.is_loaded is loaded
    assert found.hosts == {"p-backend-2", "backend"}


def test_an_edge_that_does_not_answer_has_not(monkeypatch):
    assert edge.look(caddy(monkeypatch, CONFIG, CONFIG, code=1)) == edge.Look(is_loaded=False, hosts=frozenset())


def test_a_configuration_that_is_not_loaded_is_an_error_with_the_reason(monkeypatch):
    edge.reload([caddy(monkeypatch, {}, CONFIG)])

    with pytest.raises(UnhealthyError, match=r"(?s)p-edge-1 did not load its configuration.*1: .*line 3: bad"):
        edge.reload([caddy(monkeypatch, CONFIG, CONFIG, code=1), Mock(status="exited")])


def test_an_edge_that_has_loaded_its_files_is_not_reloaded(monkeypatch):
    item = caddy(monkeypatch, CONFIG, CONFIG)
    words: list[str] = []
    run = item.exec_run
    monkeypatch.setattr(item, "exec_run", lambda given, **more: words.append(given[1]) or run(given, **more))

    edge.reload([item])
    assert "reload" not in words
    edge.close_streams([item])
    assert "reload" in words


def test_addresses_in_files_are_no_hosts_of_the_loaded_configuration(monkeypatch):
    config = {"upstreams": [{"dial": "{file./etc/caddy/state/current/a.host}:80"}, {"dial": "backend:8000"}]}

    assert edge.look(caddy(monkeypatch, config, config)).hosts == {"backend"}


def test_files_of_its_folder_are_its_own():
    found = edge.Edge("edge", "edge/Caddyfile")

    assert [found.owns(name) for name in ("edge/Caddyfile", "edge/pages/503.html", "compose.yaml")] == [
        True,
        True,
        False,
    ]
