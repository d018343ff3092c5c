# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._stack import releases
from ansible_collections.convosphere.platform.plugins.module_utils._stack.teardown import Teardown

from support.containers import container, engine


@pytest.fixture
def client():
    mock = engine(container("web"), container("db", "exited"))
    for item in mock.containers.list.return_value:
        item.stop, item.remove = Mock(), Mock()
    for kind in ("network", "volume"):
        getattr(mock, f"{kind}s").list.return_value = [named(f"p_{kind}")]
    answer_by_label(mock)
    return mock


def named(name: str) -> Any:
    thing = Mock()
    thing.name = name
    return thing


def answer_by_label(mock: Any, **booted: Any) -> None:
    """Let the lists answer with the objects of a boot, by kind, if they are asked for those."""

    def answer(kind: str) -> Any:
        own = getattr(mock, f"{kind}s").list
        return lambda **options: (
            booted.get(kind, []) if "platform.convosphere.boot" in options["filters"]["label"] else own.return_value
        )

    for kind in ("container", "network", "volume"):
        getattr(mock, f"{kind}s").list.side_effect = answer(kind)


def read(client: Any, name: str, source: Path, volumes: bool) -> Teardown:
    teardown = Teardown(client, name, source, volumes)
    teardown.read()
    return teardown


def own_directory(directory: Path) -> Path:
    for name in (".convosphere.json", ".env", ".lock", "compose.yaml", "conf/own.txt", "mcp-servers.json"):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).touch()
    releases.save(directory / "releases", {"id": "1", "files": {"compose.yaml": "", "conf/own.txt": ""}}, {})
    return directory


def test_without_volumes_only_containers_and_networks_go(client, tmp_path):
    teardown = read(client, "p", tmp_path, volumes=False)
    plan = teardown.compare()
    teardown.remove()

    assert set(plan.diff()["before"]) == {"container p-web-1", "container p-db-1", "network p_network"}
    assert plan.diff()["after"] == {}
    client.volumes.list.return_value[0].remove.assert_not_called()
    for item in client.containers.list.return_value:
        item.remove.assert_called_once_with(v=False, force=True)


def test_what_an_interrupted_boot_left_goes_even_without_volumes(client, tmp_path):
    left = container("boot")
    left.attrs["Name"] = "/convosphere-boot-1-backend"
    left.stop, left.remove = Mock(), Mock()
    network, volume = named("convosphere-boot-1"), named("convosphere-boot-1-weaviate")
    answer_by_label(client, container=[left], network=[network], volume=[volume])
    client.api.containers.return_value = []

    teardown = read(client, "p", tmp_path, volumes=False)
    removed = set(teardown.compare().diff()["before"])
    losses = teardown.losses("unix:///none")
    teardown.remove()

    own = {"container p-web-1", "container p-db-1", "network p_network"}
    booted = {
        "container convosphere-boot-1-backend",
        "network convosphere-boot-1",
        "volume convosphere-boot-1-weaviate",
    }
    assert removed == own | booted
    assert set(losses) == {f"{name} of an interrupted boot" for name in booted}
    left.remove.assert_called_once_with(v=True, force=True)
    network.remove.assert_called_once_with()
    volume.remove.assert_called_once_with()


def test_with_a_directory_the_volumes_and_what_the_stack_wrote_go_too(client, tmp_path):
    teardown = read(client, "p", own_directory(tmp_path / "x"), volumes=True)
    plan = teardown.compare()
    teardown.remove()

    assert {"volume p_volume", f"directory {tmp_path}/x"} <= set(plan.diff()["before"])
    client.volumes.list.return_value[0].remove.assert_called_once_with()
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_the_stacks_stays_and_is_no_change_the_next_time(tmp_path):
    own_directory(tmp_path)
    (tmp_path / "notes.txt").touch()
    nothing = engine()
    nothing.networks.list.return_value = nothing.volumes.list.return_value = []

    read(nothing, "p", tmp_path, volumes=True).remove()

    # The marker says whose the directory is as long as there is one.
    assert sorted(path.name for path in tmp_path.iterdir()) == [".convosphere.json", "notes.txt"]
    (tmp_path / ".lock").touch()  # the next run's own
    assert read(nothing, "p", tmp_path, volumes=True).compare().changed is False


def test_a_directory_on_another_disk_is_emptied_and_stays(client, tmp_path, monkeypatch):
    target, link = own_directory(tmp_path / "disk"), tmp_path / "link"
    link.symlink_to(target)
    mounted = own_directory(tmp_path / "mounted")
    monkeypatch.setattr(Path, "is_mount", lambda self: self == mounted)

    for directory in (link, mounted):
        teardown = read(client, "p", directory, volumes=True)
        teardown.remove()

        assert directory.is_dir()
        assert list(directory.iterdir()) == []
        (directory / ".lock").touch()  # of the next run
        assert not read(None, "p", directory, volumes=True).compare().changed


def test_in_a_folder_of_the_stack_the_operators_files_stay(tmp_path):
    own_directory(tmp_path)
    (tmp_path / "conf/deep").mkdir()
    (tmp_path / "conf/deep/mine.txt").touch()
    nothing = engine()
    nothing.networks.list.return_value = nothing.volumes.list.return_value = []

    read(nothing, "p", tmp_path, volumes=True).remove()

    assert [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*"))] == [
        ".convosphere.json",
        "conf",
        "conf/deep",
        "conf/deep/mine.txt",
    ]
    assert read(nothing, "p", tmp_path, volumes=True).compare().changed is False


@pytest.mark.parametrize("names", [(), (".lock",), (".lock", ".convosphere.json")])
def test_an_empty_directory_goes_and_a_missing_one_is_no_change(tmp_path, names):
    for name in names:
        (tmp_path / name).touch()

    assert read(None, "p", tmp_path, volumes=True).compare().changed is True
    assert read(None, "p", tmp_path / "missing", volumes=True).compare().changed is False


@pytest.mark.parametrize(
    ("marker", "told"),
    [
        (None, "names no environment"),
        ({"environment": "dev"}, "names another project"),
        ({"environment": "dev", "project": "other"}, "names another project"),
    ],
)
def test_volumes_without_a_container_go_only_if_the_directory_names_their_project(client, tmp_path, marker, told):
    client.containers.list.return_value = []
    client.api.containers.return_value = []
    if marker:
        (tmp_path / ".convosphere.json").write_text(json.dumps(marker))
    teardown = read(client, "p", tmp_path, volumes=True)

    with pytest.raises(InputError, match=f"Nothing shows that network p_network, volume p_volume .* {told}"):
        teardown.refuse_unverified("dev")
    (tmp_path / ".convosphere.json").write_text('{"environment": "dev", "project": "p"}')
    assert teardown.refuse_unverified("dev") is None
