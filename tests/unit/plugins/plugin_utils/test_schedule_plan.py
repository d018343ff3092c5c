# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils._schedule_plan import Run, missing_day, plan
from ansible_collections.convosphere.platform.plugins.plugin_utils._schedule_times import read

SYSTEMD = Run("prod", "systemd", "/venv/bin/ansible-playbook", ("--inventory=/etc/hosts",), "ansible")
NIGHTLY = {"name": "nightly", "verb": "maintenance", "every": "day", "at": "01:30"}
TODAY = date(2026, 12, 1)


def problems(*declared: Any, run: Run = SYSTEMD) -> str:
    return " ".join(plan(list(declared), run, TODAY)["problems"])


def test_a_schedule_carries_its_environment_its_limit_and_its_check_flag():
    declared = {**NIGHTLY, "variables": {"steps": ["backup", "verify"]}, "limit": "prod-1", "check": True}

    found = plan([declared], SYSTEMD, TODAY)

    assert found["problems"] == []
    assert found["schedules"] == [
        {
            "name": "nightly",
            "verb": "maintenance",
            "description": "ConvoSphere prod: Run the nightly steps.",
            "variables": {"env": "prod", "steps": ["backup", "verify"]},
            "limit": "prod-1",
            "check": True,
            "command": [
                "/venv/bin/ansible-playbook",
                "maintenance.yml",
                "--inventory=/etc/hosts",
                "--extra-vars",
                '{"env": "prod", "steps": ["backup", "verify"]}',
                "--limit",
                "prod-1",
                "--check",
            ],
            "calendar": "*-*-* 01:30:00 UTC",
            "cron": "30 1 * * *",
            "rule": "DTSTART:20260101T013000Z RRULE:FREQ=DAILY;INTERVAL=1",
        }
    ]
    assert [sorted(timer) for timer in found["timers"]] == [["calendar", "command", "cron", "description", "name"]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Nightly run"}, "name is 'Nightly run'. Allowed: at most 41 lower case letters"),
        ({"verb": "restore"}, "verb is 'restore', which only a person starts. Allowed: audit, backup,"),
        ({"verb": "help"}, "verb is 'help', which only a person starts"),
        ({"verb": "maintenence"}, "verb is 'maintenence'. Allowed: audit, backup,"),
        ({"evry": "day"}, "there is no key evry. Allowed: name, verb, every"),
        ({"variables": "steps=backup"}, "variables is not a dictionary"),
        ({"variables": {"env": "dev"}}, "which is always the environment that declares the schedule"),
        ({"variables": {"stpes": ["backup"]}}, "There is no variable 'stpes', but the parameter 'steps'"),
        ({"variables": {"steps": ["bakcup"]}}, "The value of the parameter steps is 'bakcup'"),
        ({"verb": "edge_maintenance"}, "The parameter state is required, for example -e state=on"),
        ({"variables": {1: "a"}}, "variables names 1, which is no text. Quote it"),
        ({"variables": {"own": date(2026, 12, 1)}}, "variables: own is 2026-12-01, of the type date. Quote it"),
        ({"variables": {"stack_secrets": {"SECRET_KEY": "planted"}}}, "its command line would have a secret"),
        ({"variables": {"database_login_password": "planted"}}, "its command line would have a secret"),
        ({"limit": "a\nb"}, "limit is 'a\\nb'"),
        ({"limit": "--diff"}, "limit is '--diff'"),
        ({"check": "yes"}, "check is 'yes'. Allowed: true or false"),
        ({"timezone": "Europe/Berlln"}, "timezone is 'Europe/Berlln', which the tz database does not have"),
        ({"until": "2028-01-01T00:00:00Z"}, "until is given, and systemd runs a schedule until it is removed"),
        ({"rule": "X"}, "rule is given, and every, at as well"),
    ],
)
def test_what_would_fail_at_night_is_refused_by_day(changes, message):
    assert message in problems({**NIGHTLY, **changes})


def test_a_secret_is_no_argument_and_a_file_with_one_is():
    typed = Run("prod", "cron", arguments=("-e", "ansible_become_password=planted"), user="ansible")
    filed = Run("prod", "cron", arguments=("--vault-password-file=/home/ansible/.vault",), user="ansible")
    policy = {"users_update_password": "on_create", "maintenance_secret_max_age": 30}

    assert "its command line would have a secret" in problems(NIGHTLY, run=typed)
    assert "planted" not in problems(NIGHTLY, run=typed)
    assert problems({**NIGHTLY, "variables": policy}, run=filed) == ""


def test_a_rule_is_checked_and_is_for_awx_only():
    declared = {"name": "n", "verb": "health", "rule": "DTSTART:20260101T013000Z RRULE:FREQ=DAILY"}

    assert "scheduler_backend is systemd. Write every and at" in problems(declared)
    assert problems(declared, run=Run("prod", "awx")) == (
        "scheduler_schedules, 'n': rule: each rule needs an INTERVAL, a number from 1."
    )


def test_awx_takes_an_end_in_utc():
    declared = {**NIGHTLY, "until": "2028-01-01T00:00:00Z"}

    (found,) = plan([declared], Run("prod", "awx"), TODAY)["schedules"]

    assert found["rule"].endswith(";UNTIL=20280101T000000Z")
    assert "until is '2028-01-01'" in problems({**NIGHTLY, "until": "2028-01-01"}, run=Run("prod", "awx"))


def test_cron_refuses_a_time_zone():
    assert "cron runs at the local time" in problems(
        {**NIGHTLY, "timezone": "Europe/Berlin"}, run=Run("prod", "cron", user="ansible")
    )


def test_a_name_is_given_once():
    assert problems(NIGHTLY, NIGHTLY) == "scheduler_schedules names 'nightly' 2 times: each name is allowed once."


@pytest.mark.parametrize("declared", ["nightly", {"name": "x"}, [1]])
def test_what_is_no_schedule_is_refused(declared):
    assert plan(declared, SYSTEMD, TODAY)["problems"]


def test_a_user_and_a_known_backend_are_needed():
    assert "scheduler_user is empty" in problems(NIGHTLY, run=Run("prod", "systemd"))
    assert "scheduler_backend is 'at'. Allowed: awx, systemd, cron." in problems(NIGHTLY, run=Run("prod", "at"))


def test_a_time_that_a_change_of_the_clocks_skips_is_noted():
    declared = {**NIGHTLY, "at": "02:30", "timezone": "Europe/Berlin"}

    assert plan([declared], SYSTEMD, TODAY)["notes"] == [
        "nightly: 02:30 does not exist on 2027-03-28 in Europe/Berlin, when the clocks are changed. It is skipped on"
        " that day, if it is due."
    ]
    assert missing_day(read({**declared, "at": "01:30"}), TODAY) is None
    assert missing_day(read(NIGHTLY), TODAY) is None
