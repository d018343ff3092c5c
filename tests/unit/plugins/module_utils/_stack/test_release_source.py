# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._stack import (
    deploy_plan,
    release_source,
    releases,
    secrets,
    state,
)
from ansible_collections.convosphere.platform.plugins.module_utils._stack.kept_releases import Release
from ansible_collections.convosphere.platform.plugins.module_utils._stack.schema_fit import Fit

FULL = {"aaa": "sha256:aaa", "bbb": "sha256:bbb"}


@pytest.fixture
def stack(tmp_path: Path) -> state.Stack:
    (tmp_path / "releases").mkdir()
    for number, (name, more) in enumerate({"1": {}, "2": {"restored_from": "1"}}.items()):
        text = f"services: {{}} # {number}"
        record = {
            "id": name,
            "images": {"web": "web:1@aaa", "db": "db:1@bbb"},
            "files": {"compose.yaml": deploy_plan.digest(text)},
            "secrets": ["TOKEN"],
            **more,
        }
        releases.save(tmp_path / "releases", record, {"compose.yaml": text})
    (tmp_path / ".env").write_text("TOKEN=current-token\n")
    (tmp_path / ".env").chmod(0o600)
    return state.Stack("dev", tmp_path, "unix:///x", {}, secrets.Secrets(tmp_path, []))


@pytest.fixture
def host(monkeypatch):
    """Stand in for the engine: ``references`` are those that it has."""
    references = {"web:1": "sha256:aaa", "db:1": "sha256:bbb"}
    monkeypatch.setattr(release_source, "short_ids", lambda _client: FULL)
    monkeypatch.setattr(state, "image_id", lambda _client, name: references.get(name))
    return references


def release_of(stack: state.Stack, name: str) -> Release:
    return Release(stack.releases / name, json.loads((stack.releases / name / "release.json").read_text()))


def test_the_files_and_the_names_of_the_secrets_are_those_of_the_release(stack):
    release = release_source.read(stack, "1")
    stack.read_files()

    assert release.id == "1"
    assert stack.texts == {"compose.yaml": ("services: {} # 0", "0640")}
    assert stack.secrets.desired == {"TOKEN": "current-token"}
    assert stack.origin == {"restored_from": "1", "rolled_back_from": "2"}
    release_source.refuse_missing_secrets(stack)


def test_a_backend_trusts_the_authority_of_now_and_not_that_of_the_release(stack):
    name, record = release_source.AUTHORITY, {"id": "3", "images": {}, "files": {}, "secrets": []}
    releases.save(stack.releases, {**record, "files": {name: deploy_plan.digest("then")}}, {name: "then"})

    release_source.read(stack, "3")
    assert stack.texts[name][0] == "then"

    (stack.directory / "tls").mkdir()
    (stack.directory / name).write_text("now")
    release_source.read(stack, "3")
    assert stack.texts[name][0] == "now"


def test_the_release_that_a_rollback_restored_counts_as_the_origin(stack):
    release_source.read(stack, "2")

    assert stack.origin["restored_from"] == "1"


def test_a_secret_is_never_generated(stack):
    (stack.directory / ".env").write_text("OTHER=x\n")
    release_source.read(stack, "1")
    stack.read_files()

    with pytest.raises(InputError, match=r"The release needs the secrets TOKEN, and .*/\.env lacks them"):
        release_source.refuse_missing_secrets(stack)


def test_an_image_is_pinned_only_if_its_reference_means_another_one(stack, host):
    release = release_of(stack, "1")
    release_source.pin(stack, release, None, ())
    assert stack.pins == {}

    host["web:1"] = "sha256:other"
    del host["db:1"]
    release_source.pin(stack, release, None, ())

    assert stack.pins == {"web": "sha256:aaa", "db": "sha256:bbb"}
    assert stack.recorded_images == {"web": "web:1@aaa", "db": "db:1@bbb"}
    text = '{"services": {"db": {"image": "sha256:bbb"}, "web": {"image": "sha256:aaa"}}}'
    assert release_source.pins_text(stack) == text


@pytest.mark.usefixtures("host")
def test_a_missing_image_is_named_unless_it_is_to_come(stack, monkeypatch):
    monkeypatch.setattr(release_source, "short_ids", lambda _client: {"bbb": "sha256:bbb"})
    release = release_of(stack, "1")

    with pytest.raises(InputError, match=r"The host lacks images of the release 1: web:1 \(aaa\) of web\. "):
        release_source.pin(stack, release, None, ())
    release_source.pin(stack, release, None, ["web:1"])

    stack.image_ids = {"web:1": None, "db:1": "sha256:bbb", "foreign:1": None}
    release_source.assume_to_come(stack, release)
    assert stack.image_ids == {"web:1": "aaa", "db:1": "sha256:bbb", "foreign:1": None}


def test_a_schema_records_the_revisions_that_its_code_can_work_with():
    schema = {"heads": ["a"], "database": ["old"]}

    assert release_source.schema_with(None, Fit()) is None
    assert release_source.schema_with(schema, Fit()) == {"heads": ["a"]}
    assert release_source.schema_with(schema, Fit(database=("b",))) == {"heads": ["a"], "database": ["b"]}


def test_the_database_is_read_once_and_only_if_it_is_needed(monkeypatch):
    asked: list[Any] = []
    monkeypatch.setattr(
        release_source.schema_check, "read_revisions", lambda *arguments: asked.append(arguments) or ["a"]
    )
    schemas = [{"heads": [name], "revisions": {name: []}, "adds": []} for name in "abc"]
    kept = [Release(Path(f"/nowhere/{number}"), {"schema": schema}) for number, schema in enumerate(schemas)]
    monkeypatch.setattr(release_source.kept_releases, "serving", lambda _kept: kept[1])
    judge = release_source.judge(kept, SimpleNamespace(), {})

    assert judge.fit(schemas[1]) == Fit()
    assert asked == []
    assert judge.fit(schemas[0]) == Fit()
    assert judge.fit(schemas[2]).objection is not None
    assert len(asked) == 1


def test_without_an_engine_the_database_cannot_be_read():
    schema = {"heads": ["a"], "revisions": {"a": []}}
    objection = release_source.judge([], None, {}).fit(schema).objection

    assert objection == "the release needs the schema at a, and the revisions of the database cannot be read"


@pytest.mark.parametrize(
    ("url", "expected"),
    [("http://127.0.0.1:18000", True), ("http://127.0.0.1:18000/", True), ("http://127.0.0.1:8000", False)],
)
def test_whether_a_release_publishes_the_port_of_the_api(stack, url, expected):
    stack.model = {"services": {"edge": {"ports": [{"target": 8000, "published": "18000"}]}, "db": {"ports": None}}}

    assert release_source.publishes(stack, url) is expected


def test_a_url_without_a_port_says_nothing_of_it(stack):
    stack.model = {"services": {}}

    assert release_source.publishes(stack, "https://api.example.com")
