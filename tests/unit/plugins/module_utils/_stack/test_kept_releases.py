# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._stack import deploy_plan, kept_releases, releases

IDS = frozenset({"aaa", "bbb", "ccc"})


class Folder:
    """A directory of releases, each with one image and one file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, name: str, image: str, text: str | None = None, **more: Any) -> str:
        text = text or image
        record = {
            "id": name,
            "images": {"web": f"registry:5000/web:1@{image}"},
            "files": {"compose.yaml": deploy_plan.digest(text)},
            **more,
        }
        releases.save(self.path, record, {"compose.yaml": text})
        return name

    def previous(self, ids: frozenset[str] = IDS) -> str:
        return kept_releases.choose_previous(kept_releases.read(self.path), ids).id


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "releases").mkdir()
    return Folder(tmp_path / "releases")


def test_releases_are_read_newest_first(folder):
    folder.add("2", "bbb")
    folder.add("1", "aaa")
    (folder.path / ".new-3").mkdir()
    (folder.path / ".new-3/release.json").write_text("{}")

    kept = kept_releases.read(folder.path)

    assert [each.id for each in kept] == ["2", "1"]
    serving = kept_releases.serving(kept)
    assert serving is not None
    assert serving.id == "1"  # the last one that was saved
    assert [(each.service, each.reference, each.short_id) for each in serving.images] == [
        ("web", "registry:5000/web:1", "aaa")
    ]


def test_without_releases_nothing_serves_and_there_is_none_to_find(tmp_path):
    assert kept_releases.serving(kept_releases.read(tmp_path)) is None
    with pytest.raises(InputError, match=r"There is no release 1\. .*newest first: none"):
        kept_releases.find([], "1")
    with pytest.raises(InputError, match="No release serves"):
        kept_releases.choose_previous([], ())


def test_an_unknown_release_is_refused_with_the_list_of_those_that_exist(folder):
    folder.add("1", "aaa")
    folder.add("2", "bbb")

    with pytest.raises(InputError) as error:
        kept_releases.find(kept_releases.read(folder.path), "0")

    assert "There is no release 0" in str(error.value)
    assert "newest first: 2 (serves), 1." in str(error.value)


def test_the_previous_release_is_the_newest_complete_one_from_before(folder):
    folder.add("1", "aaa")
    folder.add("2", "gone")
    folder.add("3", "ccc")

    assert folder.previous() == "1"
    assert folder.previous(frozenset({"gone", "ccc"})) == "2"
    assert folder.previous(frozenset({"ccc"})) == "2"  # none is complete: the images of the newest may be brought


def test_a_second_rollback_goes_back_one_release_more(folder):
    folder.add("1", "aaa")
    folder.add("2", "bbb")
    folder.add("3", "ccc")
    folder.add("4", "bbb", restored_from="2", rolled_back_from="3")

    assert folder.previous() == "1"


def test_a_release_of_the_same_content_is_no_way_back(folder):
    folder.add("1", "aaa")
    folder.add("2", "bbb", released_by="ada")
    folder.add("3", "bbb", released_by="bob")

    assert folder.previous() == "1"


def test_there_may_be_no_earlier_release(folder):
    folder.add("1", "aaa")
    with pytest.raises(InputError, match=r"There is no release from before 1 to roll back to\. Nothing was changed"):
        folder.previous()

    folder.add("2", "bbb")
    (folder.path / "1/compose.yaml").unlink()
    with pytest.raises(InputError, match=r"from before 2 to roll back to; of 1 files are missing"):
        folder.previous()


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_release_without_an_intact_copy_of_a_file_is_refused(folder, damage):
    folder.add("1", "aaa")
    copy = folder.path / "1/compose.yaml"
    if damage == "missing":
        copy.unlink()
    else:
        copy.write_text("by hand")
    (release,) = kept_releases.read(folder.path)

    assert release.missing_files() == ["compose.yaml"]
    with pytest.raises(InputError, match=r"The release 1 is not complete: .* no intact copy of compose\.yaml"):
        release.texts({})


def test_a_record_that_cannot_be_read_makes_the_release_incomplete(folder):
    folder.add("1", "aaa")
    for text in ("", "[]", "{"):
        (folder.path / "1/release.json").write_text(text)
        (release,) = kept_releases.read(folder.path)
        assert (release.missing_files(), release.images, release.schema) == (["release.json"], [], None)


def test_the_mode_of_a_file_is_the_recorded_one_or_else_the_current_one(folder):
    folder.add("1", "aaa")
    folder.add("2", "bbb", modes={"compose.yaml": "0644"})
    newer, older = kept_releases.read(folder.path)

    assert newer.texts({"compose.yaml": "0600"}) == {"compose.yaml": ("bbb", "0644")}
    assert older.texts({"compose.yaml": "0600"}) == {"compose.yaml": ("aaa", "0600")}
    assert older.texts({}) == {"compose.yaml": ("aaa", "0640")}
    assert json.loads((folder.path / "1/release.json").read_text())["id"] == "1"
