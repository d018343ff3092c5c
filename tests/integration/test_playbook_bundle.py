# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the images of an environment to an archive, and from the archive to a deploy."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.compose_project import docker

BUNDLE = "Write the images into an archive"
LOAD = "Bring the images to the host"
LAYER_BYTES = 2_000_000


@pytest.fixture
def release_image(live, tmp_path: Path) -> Iterator[str]:
    """Yield the name of a frontend's image with one more layer than the deployed one; the old one serves afterwards."""
    name = f"cvtest-bundle-{uuid.uuid4().hex[:8]}:2"
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "content").write_bytes(os.urandom(LAYER_BYTES))
    deployed = live.inspect("frontend")["Image"]
    (folder / "Dockerfile").write_text(f"FROM {deployed}\nCOPY content /content\n")
    docker("build", "--quiet", f"--tag={name}", str(folder))
    yield name
    live.run("deploy.yml").succeeded()
    docker("image", "rm", "--force", name)


def test_a_release_goes_to_a_site_without_internet(live, release_image, tmp_path):
    archive = tmp_path / "release.tar"
    images = {"stack_images": {"frontend": release_image}}
    written = {**images, "archive": str(archive)}

    check = live.run("bundle.yml", extra_vars=written, check=True).succeeded()
    assert check.task(BUNDLE).changed
    assert list(tmp_path.glob("*.tar*")) == []
    first = live.run("bundle.yml", extra_vars=written).succeeded()
    assert live.run("bundle.yml", extra_vars=written).succeeded().changed == 0

    manifest = json.loads((tmp_path / "release.tar.json").read_text())
    assert {image["name"] for image in manifest["images"]} >= {release_image, "postgres:15"}
    assert manifest["size_bytes"] == archive.stat().st_size
    assert f"sha256 {manifest['sha256']}" in first.output

    image = docker("image", "inspect", "--format={{ .Id }}", release_image).strip()
    docker("image", "rm", release_image)
    # Without the variable, stand-ins are allowed for the source sandbox only.
    site = {**images, "stack_image_source": "load", "stack_image_archive": str(archive), "stack_allow_standins": True}
    loaded = live.run("deploy.yml", extra_vars=site).succeeded().task(LOAD).result
    assert LAYER_BYTES < loaded["transferred_bytes"] < 1.2 * LAYER_BYTES
    assert live.inspect("frontend")["Image"] == image
    assert live.run("deploy.yml", extra_vars=site).succeeded().changed == 0


def test_a_run_without_an_archive_or_with_an_unknown_release_is_refused(live, tmp_path):
    assert "-e archive=/srv/bundles/prod.tar" in refusal(live)
    given = {"archive": str(tmp_path / "release.tar"), "release": "20200101T000000000Z"}
    assert "There is no release 20200101T000000000Z" in refusal(live, given)


def refusal(live: Any, given: dict[str, Any] | None = None) -> str:
    (failure,) = live.run("bundle.yml", extra_vars=given).failures
    return str(failure.message)
