# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.filter.host_plan import host_plan

from support.collection import ROOT, rendered_docs

NAMES: dict[str, Any] = {
    "engine": ["docker.io", "iptables"],
    "compose": ["docker-compose-v2"],
    "venv": ["python3-venv"],
    "commands": {"age": "age", "zstd": "zstd"},
    "python_modules": {"yaml": "python3-yaml", "docker": "python3-docker"},
}
OPTIONS: dict[str, Any] = {
    "environment": "dev",
    "user": "convosphere",
    "compose_version": "5",
    "compose_link": "/link",
    "docker_ce": False,
    "packages": [],
}


def plan(names: dict[str, Any] | None = None, options: dict[str, Any] | None = None, **probe: Any) -> dict[str, Any]:
    nothing = {"commands": [], "python_modules": [], "user": False, "directories": []}
    found = {"engine": "running", "compose": "2.0", **probe}
    state = {"engine": {"state": found["engine"]}, "compose": found["compose"]}
    missing = {**nothing, **probe.get("missing", {})}
    return host_plan({**state, "missing": missing}, {**NAMES, **(names or {})}, {**OPTIONS, **(options or {})})


def test_a_host_that_is_ready_needs_nothing():
    assert plan() == {"packages": [], "compose_from_pypi": False, "engine_down": False, "steps": []}


@pytest.mark.parametrize(
    ("state", "packages", "down"),
    [("missing", ["docker.io", "iptables"], True), ("stopped", [], True), ("not_answering", [], False)],
)
def test_an_engine_that_is_missing_is_installed_and_one_that_is_down_started(state, packages, down):
    found = plan(engine=state)

    assert (found["packages"], found["engine_down"]) == (packages, down)
    assert ("Start Docker Engine" in found["steps"]) is down


@pytest.mark.parametrize(
    ("names", "docker_ce", "packages", "from_pypi"),
    [
        ({}, False, ["docker-compose-v2"], False),
        ({}, True, ["docker-compose-plugin"], False),
        ({"compose": []}, True, ["docker-compose-plugin"], False),
        ({"compose": []}, False, ["python3-venv"], True),
    ],
)
def test_compose_comes_from_a_package_if_there_is_one(names, docker_ce, packages, from_pypi):
    found = plan(names, {"docker_ce": docker_ce}, compose=None)

    assert (found["packages"], found["compose_from_pypi"]) == (packages, from_pypi)
    assert ("Install the Compose plugin 5 as /link" in found["steps"]) is from_pypi


def test_packages_are_sorted_and_each_is_named_once():
    missing = {"commands": ["zstd", "own"], "python_modules": ["yaml"]}

    assert plan(options={"packages": ["zstd", "curl"]}, missing=missing)["packages"] == ["curl", "python3-yaml", "zstd"]


def test_the_steps_are_in_the_order_of_a_run():
    directories = [{"path": "/opt", "desired": {}}, {"path": "/opt/dev", "desired": {"environment": "dev"}}]

    found = plan({"compose": []}, engine="missing", compose=None, missing={"user": True, "directories": directories})

    assert found["steps"] == [
        "Install the packages docker.io, iptables, python3-venv",
        "Create the system user convosphere",
        "Set up the directory /opt",
        "Set up the directory /opt/dev",
        "Mark the directory /opt/dev as that of dev",
        "Install the Compose plugin 5 as /link",
        "Start Docker Engine",
    ]


def test_the_directories_have_the_documented_keys():
    # The role reads them in templates, which skip a directory silently if a key has another name.
    sample = rendered_docs()["convosphere_host_info"]["return"]["missing"]["sample"]
    tasks = (ROOT / "roles/environment/tasks/apply.yml").read_text()

    assert set(sample["directories"][0]) == {"path", "current", "desired"}
    assert "selectattr('desired.environment', 'defined')" in tasks
    assert "item.desired.owner" in tasks
