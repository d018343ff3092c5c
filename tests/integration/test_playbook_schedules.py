# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schedules of an environment by timers of systemd, and by cron.

The controller is a container with systemd. Its ansible-playbook is replaced by a program that records its arguments:
what the playbooks do is the subject of other tests. The host of the environment does not exist: no schedule touches it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.environment import PLACEMENTS, wait_until
from support.playbook import ROOT, PlaybookRun, run_playbook
from support.systemd_host import SystemdHost, systemd_host

PLAYBOOK = ROOT / "playbooks/schedules.yml"
UNITS = "/etc/systemd/system"
NIGHTLY = {
    "name": "nightly",
    "verb": "maintenance",
    "every": "day",
    "at": "01:30",
    "timezone": "Europe/Berlin",
    "variables": {"steps": ["backup", "verify"]},
}
REPORT = {"name": "report", "verb": "logs", "every": "week", "weekday": "sunday", "at": "04:00", "limit": "prod-1"}
#: With everything that systemd or a shell could take for its own.
PATTERN = 'it\'s "50 %h" of $HOME; `id` \\n'
RECORDER = """#!/usr/bin/python3
import json, os, pathlib, sys
record = {"arguments": sys.argv[1:], "user": os.getuid(), "folder": os.getcwd()}
with open("/var/tmp/runs", "a") as file:
    file.write(json.dumps(record) + "\\n")
"""


class Controller:
    """The machine with its timers, and runs of schedules.yml for it."""

    def __init__(self, host: SystemdHost, folder: Path) -> None:
        self.host = host
        self.folder = folder
        self.inventory = folder / "hosts.yml"

    def run(self, schedules: Any, *, check: bool = False, diff: bool = False, **given: Any) -> PlaybookRun:
        """Run the playbook for prod; `given` are extra variables."""
        variables = {
            "convosphere_environment": "prod",
            "scheduler_schedules": schedules,
            "scheduler_user": "ansible",
            "scheduler_controller": "control-1",
            "scheduler_program": "/usr/local/bin/recorder",
            "scheduler_directory": "/srv/convo sphere",
        }
        control = {
            "ansible_connection": "community.docker.docker",
            "ansible_host": self.host.name,
            "ansible_python_interpreter": "/usr/bin/python3",
        }
        groups = {
            "prod": {"hosts": {"prod-1": {"ansible_host": "192.0.2.1"}}, "vars": variables},
            "ungrouped": {"hosts": {"control-1": control}},
            **{name: {"hosts": {"prod-1": {}}} for name in PLACEMENTS},
        }
        self.inventory.write_text(yaml.safe_dump(groups))
        extra_vars = {"env": "prod", **given}
        return run_playbook(
            PLAYBOOK, self.folder, inventory=self.inventory, extra_vars=extra_vars, check=check, diff=diff
        )

    def units(self) -> dict[str, str]:
        """Return all files of timers and services, and what systemd says of the timers."""
        found = self.host.run("sh", "-c", f"cd {UNITS}; grep -s '' convosphere-* /etc/cron.d/* || true")
        listed = self.host.run("systemctl", "list-timers", "--all", "--no-legend", "convosphere-*")
        return {"files": found, "timers": "\n".join(line.split()[-2] for line in listed.splitlines())}

    def records(self) -> list[dict[str, Any]]:
        """Return the runs of the recorder."""
        text = self.host.run("sh", "-c", "cat /var/tmp/runs 2>/dev/null || true")
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def controller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    folder = tmp_path_factory.mktemp("schedules")
    with systemd_host(folder) as host:
        host.write("/usr/local/bin/recorder", RECORDER, "0755")
        host.run("mkdir", "-p", "/srv/convo sphere", "/etc/cron.d")
        yield Controller(host, folder)


def test_check_mode_predicts_the_first_run_and_the_second_changes_nothing(controller):
    before = controller.units()

    check = controller.run([NIGHTLY, REPORT], check=True, diff=True).succeeded()
    assert controller.units() == before

    first = controller.run([NIGHTLY, REPORT], diff=True).succeeded()
    again = controller.run([NIGHTLY, REPORT]).succeeded()

    assert (check.changed, first.changed, again.changed) == (1, 1, 0)
    assert check.task("Apply the timers").diff == first.task("Apply the timers").diff
    assert "OnCalendar=*-*-* 01:30:00 Europe/Berlin" in first.output
    assert controller.units()["timers"].split() == ["convosphere-prod-nightly.timer", "convosphere-prod-report.timer"]
    assert first.task("Report the timers").result["msg"][0].startswith("nightly  next: ")


def test_a_scheduled_run_carries_its_environment_as_the_named_user(controller):
    controller.run([{**REPORT, "variables": {"pattern": PATTERN}, "check": True}]).succeeded()

    controller.host.run("systemctl", "start", "convosphere-prod-report.service")

    (record,) = controller.records()
    command = [
        "logs.yml",
        "--extra-vars",
        json.dumps({"env": "prod", "pattern": PATTERN}),
        "--limit",
        "prod-1",
        "--check",
    ]
    assert record["arguments"] == command
    assert str(record["user"]) == controller.host.run("id", "-u", "ansible").strip()
    assert record["folder"] == "/srv/convo sphere"


