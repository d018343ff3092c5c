# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import EngineError, InputError
from ansible_collections.convosphere.platform.plugins.module_utils._engine import image_archive, image_bundle
from ansible_collections.convosphere.platform.plugins.module_utils._engine.image_archive import ArchivedImage

BASE, TOP, OTHER = (name * 30000 for name in (b"base", b"top", b"other"))


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def configuration(*layers: bytes) -> bytes:
    return json.dumps({"rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in layers]}}).encode()


def image(name: str, *layers: bytes) -> ArchivedImage:
    return ArchivedImage((name,), digest(configuration(*layers)), tuple(digest(layer) for layer in layers))


def tar_of(members: Sequence[tuple[str, bytes | str]]) -> bytes:
    """Return a tar archive; the content of a link is its target, as text."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            if isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
                archive.addfile(entry)
            else:
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def saved(images: Mapping[str, Sequence[bytes]]) -> bytes:
    """Return what Docker Engine 20.10 saves: each layer once, and links to it; the manifest at the end."""
    members: list[tuple[str, bytes | str]] = []
    first: dict[bytes, str] = {}
    entries = []
    for name, layers in images.items():
        paths = []
        for position, layer in enumerate(layers):
            path = f"{name[0]}{position}/layer.tar"
            paths.append(path)
            members.append((f"{name[0]}{position}/VERSION", b"1.0"))
            members.append((path, f"../{first[layer]}" if layer in first else layer))
            first.setdefault(layer, path)
        text = configuration(*layers)
        members.append((f"{digest(text)[7:]}.json", text))
        entries.append({"Config": f"{digest(text)[7:]}.json", "RepoTags": [name], "Layers": paths})
    return tar_of([*members, ("manifest.json", json.dumps(entries).encode())])


def saved_by_25(name: str, *layers: bytes) -> bytes:
    """Return what Docker Engine 25 saves: an OCI layout, and a manifest for older engines."""
    blobs = {f"blobs/sha256/{digest(content)[7:]}": content for content in (*layers, configuration(*layers))}
    entry = {
        "Config": f"blobs/sha256/{digest(configuration(*layers))[7:]}",
        "RepoTags": [name],
        "Layers": [f"blobs/sha256/{digest(layer)[7:]}" for layer in layers],
    }
    return tar_of([*blobs.items(), ("manifest.json", json.dumps([entry]).encode())])


IMAGES = {"one:1": [BASE, TOP], "two:1": [BASE, OTHER, OTHER]}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "bundle.tar"
    with path.open("wb") as target:
        described = [image(name, *layers) for name, layers in IMAGES.items()]
        image_bundle.write_saved(io.BytesIO(saved(IMAGES)), described, target)
    return path


def members_of(content: Path | bytes) -> dict[str, bytes]:
    stream = io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
    with tarfile.open(fileobj=stream) as archive:
        return {each.name: archive.extractfile(each).read() for each in archive if each.isfile()}


def layer(content: bytes) -> str:
    return image_archive.member_of_layer(digest(content))


def test_a_bundle_has_each_layer_once_and_compressed_and_the_manifest_first(bundle):
    members = members_of(bundle)

    assert next(iter(members)) == "manifest.json"
    assert {name: gzip.decompress(text) for name, text in members.items() if name.startswith("layers/")} == {
        layer(BASE): BASE,
        layer(TOP): TOP,
        layer(OTHER): OTHER,
    }
    assert len(members) == 1 + len(IMAGES) + 3
    assert bundle.stat().st_size < len(BASE)


@pytest.mark.parametrize("packed", ["", ".gz"])
def test_archives_of_docker_and_of_bundle_have_the_same_index(bundle, tmp_path, packed):
    path = tmp_path / f"saved.tar{packed}"
    path.write_bytes(gzip.compress(saved(IMAGES)) if packed else saved(IMAGES))

    index = image_archive.read(str(path))

    assert index.images == image_archive.read(str(bundle)).images
    assert index.images == tuple(image(name, *layers) for name, layers in IMAGES.items())


def test_an_archive_of_docker_25(tmp_path):
    path = tmp_path / "saved.tar"
    path.write_bytes(saved_by_25("one:1", BASE, TOP))

    assert image_archive.read(str(path)).images == (image("one:1", BASE, TOP),)


@pytest.mark.parametrize("source", ["bundle", "saved"])
def test_a_reduced_archive_has_the_named_image_and_the_named_layers(bundle, tmp_path, source):
    path = bundle
    if source == "saved":
        path = tmp_path / "saved.tar"
        path.write_bytes(saved(IMAGES))
    reduced = io.BytesIO()

    image_archive.write_reduced(str(path), image_archive.read(str(path)), ["two:1"], [digest(OTHER)], reduced)

    members = members_of(reduced.getvalue())
    entry = {
        "Config": f"{digest(configuration(BASE, OTHER, OTHER))[7:]}.json",
        "RepoTags": ["two:1"],
        "Layers": [layer(BASE), layer(OTHER), layer(OTHER)],
    }
    assert json.loads(members["manifest.json"]) == [entry]
    assert set(members) == {"manifest.json", entry["Config"], layer(OTHER)}


def test_layers_that_an_engine_saves_compressed_are_copied(tmp_path):
    path = tmp_path / "bundle.tar"
    compressed = gzip.compress(BASE)
    members = [("blobs/sha256/base", compressed), ("blobs/sha256/configuration", configuration(BASE))]
    with path.open("wb") as target:
        image_bundle.write_saved(io.BytesIO(tar_of(members)), [image("one:1", BASE)], target)

    assert members_of(path)[layer(BASE)] == compressed


def test_an_engine_that_saves_less_than_was_asked_for_is_an_error(tmp_path):
    with (tmp_path / "bundle.tar").open("wb") as target, pytest.raises(EngineError, match=digest(TOP)):
        image_bundle.write_saved(io.BytesIO(saved({"one:1": [BASE]})), [image("one:1", BASE, TOP)], target)


def test_an_archive_that_lacks_a_layer_is_refused(bundle):
    with pytest.raises(InputError, match="lacks the layers sha256:none"):
        image_archive.write_reduced(
            str(bundle), image_archive.read(str(bundle)), ["one:1"], ["sha256:none"], io.BytesIO()
        )


@pytest.mark.parametrize("content", [b"", b"no archive", tar_of([("manifest.json", b"[{}]")]), tar_of([("a", b"b")])])
def test_other_files_are_refused_with_what_to_give(tmp_path, content):
    path = tmp_path / "other.tar"
    path.write_bytes(content)

    with pytest.raises(InputError, match="an archive of images") as error:
        image_archive.read(str(path))
    assert "bundle.yml" in str(error.value)
