# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._engine import project as engine_project
from ansible_collections.convosphere.platform.plugins.module_utils._restore import service_stop

from support.containers import container


def stop(services: list[str], monkeypatch: pytest.MonkeyPatch) -> service_stop.ServiceStop:
    """Return the stop of services of a project that has a database only, as on the database host of several."""
    found = engine_project.Service("postgres", (container("postgres"),))
    monkeypatch.setattr(service_stop.client, "connect", Mock())
    monkeypatch.setattr(service_stop.project_owner, "refuse_foreign_project_of", Mock())
    monkeypatch.setattr(
        engine_project, "read_project", Mock(return_value=engine_project.Project("p", {"postgres": found}, None))
    )
    params = {"project_name": "p", "project_src": None, "docker_host": "", "timeout": 1, "services": services}
    return service_stop.ServiceStop(params)


def test_an_empty_list_stops_none(monkeypatch):
    found = stop([], monkeypatch)

    assert (found.plan().changed, found.names) == (False, [])


def test_a_service_that_the_project_lacks_is_refused(monkeypatch):
    with pytest.raises(InputError, match="Project p has no service 'backend'"):
        stop(["backend"], monkeypatch).plan()


def test_services_are_added_for_one_restore(monkeypatch):
    found = stop([], monkeypatch)

    assert (found.plan(["postgres"]).changed, found.names) == (False, ["postgres"])
