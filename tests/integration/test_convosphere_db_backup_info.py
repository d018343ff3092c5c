# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import ANY

import pytest
import yaml
from ansible_collections.convosphere.platform.plugins.module_utils._core import locks

from support.backups import NOON, VERIFIED, manifest_of, put_backup
from support.collection import rendered_docs
from support.law import Refused, Step

MODULE = "convosphere_db_backup_info"
DAY = timedelta(days=1)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "backups"


def shown(manifest, keep=None):
    """Return a backup as the module does."""
    return {**manifest.to_dict(), "age_hours": ANY, "bytes": 6, "file": ANY, "keep": keep}


@pytest.mark.law
def test_law(run_info_law, directory):
    old = put_backup(directory, NOON - 700 * DAY, verified=VERIFIED)
    spare = put_backup(directory, NOON - 699 * DAY)
    new = put_backup(directory, NOON - 698 * DAY, label="nightly")
    broken = put_backup(directory, NOON - 697 * DAY)
    (directory / broken.files[0].name).write_bytes(b"half")
    (directory / "notes.txt").touch()
    nothing = replace(manifest_of(NOON - 696 * DAY), files=(), include=())
    (directory / nothing.file_name).write_text(nothing.to_json())
    run_info_law(
        MODULE,
        {"backup_dir": str(directory), "retention": {"keep_last": 1}},
        returns={
            "backups": [shown(old, ["last verified", "last restored"]), shown(spare, []), shown(new, ["last"])],
            "foreign": [
                {
                    "path": str(directory / broken.files[0].name),
                    "reason": "it has no manifest",
                },
                {"path": str(directory / broken.file_name), "reason": ANY},
                {
                    "path": str(directory / nothing.file_name),
                    "reason": f"{nothing.file_name} is not a manifest: its list of files is empty",
                },
                {"path": str(directory / "notes.txt"), "reason": "it is not a file of a backup"},
            ],
            "in_progress": None,
            "bytes": 18,
            "bytes_free": ANY,
        },
        refused=[
            Refused("unknown", {"backup_dir": str(directory), "backup": "weekly"}, "There is no backup weekly"),
            Refused("broken", {"backup_dir": str(directory), "backup": broken.id}, "has 4 bytes instead of 6"),
            Refused("no policy", {"backup_dir": str(directory), "retention": {}}, "retention keeps nothing"),
            Refused("no period", {"backup_dir": str(directory), "retention": {"keep_within": "x"}}, "Give a number"),
        ],
    )


def test_one_environment_database_or_backup_is_picked(run_steps, directory):
    dev = put_backup(directory, NOON - 3 * DAY)
    prod = put_backup(directory, NOON - 2 * DAY, environment="prod")
    other = put_backup(directory, NOON - DAY, database_name="other")
    here = {"backup_dir": str(directory)}
    run_steps(
        MODULE,
        [
            Step("prod", {**here, "environment_name": "prod"}, returns={"backups": [shown(prod)]}),
            Step("other", {**here, "database": "other"}, returns={"backups": [shown(other)]}),
            Step(
                "dev", {**here, "environment_name": "dev", "database": "convosphere"}, returns={"backups": [shown(dev)]}
            ),
            Step("latest", {**here, "backup": "latest"}, returns={"backups": [shown(other)], "bytes": 6}),
            Step(
                "latest of prod",
                {**here, "backup": "latest", "environment_name": "prod"},
                returns={"backups": [shown(prod)]},
            ),
            Step(
                "whatever it is of",
                {**here, "backup": other.id, "database": "convosphere"},
                returns={"backups": [shown(other)]},
            ),
            Step(
                "nothing",
                {"backup_dir": str(directory / "none")},
                returns={"backups": [], "foreign": [], "bytes": 0, "bytes_free": None},
            ),
        ],
    )


def test_only_the_progress_of_a_running_backup_is_reported(run_steps, directory):
    directory.mkdir()
    state = {"backup": "convosphere-20261123T120000Z", "step": "database", "bytes": 5}
    (directory / ".progress.json").write_text(json.dumps(state))
    here = {"backup_dir": str(directory)}
    with locks.locked(directory / ".lock", "it"):
        run_steps(MODULE, [Step("under way", here, returns={"in_progress": state})])
    run_steps(MODULE, [Step("killed", here, returns={"in_progress": None})])


def test_the_examples_do_what_they_say(run_playbook, directory):
    now = datetime.now(UTC).replace(microsecond=0)
    put_backup(directory, now - 3 * DAY, verified=VERIFIED)
    put_backup(directory, now - 3 * DAY - timedelta(hours=1))
    put_backup(directory, now)
    text = rendered_docs()[MODULE]["examples"].replace("/var/backups/convosphere/prod", str(directory))
    examples = yaml.safe_load(text.replace("keep_daily: 7", "keep_daily: 1").replace("keep_weekly: 5", ""))

    run = run_playbook(examples[:2]).succeeded()
    assert len(run.task("Show the backups that would be deleted").result["msg"]) == 1
    assert "Assertion failed" in run_playbook(examples).failures[0].message

    put_backup(directory, now - DAY, verified=VERIFIED)
    run_playbook(examples).succeeded()
