# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError, UnhealthyError
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import Plan, make_plan
from ansible_collections.convosphere.platform.plugins.module_utils._stack import (
    edge,
    journal,
    phases,
    state,
    upstream_plan,
)
from ansible_collections.convosphere.platform.plugins.module_utils._stack.secrets import Secrets

from support.containers import container

IMAGE = "registry:5000/app:1.0"
CHANGES = (
    *("secret TOKEN", "file compose.yaml", "file edge/Caddyfile", "volume uploads"),
    *("service postgres", "service backend", "service edge", "service gone", "edge upstreams", "release"),
)


def stack(phase: str, directory: Path, *containers: Any, **given: Any) -> state.Stack:
    """Build a stack of a database, a backend that is replaced beside, and an edge, with these backends running."""
    texts = {"compose.yaml": ("", "0640"), "edge/Caddyfile": ("", "0644")}
    found = state.Stack("p", directory, "unix:///x", texts, Secrets(directory, []), phase=phase, **given)
    found.edge, found.beside = edge.Edge("edge", "edge/Caddyfile"), {"backend": 8000}
    found.model = {"services": {name: {"image": IMAGE} for name in ("postgres", "backend", "edge")}}
    found.hashes = dict.fromkeys(found.model["services"], "new")
    found.image_ids = {IMAGE: "sha256:1234"}
    found.containers = {"backend": list(containers), "gone": [container("gone")]}
    return found


def backend(number: int, digest: str) -> Any:
    networks = {"Ports": {}, "Networks": {"p_default": {"IPAddress": "172.18.0.7"}}}
    config = {"Image": IMAGE, "Env": [], "Labels": {"com.docker.compose.config-hash": digest}}
    return container("backend", number=number, Config=config, NetworkSettings=networks)


def names(plan: Plan) -> set[str]:
    return {change.name for change in plan}


def everything() -> Plan:
    return make_plan({name: {"x": 1} for name in CHANGES}, {})


def test_the_phases_divide_all_changes_among_them(tmp_path):
    old, new = backend(1, "old"), backend(2, "new")

    before = names(phases.part(everything(), stack("beside", tmp_path, old)))
    switch = names(phases.part(everything(), stack("switch", tmp_path, old, new)))
    after = names(phases.part(everything(), stack("finish", tmp_path, old, new)))

    assert before == {"secret TOKEN", "file compose.yaml", "volume uploads", "service postgres", "service backend"}
    assert switch >= {"file edge/Caddyfile", "service edge", "edge upstreams"}
    assert after == {"service backend", "service gone", "release"}
    assert before | switch | after == set(CHANGES)
    assert names(phases.part(everything(), stack("all", tmp_path))) == set(CHANGES)


def test_a_host_is_prepared_once_the_new_container_exists(tmp_path):
    prepared = stack("beside", tmp_path, backend(1, "old"), backend(2, "new"))

    assert "service backend" not in names(phases.part(everything(), prepared))
    assert phases.addresses(prepared) == {"backend": ["p-backend-2:8000"]}


def test_a_deploy_is_not_finished_without_a_new_container(tmp_path):
    phases.refuse_unprepared(stack("finish", tmp_path, backend(1, "old"), backend(2, "new")))

    with pytest.raises(InputError, match="The service backend has no container of this deploy yet"):
        phases.refuse_unprepared(stack("finish", tmp_path, backend(1, "old")))


def test_the_edge_is_switched_to_the_addresses_that_are_given(tmp_path):
    given = {"backend": ["10.0.0.11:18001", "10.0.0.12:18000"]}
    found = stack("switch", tmp_path, given_upstreams=given)
    found.upstreams = {"backend": "10.0.0.11:18000 10.0.0.12:18001"}

    (change,) = upstream_plan.changes(found, list(found.model["services"]), None)

    assert change.after == {"backend": "10.0.0.11:18001 10.0.0.12:18000"}


@pytest.mark.parametrize("wrong", ["10.0.0.11:18001", [], ["10.0.0.11"], ["a:1 }"], ["a:x"]])
def test_addresses_of_another_form_are_refused(wrong: Any):
    assert phases.upstreams_of({"upstreams": {"backend": ["a:1"]}}) == {"backend": ["a:1"]}
    assert phases.upstreams_of({"upstreams": None}) == {}

    with pytest.raises(InputError, match="upstreams of backend is not a list of addresses"):
        phases.upstreams_of({"upstreams": {"backend": wrong}})


def test_an_abandoned_deploy_removes_the_containers_that_it_created(tmp_path):
    old, new = backend(1, "old"), backend(2, "new")
    found = stack("abandon", tmp_path, old, new)
    assert phases.plan_abandon(found).changed is False
    (tmp_path / "releases/1").mkdir(parents=True)
    (tmp_path / "releases/1/release.json").write_text('{"id": "1"}')
    (tmp_path / "releases/current").symlink_to("1")

    journal.begin(tmp_path, "TOKEN=old\n", [old])
    journal.begin(tmp_path, "TOKEN=new\n", [old, new])  # a second run of the same deploy

    assert journal.read(tmp_path) == {"secrets": "TOKEN=old\n", "containers": ["p-backend-1"]}
    assert names(phases.plan_abandon(found)) == {"container p-backend-2", "deploy"}
    assert phases.previous_addresses(found) == {"backend": ["p-backend-1:8000"]}


def test_the_record_between_the_phases_is_private(tmp_path):
    journal.begin(tmp_path, None, [])
    assert (tmp_path / journal.FILE).stat().st_mode & 0o777 == 0o600

    (tmp_path / journal.FILE).write_text("[]")
    with pytest.raises(InputError, match="is not the record of an unfinished deploy"):
        journal.read(tmp_path)
    journal.remove(tmp_path)
    assert journal.read(tmp_path) is None


def test_an_edge_that_cannot_reach_a_new_container_is_not_switched():
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_server(("127.0.0.1", 0)) as closed:
        good, bad = (f"127.0.0.1:{each.getsockname()[1]}" for each in (listening, closed))
        closed.close()

        phases.refuse_unreachable({"backend": [good, "p-backend-2:8000"]})
        with pytest.raises(UnhealthyError, match=f"cannot connect to the service backend at {bad}: "):
            phases.refuse_unreachable({"backend": [good, bad]})
