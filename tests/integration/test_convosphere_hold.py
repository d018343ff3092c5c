# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._people import registers
from ansible_collections.convosphere.platform.plugins.module_utils._people.holds import HOLDS, Hold
from ansible_collections.convosphere.platform.plugins.module_utils._people.registers import Directory

from support.law import NO_DIFF, Case, Refused, Step
from support.platform_database import PlatformDatabase
from support.sandbox import Sandbox

MODULE = "convosphere_hold"


@pytest.fixture
def database(tables: Sandbox) -> PlatformDatabase:
    return PlatformDatabase(tables)


@pytest.fixture
def options(database: PlatformDatabase, tmp_path: Path) -> dict[str, Any]:
    return {**database.login, "environment_name": "dev", "backup_dir": str(tmp_path / "backups")}


def stored(folder: Path) -> dict[str, tuple[str, bool]]:
    """Return the reasons of a file of holds, and whether each is in force, by id."""
    found = registers.read(HOLDS, Directory(folder), "dev").own
    return {hold.id: (hold.reason, hold.is_active) for hold in found}


@pytest.mark.law
def test_law(run_law, database, options, tmp_path):
    ada = database.add_user("ada@example.com")
    hold: dict[str, Any] = {**options, "user": "Ada@example.com", "reason": "Case 4711", "held_by": "eve"}
    backups, copies = tmp_path / "backups", tmp_path / "copies"
    copies.mkdir()
    file, copy = f"holds-dev.json in {backups}", f"holds-dev.json in {copies}"
    absent = {**options, "user": "ada@example.com", "state": "absent"}
    name, entry = "user Ada@example.com", {"kind": "user", "id": ada, "held_by": "eve", "since": ANY}

    run_law(
        MODULE,
        cases=[
            Case(
                "create",
                hold,
                diff={
                    "before": {file: {"holds": 0}},
                    "after": {name: {"reason": "Case 4711"}, file: {"holds": 1}},
                },
                returns={"kind": "user", "id": ada, "holds": [{**entry, "reason": "Case 4711"}]},
            ),
            Case(
                "change",
                {**hold, "reason": "Case 4712"},
                diff={
                    "before": {name: {"reason": "Case 4711"}, file: {"entries": "outdated"}},
                    "after": {name: {"reason": "Case 4712"}, file: {"entries": "current"}},
                },
                returns={"holds": [{**entry, "reason": "Case 4712"}]},
            ),
            Case(
                "change: another place",
                {**hold, "reason": "Case 4712", "copy_to": [{"directory": str(copies)}]},
                diff={"before": {copy: {"holds": 0}}, "after": {copy: {"holds": 1}}},
                returns={"file": str(backups / "holds-dev.json"), "file_copies": [str(copies)], "unsigned": {}},
            ),
            Case(
                "absent",
                absent,
                diff={
                    "before": {"user ada@example.com": {"reason": "Case 4712"}, file: {"holds": 1}},
                    "after": {file: {"holds": 0}},
                },
                returns={"holds": []},
            ),
        ],
        refused=[
            Refused("no reason", {**options, "user": "ada@example.com"}, "are missing: reason"),
            Refused("nothing", {**options, "reason": "why"}, "one of the following is required: user"),
            Refused("unknown", {**hold, "user": "eve@example.com"}, "There is no user eve@example.com"),
            Refused("no id", {**options, "conversation": "x", "reason": "why"}, "conversation is 'x': give its id"),
            Refused(
                "unknown id",
                {**options, "assistant": "6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11", "reason": "why"},
                "There is no assistant 6f1c9a4e",
            ),
        ],
    )


def test_of_two_users_with_one_address_the_id_names_the_one(run_steps, database, options):
    small, large = database.add_user("ada@example.com"), database.add_user("ADA@example.com", username="ada2")
    hold = {**options, "reason": "why", "held_by": "eve"}

    run_steps(
        MODULE,
        [
            Step(
                "address",
                {**hold, "user": "Ada@example.com"},
                fails=f"ada@example.com has the id {small}. Nothing was changed. Give the id of the one"
                if large < small
                else f"ADA@example.com has the id {large}. Nothing was changed. Give the id of the one",
            ),
            Step("id", {**hold, "user": small.upper()}, changed=True, returns={"id": small}),
            Step("no id", {**hold, "user": "6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11"}, fails="There is no user 6f1c9a4e"),
        ],
    )
    database.query("DELETE FROM users WHERE id = %s", small)
    gone = {**options, "user": small, "state": "absent"}
    run_steps(MODULE, [Step("release", gone, changed=True, returns={"holds": []})])


def test_check_mode_creates_no_table(run_steps, database, options):
    database.add_user("ada@example.com")
    gone = {**options, "conversation": "6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11", "state": "absent"}

    run_steps(
        MODULE,
        [
            Step("check", {**options, "user": "ada@example.com", "reason": "why"}, check=True, changed=True),
            Step("nothing to release", gone, changed=False, diff=NO_DIFF),
        ],
    )

    assert database.query("SELECT to_regnamespace('convosphere_platform') IS NULL") == [(True,)]


