# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._host.timer_files import (
    Controller,
    cron_file,
    environment_of,
    service_unit,
    timer_unit,
)

CONTROLLER = Controller("prod", "ansible", "/srv/convo sphere", 60, 5, "")
TIMER: dict[str, Any] = {
    "name": "nightly",
    "description": "Runs 100 % of it",
    "calendar": "*-*-* 01:30:00 UTC",
    "cron": "30 1 * * *",
    "command": ["/bin/ansible-playbook", "maintenance.yml", "--extra-vars", '{"a": "$b % \\"c\\" \\\\"}'],
}


def test_a_service_expands_nothing_of_the_command():
    lines = service_unit(TIMER, CONTROLLER).splitlines()

    assert "Description=Runs 100 %% of it" in lines
    assert "WorkingDirectory=/srv/convo sphere" in lines
    assert r'ExecStart=/bin/ansible-playbook maintenance.yml --extra-vars "{\"a\": \"$$b %% \\\"c\\\" \\\\\"}"' in lines
    assert "OnFailure" not in "".join(lines)


def test_a_unit_for_failures_may_name_the_failed_one():
    notifying = Controller("prod", "ansible", "/srv", 60, 5, "notify@%n.service")

    assert "OnFailure=notify@%n.service" in service_unit(TIMER, notifying).splitlines()


def test_a_timer_catches_up_after_a_downtime():
    text = timer_unit(TIMER, CONTROLLER)

    assert "OnCalendar=*-*-* 01:30:00 UTC\nRandomizedDelaySec=5\nPersistent=true\n" in text
    assert environment_of(text) == "prod"


def test_cron_reads_no_percent_sign_as_a_line_break():
    text = cron_file([TIMER], CONTROLLER)

    assert text.splitlines()[-1] == (
        "30 1 * * * ansible cd '/srv/convo sphere' && exec /bin/ansible-playbook maintenance.yml --extra-vars"
        r""" '{"a": "$b \% \"c\" \\"}'"""
    )
    assert environment_of(text) == "prod"


@pytest.mark.parametrize("text", ["", "[Unit]\nDescription=X-ConvoSphere-Environment=prod\n"])
def test_a_unit_of_another_origin_has_no_environment(text):
    assert environment_of(text) is None