def test_what_leaves_the_list_is_removed_and_other_units_stay(controller):
    controller.run([NIGHTLY, REPORT]).succeeded()
    controller.host.write(f"{UNITS}/convosphere-prod-mine.timer", "[Timer]\nOnCalendar=daily\n")
    controller.host.write(
        f"{UNITS}/convosphere-prod-eu-x.timer", "[Unit]\nX-ConvoSphere-Environment=prod-eu\n[Timer]\n"
    )

    run = controller.run([NIGHTLY]).succeeded()

    assert run.task("Apply the timers").result["removed"] == ["convosphere-prod-report"]
    files = controller.units()["files"]
    assert "convosphere-prod-report" not in files
    assert "convosphere-prod-mine.timer:OnCalendar=daily" in files
    assert "convosphere-prod-eu-x.timer:[Timer]" in files
    for name, owner in (("mine", "not of this collection"), ("eu-x", "of the environment prod-eu")):
        refused = controller.run([NIGHTLY, {**REPORT, "name": name}])
        assert refused.rc == 2
        assert f"convosphere-prod-{name}.timer is {owner}" in refused.failures[0].message
        assert controller.units()["files"] == files


def test_other_times_start_nothing_that_was_due_earlier(controller):
    host = controller.host
    controller.run([{**NIGHTLY, "at": "00:00", "timezone": "UTC"}]).succeeded()
    # The timer ran last a week ago: with its old stamp, any time of the last week would be due at once.
    host.run("touch", "--date=7 days ago", "/var/lib/systemd/timers/stamp-convosphere-prod-nightly.timer")
    before = len(controller.records())

    controller.run([{**NIGHTLY, "at": "00:01", "timezone": "UTC"}]).succeeded()

    state = host.run("systemctl", "show", "--property=ActiveState,SubState", "convosphere-prod-nightly.timer").split()
    assert state == ["ActiveState=active", "SubState=waiting"]
    assert host.run("systemctl", "show", "--property=ActiveState", "convosphere-prod-nightly.service").strip() == (
        "ActiveState=inactive"
    )
    assert len(controller.records()) == before


def test_a_run_that_was_missed_starts_after_the_downtime(controller):
    host, before = controller.host, len(controller.records())
    controller.run([NIGHTLY]).succeeded()
    host.run("systemctl", "stop", "convosphere-prod-nightly.timer")
    host.run("touch", "--date=7 days ago", "/var/lib/systemd/timers/stamp-convosphere-prod-nightly.timer")

    host.run("systemctl", "start", "convosphere-prod-nightly.timer")

    wait_until(lambda: len(controller.records()) == before + 1, "the missed run")


def test_a_timer_that_was_stopped_or_edited_is_repaired(controller):
    controller.run([NIGHTLY]).succeeded()
    controller.host.run("systemctl", "disable", "--now", "convosphere-prod-nightly.timer")
    controller.host.run("sed", "-i", "s/User=ansible/User=root/", f"{UNITS}/convosphere-prod-nightly.service")

    repaired = controller.run([NIGHTLY], diff=True).succeeded()

    before = repaired.task("Apply the timers").diff["before"]["convosphere-prod-nightly"]
    assert (before["enabled"], before["active"], "User=root" in before["service"]) == (False, False, True)
    assert controller.run([NIGHTLY]).succeeded().changed == 0


def test_bad_schedules_are_refused_together_before_anything_changes(controller):
    before = controller.units()

    run = controller.run([{**NIGHTLY, "verb": "teardown"}, {**NIGHTLY, "at": 90}])

    assert run.rc == 2
    assert "verb is 'teardown', which only a person starts" in run.failures[0].message
    assert "Quote it" in run.failures[0].message
    assert controller.units() == before


def test_a_removal_asks_for_a_confirmation_and_removes_only_what_is_of_the_environment(controller):
    controller.run([NIGHTLY]).succeeded()
    before = controller.units()

    refused = controller.run([NIGHTLY], state="absent")
    check = controller.run([NIGHTLY], check=True, state="absent").succeeded()

    assert refused.rc == 2
    assert "This would remove convosphere-prod-nightly. Nothing was changed." in refused.failures[0].message
    assert controller.units() == before
    removed = controller.run([NIGHTLY], state="absent", confirm="prod").succeeded()
    again = controller.run([NIGHTLY], state="absent", confirm="prod").succeeded()
    assert (check.changed, removed.changed, again.changed) == (1, 1, 0)
    assert "convosphere-prod-nightly" not in controller.units()["files"]
    assert "convosphere-prod-mine" in controller.units()["files"]
    assert again.task("Report the timers").result["msg"] == ["prod has no schedules."]


def test_cron_takes_the_same_list_without_a_time_zone(controller):
    local = {key: value for key, value in NIGHTLY.items() if key != "timezone"}

    refused = controller.run([NIGHTLY], scheduler_backend="cron")
    check = controller.run([local], check=True, scheduler_backend="cron").succeeded()
    first = controller.run([local], scheduler_backend="cron").succeeded()
    again = controller.run([local], scheduler_backend="cron").succeeded()

    assert "cron runs at the local time of its machine" in refused.failures[0].message
    assert (check.changed, first.changed, again.changed) == (1, 1, 0)
    text = controller.host.run("cat", "/etc/cron.d/convosphere-prod").splitlines()[-1]
    fields, _user, command = text.partition(" ansible ")
    assert fields == "30 1 * * *"
    controller.host.run("runuser", "-u", "ansible", "--", "sh", "-c", command)
    assert controller.records()[-1]["arguments"][0] == "maintenance.yml"
    controller.run([local], scheduler_backend="cron", state="absent", confirm="prod").succeeded()
    assert "convosphere-prod" not in controller.host.run("ls", "/etc/cron.d").split()
