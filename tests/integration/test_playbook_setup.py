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
    steps = [result["msg"] for result in check.task("Report the steps of a real run").result["results"]]
    assert f"Mark the directory {root}/itest as that of itest" in steps
    assert not root.exists()

    # One task for the directories, one for their markers.
    assert itest.run("setup.yml", extra_vars=variables).succeeded().changed == 2
    found = {str(path.relative_to(root)): path.stat() for path in sorted(root.rglob("*"))}
    assert {name: oct(status.st_mode & 0o7777) for name, status in found.items()} == {
        "backups": "0o755",
        "backups/itest": "0o700",
        "backups/itest/.convosphere.json": "0o600",
        "itest": "0o2750",
        "itest/.convosphere.json": "0o600",
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

    elsewhere.mkdir(mode=0o755)
    (elsewhere / "notes.txt").write_text("somebody's")
    refused = itest.run("setup.yml", extra_vars={**variables, "environment_root": "/srv"})
    assert "The directory /srv is shared by the whole system" in refused.failures[0].message
    assert (
        f"Nothing shows that the directory {elsewhere} belongs to the environment itest" in refused.failures[0].message
    )
    assert [path.name for path in tmp_path.rglob("*") if path.is_relative_to(elsewhere)] == ["elsewhere", "notes.txt"]
    assert oct(elsewhere.stat().st_mode & 0o7777) == "0o755"
    (elsewhere / "notes.txt").unlink()

    # One that nobody has used is taken, since its owner stays.
    assert itest.run("setup.yml", extra_vars=variables).succeeded().changed == 2

    found = {path: oct(path.stat().st_mode & 0o7777) for path in (elsewhere, elsewhere / "releases")}
    assert set(found.values()) == {"0o2750"}
    assert not (root / "itest").exists()
    assert itest.run("setup.yml", extra_vars=variables).succeeded().changed == 0
