# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import Change, compare
from ansible_collections.convosphere.platform.plugins.module_utils._stack import state
from ansible_collections.convosphere.platform.plugins.module_utils._stack.change_reasons import Reasons
from ansible_collections.convosphere.platform.plugins.module_utils._stack.deploy_plan import digest
from ansible_collections.convosphere.platform.plugins.module_utils._stack.secrets import Secrets

from support.containers import container

IMAGE = "app:1"


def reasons(directory: Path, *names: str, **record: Any) -> Reasons:
    """Return the reasons of a stack with files and the service web, over a release."""
    texts = {name: (f"desired {name}", "0640") for name in ("a", "b")}
    stack = state.Stack(
        "p", directory, "unix:///x", texts, Secrets(directory, [{"name": "KEY", "value": "given-value"}])
    )
    stack.current_texts = {"a": "old a", "b": "desired b", "c": "text"}
    stack.current_modes = dict.fromkeys("abc", "0600")
    stack.model = {"services": {"web": {"image": IMAGE}}}
    stack.hashes = {"web": "new-hash"}
    stack.containers = {"web": [container("web")]}
    return Reasons(stack, record, {name: Change(name, "update", {}, {}) for name in names})


def update(name: str, before: dict[str, Any], after: dict[str, Any]) -> Change:
    change = compare(name, after, before)
    assert change is not None
    return change


CREATED = {"content": ["x"], "mode": "0640"}


@pytest.mark.parametrize(
    ("name", "record", "expected"),
    [
        ("a", {}, ("inventory", "another text")),
        ("a", {"files": {"a": digest("old a")}}, ("inventory", "another text since the last deploy")),
        ("a", {"files": {"a": digest("desired a")}}, ("host", "edited on the host")),
        (
            "a",
            {"files": {"a": digest("older")}},
            ("both", "edited on the host; another text since the last deploy"),
        ),
        ("b", {"files": {"b": digest("desired b")}}, ("host", "mode 0600 on the host")),
    ],
)
def test_a_file(tmp_path, name, record, expected):
    assert reasons(tmp_path, **record).of(update(f"file {name}", {"mode": "x"}, {"mode": "y"})) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [({}, ("inventory", "new")), ({"files": {"a": "digest"}}, ("host", "deleted on the host"))],
)
def test_a_new_file(tmp_path, record, expected):
    assert reasons(tmp_path, **record).of(Change("file a", "create", None, CREATED)) == expected


def test_a_file_that_is_not_declared(tmp_path):
    found = reasons(tmp_path, files={"c": "digest"})
    assert found.of(Change("file c", "delete", CREATED, None)) == ("inventory", "no longer declared")

    found.stack.foreign = {"c"}
    assert found.of(Change("file c", "delete", CREATED, None))[0] == "host"


def test_a_secret_is_edited_if_its_file_is_younger_than_the_release(tmp_path):
    change = update("secret KEY", {"value": "a"}, {"value": "b"})
    found = reasons(tmp_path, released_at="2026-01-31T12:00:00+00:00")
    found.stack.secrets.path.touch()
    os.utime(found.stack.secrets.path, (1, 1))
    assert found.of(change) == ("inventory", "has another value in the inventory")

    os.utime(found.stack.secrets.path)
    assert found.of(change) == ("host", "edited in .env")


def test_a_missing_secret(tmp_path):
    change = Change("secret KEY", "create", None, {"value": "x"})
    assert reasons(tmp_path).of(change) == ("inventory", "new")
    assert reasons(tmp_path, secrets=["KEY"]).of(change) == ("host", "missing in .env")


@pytest.mark.parametrize(
    ("change", "record", "expected"),
    [
        (Change("service web", "create", None, {}), {}, ("inventory", "new")),
        (Change("service web", "create", None, {}), {"images": {"web": "x"}}, ("host", "its container was removed")),
        (Change("service web", "delete", {}, None), {"images": {"web": "x"}}, ("inventory", "no longer declared")),
        (Change("service web", "delete", {}, None), {}, ("host", "its container belongs to no service")),
        (update("service web", {"state": "exited"}, {"state": "running"}), {}, ("host", "its container is exited")),
        (
            update("service web", {"stale_files": ["a"]}, {"stale_files": []}),
            {},
            ("host", "it started before a was written"),
        ),
        (
            update("service web", {"stale_environment": ["HTTP_PROXY"]}, {"stale_environment": []}),
            {},
            ("host", "its container has other variables: HTTP_PROXY"),
        ),
        (Change("release", "update", {}, {}), {}, ("inventory", "will be recorded")),
        (Change("volume data", "update", {}, {}), {}, ("host", "its service cannot write it")),
        (Change("network x", "create", None, {}), {}, ("inventory", "will be created")),
    ],
)
def test_another_object(tmp_path, change, record, expected):
    assert reasons(tmp_path, "release", "other", **record).of(change) == expected


def test_a_service_restarts_for_a_file_that_the_inventory_changes(tmp_path):
    change = update("service web", {"stale_files": ["a"]}, {"stale_files": []})
    assert reasons(tmp_path, "file a").of(change)[0] == "inventory"


@pytest.mark.parametrize(
    ("running", "recorded", "origin"),
    [("old-hash", "old-hash", "inventory"), ("by-hand", "old-hash", "host"), ("old-hash", None, "inventory")],
)
def test_a_configuration_is_compared_with_the_recorded_one(tmp_path, running, recorded, origin):
    record = {"configuration": {"web": recorded}} if recorded else {}
    change = update("service web", {"configuration": running}, {"configuration": "new-hash"})
    assert reasons(tmp_path, **record).of(change)[0] == origin


def test_the_upstreams_of_the_edge_change_for_the_reason_of_their_services(tmp_path):
    change = update("edge upstreams", {"web": "p-web-1:80"}, {"web": "p-web-2:80"})
    found = reasons(tmp_path, "other", images={"web": "x"})
    found.stack.beside = {"web": 80}
    assert found.of(change) == ("host", "it names other containers than those that serve")

    removed = Change("service web", "create", None, {})
    assert dataclasses.replace(found, changes={removed.name: removed}).of(change) == ("host", "containers are replaced")


def test_a_release_alone_was_not_recorded_by_an_interrupted_deploy(tmp_path):
    assert reasons(tmp_path, "release").of(Change("release", "update", {}, {}))[0] == "host"
