# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where uploads are, and which directories of kept files are deleted."""

from __future__ import annotations

import subprocess
import sys

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._app import uploads
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError

from support.containers import container

OLD, NEW, STAGED = ".convosphere_before_20260102T030405Z", ".convosphere_before_20260103T030405Z", ".convosphere_new_0a"


@pytest.mark.parametrize(
    ("arguments", "left"),
    [((OLD,), [NEW, STAGED, "mine"]), ((uploads._NEW,), [OLD, NEW, "mine"]), ((OLD[:-1],), [OLD, NEW, STAGED, "mine"])],
    ids=["a name", "a prefix", "a part of a name"],
)
def test_only_named_directories_are_deleted(tmp_path, arguments, left):
    for name in (OLD, NEW, STAGED, "mine"):
        (tmp_path / name / "deep").mkdir(parents=True)

    subprocess.run([sys.executable, "-c", uploads._DISCARD, str(tmp_path), *arguments], check=True)

    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(left)


def backend(*settings):
    return container("backend", Config={"Env": list(settings)})


@pytest.mark.parametrize(
    ("containers", "expected"),
    [
        ({"backend": [backend("A=b", "STORAGE_PROVIDER=minio")], "minio": [container("minio")]}, uploads.MINIO),
        ({"backend": [backend("STORAGE_PROVIDER=local")], "minio": [container("minio")]}, uploads.FILES),
        ({"backend": [backend()]}, uploads.FILES),
        ({"backend": [container("backend")]}, uploads.FILES),
        ({"minio": [container("minio")]}, uploads.MINIO),
        ({"backend": [backend("STORAGE_PROVIDER=minio")]}, uploads.MINIO),
        ({}, uploads.FILES),
    ],
)
def test_the_backend_says_where_uploads_are_and_without_one_the_services_do(containers, expected):
    assert uploads.chosen(containers) == expected


@pytest.mark.parametrize("status", ["running", "paused", "restarting"])
def test_files_of_minio_are_not_moved_below_it(status):
    volume = uploads.Volume(container("minio", status), "unix:///nowhere", uploads.MINIO, "sha256:1")

    with pytest.raises(InputError, match=f"p-minio-1 is {status}"):
        volume.swap("new", OLD)


def test_an_image_with_python_is_needed():
    with pytest.raises(InputError, match="There is no image of the backend on this host"):
        uploads.Volume(container("minio"), "unix:///nowhere", uploads.MINIO).python()