def test_what_only_a_file_knows_is_brought_to_the_database_and_no_old_file_undoes_a_release(
    run_steps, database, options, tmp_path
):
    ada, bob = database.add_user("ada@example.com"), database.add_user("bob@example.com")
    backups = Path(options["backup_dir"])
    hold = {**options, "user": ada, "reason": "Case 4711", "held_by": "eve"}
    run_steps(MODULE, [Step("hold", hold, changed=True)])
    old = (backups / "holds-dev.json").read_text()
    run_steps(MODULE, [Step("release", {**options, "user": ada, "state": "absent"}, changed=True)])
    assert stored(backups) == {ada: ("", False)}
    (backups / "holds-dev.json").write_text(old)
    later = Hold("user", bob, "Case 1", "eve", "2026-11-30T10:00:00Z", "2026-11-30T10:00:00.000000Z")
    (tmp_path / "copies").mkdir()
    known = registers.text_of(HOLDS, [later], "dev")
    Directory(tmp_path / "copies").write("holds-dev.json", known)

    both = {**options, "user": ada, "state": "absent", "copy_to": [{"directory": str(tmp_path / "copies")}]}
    run = run_steps(MODULE, [Step("release again", both, changed=True), Step("and again", both, changed=False)])

    assert [each["id"] for each in run.task("release again").result["holds"]] == [bob]
    assert stored(backups) == stored(tmp_path / "copies") == {ada: ("", False), bob: ("Case 1", True)}
    # A table of an earlier version, and a clock that was set back.
    database.query("ALTER TABLE convosphere_platform.holds DROP COLUMN changed_at, DROP COLUMN released_at")
    ahead = replace(
        later, reason="", released_at="2099-01-01T00:00:00.000000Z", changed_at="2099-01-01T00:00:00.000000Z"
    )
    Directory(backups).write("holds-dev.json", registers.text_of(HOLDS, [ahead], "dev"))
    run_steps(
        MODULE,
        [Step("place", {**hold, "user": bob}, changed=True), Step("twice", {**hold, "user": bob}, changed=False)],
    )
    assert stored(backups)[bob] == ("Case 4711", True)
    # As a run leaves it that ends between the database and the file.
    (backups / "holds-dev.json").unlink()
    run_steps(
        MODULE,
        [Step("complete", {**hold, "user": bob}, changed=True), Step("done", {**hold, "user": bob}, changed=False)],
    )
    assert stored(backups)[bob] == ("Case 4711", True)


def test_a_file_that_cannot_be_used_stops_the_run_before_anything_changes(run_steps, database, options, tmp_path):
    ada = database.add_user("ada@example.com")
    backups = Path(options["backup_dir"])
    backups.mkdir()
    path = backups / "holds-dev.json"
    hold = {**options, "user": ada, "reason": "Case 4711"}
    (backups / "holds-staging.json").write_text("of another environment")

    path.write_text('{"format": 1, "holds": [')
    run_steps(MODULE, [Step("truncated", hold, fails="is not a list of holds that this version")])
    path.write_text(registers.text_of(HOLDS, [], "staging"))
    run_steps(MODULE, [Step("foreign", hold, fails="is of the environment staging, not of dev")])
    path.unlink()
    path.symlink_to(tmp_path / "none")
    run_steps(MODULE, [Step("link", hold, fails="is not a regular file")])
    path.unlink()
    run_steps(MODULE, [Step("two keys", {**hold, "signing_key": "/a", "public_key": "b"}, fails="mutually exclusive")])

    assert database.query("SELECT to_regnamespace('convosphere_platform') IS NULL") == [(True,)]


def test_the_key_of_the_controller_signs_and_what_was_changed_is_refused(run_steps, database, options, tmp_path):
    ada = database.add_user("ada@example.com")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True)
    signed = {**options, "controller_signing_key": str(tmp_path / "key")}
    hold = {**signed, "user": ada, "reason": "Case 4711"}
    path = Path(options["backup_dir"]) / "holds-dev.json"
    change = {"path": str(path), "regexp": "Case 4711", "replace": "Case 4712"}

    run_steps(
        MODULE,
        [
            Step("no key", {**hold, "controller_signing_key": "/none"}, fails="Cannot read controller_signing_key"),
            Step("check", hold, check=True, changed=True),
            Step("hold", hold, changed=True, returns={"unsigned": {}}),
            Step("again", hold, changed=False),
            {"name": "Read the file", "ansible.builtin.command": {"cmd": f"grep -c SIGNATURE {path}"}},
            {"name": "Change the file", "ansible.builtin.replace": change},
            Step("changed", hold, fails="The signature of holds-dev.json in"),
        ],
    )
