# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from support.law import Case, Refused, Step

MODULE = "convosphere_config_override"
LATER = "2126-01-01T00:00:00Z"


def stack(folder: Path) -> dict[str, Any]:
    """Create the directory of a stack, and return the options that name it."""
    folder.mkdir()
    (folder / ".convosphere.json").write_text(json.dumps({"environment": "dev"}))
    return {"environment_name": "dev", "project_src": str(folder)}


def recorded(value: Any, until: str = LATER) -> dict[str, Any]:
    return {"value": value, "reason": "Uploads fail.", "by": "ada", "at": "2026-01-01T00:00:00Z", "until": until}


def write(folder: Path, **overrides: Any) -> None:
    (folder / "overrides.json").write_text(json.dumps({"overrides": overrides}))


@pytest.mark.law
def test_law(run_law, tmp_path):
    place = stack(tmp_path / "stack")
    ports = {"set": {"SMTP_PORT": 25}, "reason": "Uploads fail.", "expires": "4h", "set_by": "ada"}
    fields = {"value": 25, "reason": "Uploads fail.", "by": "ada", "at": ANY, "until": ANY}
    shown = {"name": "SMTP_PORT", **fields, "active": True}
    record, long_ago = f"{place['project_src']}/overrides.json", json.dumps({"overrides": {"SMTP_PORT": recorded(25)}})
    run_law(
        MODULE,
        cases=[
            Case(
                "create",
                {**place, **ports},
                diff={"before": {}, "after": {"SMTP_PORT": fields}},
                returns={"overrides": [shown]},
            ),
            Case(
                "change",
                {**place, **ports, "set": {"SMTP_PORT": 26}},
                diff={
                    "before": {"SMTP_PORT": {"value": 25, "at": ANY, "until": ANY}},
                    "after": {"SMTP_PORT": {"value": 26, "at": ANY, "until": ANY}},
                },
                returns={"overrides": [{**shown, "value": 26}]},
                setup=[{"name": "Set it long ago", "ansible.builtin.copy": {"content": long_ago, "dest": record}}],
            ),
            Case(
                "remove",
                {**place, "unset": ["SMTP_PORT", "NOTHING"]},
                diff={"before": {"SMTP_PORT": {**fields, "value": 26}}, "after": {}},
                returns={"overrides": []},
            ),
        ],
        refused=[
            Refused("no reason", {**place, **ports, "reason": ""}, "reason is empty: say why"),
            Refused("no end", {**place, **ports, "expires": ""}, "expires is missing"),
            Refused("no period", {**place, **ports, "expires": "soon"}, "expires is 'soon': give a number of minutes"),
            Refused("too long", {**place, **ports, "expires": "31d"}, "of at most 30 days"),
            Refused("no name", {**place, **ports, "set": {"A B": 1}}, "'A B' cannot be the name"),
            Refused("both", {**place, **ports, "unset": ["SMTP_PORT"]}, "SMTP_PORT is in both set and unset"),
            Refused("another environment", {**place, "environment_name": "prod"}, "belongs to the environment dev"),
        ],
    )


def test_the_record_is_private_and_removed_with_the_last_override(run_steps, tmp_path):
    folder = tmp_path / "stack"
    options = {**stack(folder), "reason": "Uploads fail.", "expires": "4h"}
    record = folder / "overrides.json"

    run_steps(MODULE, [Step("set", {**options, "set": {"LOG_LEVEL": "DEBUG"}}, changed=True)])

    assert f"{record.stat().st_mode & 0o7777:o}" == "600"
    assert json.loads(record.read_text())["overrides"]["LOG_LEVEL"]["value"] == "DEBUG"
    run_steps(MODULE, [Step("unset", {**options, "unset": ["LOG_LEVEL"]}, changed=True)])
    assert not record.exists()


def test_any_run_removes_what_has_expired_and_keeps_the_rest(run_steps, tmp_path):
    folder = tmp_path / "stack"
    options = stack(folder)
    write(folder, OLD=recorded("x", until="2026-01-02T00:00:00Z"), NEW=recorded("y"))
    rest = [{"name": "NEW", **recorded("y"), "active": True}]

    run_steps(MODULE, [Step("nothing", options, changed=True, returns={"overrides": rest})])

    assert list(json.loads((folder / "overrides.json").read_text())["overrides"]) == ["NEW"]


def test_a_record_that_is_none_is_named(run_steps, tmp_path):
    folder = tmp_path / "stack"
    options = stack(folder)
    (folder / "overrides.json").write_text("[1]")

    run_steps(MODULE, [Step("broken", options, fails=f"{folder}/overrides.json is no record of overrides")])


def test_a_change_is_kept_beside_what_was_before_until_its_deploy_has_succeeded(run_steps, tmp_path):
    folder = tmp_path / "stack"
    options = stack(folder)
    write(folder, OLD=recorded("x"), PAST=recorded("y", until="2026-01-02T00:00:00Z"))
    before = json.loads((folder / "overrides.json").read_text())
    change = {**options, "set": {"NEW": 1}, "reason": "Uploads fail.", "expires": "4h", "phase": "begin"}
    begun = {"overrides before": ["OLD", "PAST"]}

    def now() -> tuple[list[str], list[str]]:
        found = json.loads((folder / "overrides.json").read_text())
        return list(found["overrides"]), list(found.get("before", ()))

    diff = {"before": {"PAST": ANY}, "after": {"NEW": ANY, "change in progress": begun}}
    run_steps(MODULE, [Step("begin", change, changed=True, diff=diff), Step("begin again", change, changed=False)])
    assert now() == (["NEW", "OLD"], ["OLD", "PAST"])

    second = {**change, "set": {"MORE": 2}}
    run_steps(MODULE, [Step("begin another, after a killed run", second, changed=True)])
    assert now() == (["MORE", "NEW", "OLD"], ["OLD", "PAST"])

    abandon = {**options, "phase": "abandon"}
    (folder / "releases/current").mkdir(parents=True)
    (folder / "releases/current/compose.yaml").write_text("services: {}\n")
    (folder / "compose.yaml").write_text("services: {backend: {}}\n")
    run_steps(MODULE, [Step("the new settings serve", abandon, changed=False)])
    (folder / "compose.yaml").write_text("services: {}\n")
    run_steps(MODULE, [Step("abandon", abandon, changed=True), Step("again", abandon, changed=False)])
    assert json.loads((folder / "overrides.json").read_text()) == before

    complete = {**options, "phase": "complete", "unset": ["PAST"]}
    run_steps(MODULE, [Step("begin", change, changed=True), Step("complete", complete, changed=True)])
    run_steps(MODULE, [Step("complete again", complete, changed=False)])
    assert now() == (["NEW", "OLD"], [])


def test_an_override_that_expires_during_its_deploy_is_not_forgotten(run_steps, tmp_path):
    folder = tmp_path / "stack"
    options = stack(folder)
    past = recorded("x", until="2026-01-02T00:00:00Z")
    (folder / "overrides.json").write_text(json.dumps({"overrides": {"SHORT": past}, "before": {}}))

    run_steps(MODULE, [Step("complete", {**options, "phase": "complete"}, changed=True)])

    assert json.loads((folder / "overrides.json").read_text()) == {"overrides": {"SHORT": past}}
