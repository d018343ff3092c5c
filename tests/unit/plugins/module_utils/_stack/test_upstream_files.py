# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

from ansible_collections.convosphere.platform.plugins.module_utils._stack import upstream_files

ONE = {"backend": ["10.0.0.11:18000", "10.0.0.12:18001"], "frontend": ["p-frontend-1:8080"]}
PLACE = "/etc/caddy/state/current/backend-"


def text(directory: Path, name: str) -> str:
    return (directory / "edge/state/current" / name).read_text()


def folders(directory: Path) -> set[str]:
    return {path.name for path in (directory / "edge/state").glob("serving-*")}


def test_the_edge_is_told_where_the_files_with_the_addresses_are(tmp_path):
    assert upstream_files.read(tmp_path, "backend") is None
    upstream_files.write(tmp_path, ONE)

    assert (tmp_path / "edge/state/backend.caddy").read_text() == (
        f"to {{file.{PLACE}1.host}}:{{file.{PLACE}1.port}} {{file.{PLACE}2.host}}:{{file.{PLACE}2.port}}\n"
    )
    assert [text(tmp_path, f"backend-2.{part}") for part in ("host", "port")] == ["10.0.0.12", "18001"]
    assert upstream_files.read(tmp_path, "backend") == "10.0.0.11:18000 10.0.0.12:18001"
    assert upstream_files.read(tmp_path, "frontend") == "p-frontend-1:8080"


def test_one_link_names_all_addresses_so_that_they_change_at_once(tmp_path):
    upstream_files.write(tmp_path, ONE)
    slots = (tmp_path / "edge/state/backend.caddy").stat().st_mtime_ns
    before = (tmp_path / "edge/state/current").readlink()
    upstream_files.write(tmp_path, {"backend": ["10.0.0.11:18001", "[fd00::12]:18002"]})

    assert (tmp_path / "edge/state/current").readlink() != before
    assert upstream_files.read(tmp_path, "backend") == "10.0.0.11:18001 [fd00::12]:18002"
    assert upstream_files.read(tmp_path, "frontend") == "p-frontend-1:8080", "another service was forgotten"
    assert (tmp_path / "edge/state/backend.caddy").stat().st_mtime_ns == slots, "the edge would have to be reloaded"


def test_the_folder_from_before_stays_for_requests_that_read_it_until_it_is_pruned(tmp_path):
    for port in (0, 1, 2, 2):
        upstream_files.write(tmp_path, {"web": [f"a:{port}"]})

    assert len(folders(tmp_path)) == 2
    upstream_files.prune(tmp_path)
    assert folders(tmp_path) == {(tmp_path / "edge/state/current").resolve().name}
    assert upstream_files.read(tmp_path, "web") == "a:2"


def test_an_edge_that_knows_more_files_than_there_are_addresses_finds_one_that_serves_in_each(tmp_path):
    upstream_files.write(tmp_path, {"web": ["a:1", "b:1"]})
    upstream_files.write(tmp_path, {"web": ["c:1"]})

    assert (text(tmp_path, "web-1.host"), text(tmp_path, "web-2.host")) == ("c", "c")
    assert upstream_files.read(tmp_path, "web") == "c:1"


def test_an_interrupted_write_and_a_file_written_by_hand_are_repaired(tmp_path):
    upstream_files.write(tmp_path, {"web": ["a:1"]})
    (tmp_path / "edge/state/web.caddy").write_text("to nowhere:8000\n")
    (tmp_path / "edge/state/.new-current").symlink_to("serving-x")
    assert upstream_files.read(tmp_path, "web") == "nowhere:8000"

    upstream_files.write(tmp_path, {"web": ["a:1"]})
    assert upstream_files.read(tmp_path, "web") == "a:1"


def test_everybody_can_read_the_files_because_the_edge_is_another_user(tmp_path):
    upstream_files.write(tmp_path, ONE)
    places = [tmp_path / "edge/state/current" / name for name in ("", "backend-1.host")]

    assert [oct(path.stat().st_mode & 0o777) for path in places] == ["0o755", "0o644"]
