# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils import _bundle_manifest as bundle_manifest

IMAGES = [{"name": "one:1", "id": "sha256:1", "layers": []}, {"name": "two:1", "id": "sha256:2", "layers": []}]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "prod.tar"
    path.write_bytes(b"content")
    bundle_manifest.write(path, {"size_bytes": 7, "sha256": bundle_manifest.sha256(path), "images": IMAGES})
    return path


def test_a_manifest_is_read_as_it_was_written(archive):
    manifest = bundle_manifest.read(archive)

    assert manifest is not None
    assert manifest["archive"] == "prod.tar"
    assert manifest["sha256"] == hashlib.sha256(b"content").hexdigest()
    assert bundle_manifest.image_ids(manifest) == {"one:1": "sha256:1", "two:1": "sha256:2"}
    assert sorted(path.name for path in archive.parent.iterdir()) == ["prod.tar", "prod.tar.json"]


def test_a_manifest_of_another_archive_does_not_count(archive):
    archive.write_bytes(b"longer content")

    assert bundle_manifest.read(archive) is None
    assert bundle_manifest.image_ids(None) == {}


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"format": 2, "size_bytes": 7}), "\0"])
def test_what_is_not_a_manifest_does_not_count(archive, text):
    bundle_manifest.path_of(archive).write_text(text)

    assert bundle_manifest.read(archive) is None


def test_without_an_archive_there_is_no_manifest(archive):
    archive.unlink()

    assert bundle_manifest.read(archive) is None
