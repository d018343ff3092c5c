# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import grp


def test_a_host_that_is_ready_is_left_alone(live):
    before = live.traces()

    run = live.run("setup.yml").succeeded()

    assert run.changed == 0
    assert live.traces() == before


def test_the_directories_of_a_new_environment(itest, tmp_path):
    root = tmp_path / "root"
    variables = {"environment_root": str(root), "environment_backup_root": str(root / "backups")}

    check = itest.run("setup.yml", extra_vars=variables, check=True).succeeded()
    assert check.changed == 1
    assert not root.exists()

    assert itest.run("setup.yml", extra_vars=variables).succeeded().changed == 1
    found = {str(path.relative_to(root)): path.stat() for path in sorted(root.rglob("*"))}
    assert {name: oct(status.st_mode & 0o7777) for name, status in found.items()} == {
        "backups": "0o755",
        "backups/itest": "0o700",
        "itest": "0o2750",
        "itest/releases": "0o2750",
        "tools": "0o755",
    }
    assert {status.st_uid for status in found.values()} == {0}
    assert grp.getgrgid(found["itest"].st_gid).gr_name == "daemon"

    assert itest.run("setup.yml", extra_vars=variables).succeeded().changed == 0


def test_the_directory_of_a_stack_that_lies_elsewhere(itest, tmp_path):
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    variables = {
        "environment_root": str(root),
        "environment_backup_root": str(root / "backups"),
        "stack_directory": str(elsewhere),
    }

    assert itest.run("setup.yml", extra_vars=variables).succeeded().changed == 1

    found = {path: oct(path.stat().st_mode & 0o7777) for path in (elsewhere, elsewhere / "releases")}
    assert set(found.values()) == {"0o2750"}
    assert not (root / "itest").exists()
    assert itest.run("setup.yml", extra_vars=variables).succeeded().changed == 0
