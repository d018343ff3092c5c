# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ConvosphereError
from ansible_collections.convosphere.platform.plugins.module_utils._stack import prune, releases
from docker.errors import APIError, ImageNotFound

OWN = "ghcr.io/convosphere/convosphere/backend"
NOBODYS = prune.Removable(frozenset({OWN}), frozenset(), standins=False)


def image(number, *names, digests=(), standin=False):
    return prune.Image(f"sha256:{short(number)}{'0' * 52}", names, digests, 1000, float(number), standin)


def short(number):
    return f"{number:012x}"


@pytest.mark.parametrize(
    ("found", "ours"),
    [
        (image(1, f"{OWN}:1"), True),
        (image(1, f"{OWN}:1", f"{OWN}:latest"), True),
        (image(1, f"{OWN}:1", "mine:1"), False),
        (image(1, f"{OWN}-of-mine:1"), False),
        (image(1, "postgres:15"), False),
        (image(1, digests=(f"{OWN}@sha256:aa",)), True),
        (image(1, digests=("postgres@sha256:aa",)), False),
        (image(1, digests=(f"{OWN}@sha256:aa", "postgres@sha256:aa")), False),
        (image(1), False),
        (image(1, standin=True), False),
    ],
)
def test_only_images_that_are_nobody_elses_go(found, ours):
    assert NOBODYS.has(found) is ours


@pytest.mark.parametrize(
    ("found", "ours"),
    [
        (image(1, "postgres:15"), True),
        (image(2, "postgres:15"), False),
        (image(1, "postgres:15", "mine:1"), False),
        (image(1, digests=("postgres@sha256:aa",)), True),
        (image(1), True),
        (image(2, standin=True), True),
    ],
)
def test_what_a_release_that_goes_was_made_of_goes_with_it(found, ours):
    scope = prune.Removable(frozenset(), frozenset({"postgres:15", image(1).short_id}), standins=True)

    assert scope.has(found) is ours


def test_what_is_needed_stays():
    images = [image(number, f"{OWN}:{number}") for number in (4, 3, 2, 1)]

    assert prune.unused(images, NOBODYS, {images[0].id, images[1].short_id, f"{OWN}:2"}) == [images[3]]
    assert prune.unused(images, NOBODYS, set()) == images[::-1]


def test_repositories_at_docker_hub_are_for_everybody():
    record = {
        "backend": f"{OWN}:1@{short(1)}",
        "cache": f"localhost:5000/redis@{short(2)}",
        "postgres": f"postgres:15@{short(3)}",
        "edge": f"docker.io/library/caddy:2@{short(4)}",
        "weaviate": f"semitechnologies/weaviate:1.23.7@{short(5)}",
    }

    assert prune.own_repositories([record]) == {OWN, "localhost:5000/redis"}


def test_a_release_names_references_and_ids():
    record = {"edge": "docker.io/library/caddy:2@0123456789ab", "db": "postgres@sha256:aa@0123456789cd"}

    assert prune.named(record) == {"caddy:2", "0123456789ab", "postgres@sha256:aa", "0123456789cd"}


def release(folder, name, text):
    (folder / name).mkdir(parents=True)
    (folder / name / "release.json").write_text(text)


def test_records_are_read_once_each(tmp_path):
    release(tmp_path, "20260101T000000000Z", json.dumps({"images": {"web": "a:1@b"}}))
    release(tmp_path, ".new-20260102T000000000Z", "")
    (tmp_path / "current").symlink_to("20260101T000000000Z")

    assert prune.records(tmp_path) == {"20260101T000000000Z": {"web": "a:1@b"}}
    assert prune.records(tmp_path / "nowhere") == {}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"images": 1}'])
def test_a_record_that_cannot_be_read_stops_everything(tmp_path, text):
    release(tmp_path, "20260101T000000000Z", text)

    with pytest.raises(ConvosphereError, match="is not the record of a release"):
        prune.records(tmp_path)


def test_releases_of_all_stacks_are_found(tmp_path):
    for path in ("prod/releases", "dev/releases", "notes"):
        (tmp_path / path).mkdir(parents=True)

    assert prune.beside(tmp_path / "prod") == [tmp_path / "dev/releases", tmp_path / "prod/releases"]


def test_images_are_read_without_what_stands_for_no_name():
    client, rest, standin = Mock(), {"Size": 1, "Created": 2}, {"org.convosphere.sandbox": "true"}
    client.api.images.return_value = [
        {"Id": "sha256:1", "RepoTags": ["<none>:<none>"], "RepoDigests": ["a@sha256:2"], "Labels": None, **rest},
        {"Id": "sha256:2", "RepoTags": None, "RepoDigests": ["<none>@<none>"], "Labels": standin, **rest},
    ]

    assert [(found.names, found.digests, found.standin) for found in prune.read(client)] == [
        ((), ("a@sha256:2",), False),
        ((), (), True),
    ]


@pytest.mark.parametrize(
    ("tagged", "stays"),
    [("2026-01-31T12:00:00.5Z", True), ("0001-01-01T00:00:00Z", False), (None, False), ("1970-01-01T00:00:00Z", False)],
)
def test_an_image_counts_from_when_it_got_its_name(tagged, stays):
    client = Mock()
    client.api.inspect_image.return_value = {"Metadata": {"LastTagTime": tagged}}

    assert (prune.settled(client, [image(1, "a:1")], before=1000.0) == []) is stays


def test_every_name_is_removed_without_force_and_failures_are_told():
    client = Mock()

    def refuse(name):
        if name == "c:1":
            raise APIError("conflict: a container uses it")
        if name == "b:1":
            raise ImageNotFound("gone")

    client.api.remove_image.side_effect = refuse

    failures = prune.remove(client, [image(1, "a:1", "b:1"), image(2, "c:1"), image(3)])

    assert sorted(call.args for call in client.api.remove_image.call_args_list) == [
        ("a:1",), ("b:1",), ("c:1",), (image(3).id,),
    ]  # fmt: skip
    assert list(failures) == ["c:1"]
    assert "conflict" in failures["c:1"]


def test_the_image_of_a_recorded_schema_is_needed(tmp_path):
    for name, image in {"20260101T000000000Z": "sha256:a", "20260102T000000000Z": "sha256:b"}.items():
        record = {"id": name, "images": {}, "files": {}, "schema": {"image_id": image, "heads": []}}
        releases.save(tmp_path, record, {})
    releases.save(tmp_path, {"id": "20260103T000000000Z", "images": {}, "files": {}, "schema": None}, {})

    assert prune.schema_images(tmp_path) == {"sha256:a", "sha256:b"}
    assert prune.schema_images(tmp_path, {"20260101T000000000Z"}) == {"sha256:b"}
