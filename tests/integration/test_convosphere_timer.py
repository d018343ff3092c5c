# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any
from unittest.mock import ANY

import pytest

from support.law import Case, Refused

MODULE = "convosphere_timer"
NIGHTLY: dict[str, Any] = {
    "name": "nightly",
    "description": "The nightly run",
    "cron": "30 1 * * *",
    "command": ["/bin/ansible-playbook", "maintenance.yml", "--extra-vars", '{"env": "prod"}'],
}
HEADER = [
    "# Written by the role scheduler of convosphere.platform: changes are lost.",
    "# X-ConvoSphere-Environment=prod",
    "SHELL=/bin/sh",
]
LINES = [
    *HEADER,
    "# nightly: The nightly run",
    '30 1 * * * ansible cd /srv && exec /bin/ansible-playbook maintenance.yml --extra-vars \'{"env": "prod"}\'',
]


@pytest.mark.law
def test_law(run_law, tmp_path):
    # With cron, which needs no more than a directory. tests/integration/test_playbook_schedules.py has systemd.
    path = str(tmp_path / "convosphere-prod")
    options = {
        "environment_name": "prod",
        "method": "cron",
        "user": "ansible",
        "working_directory": "/srv",
        "directory": str(tmp_path),
        "timers": [NIGHTLY],
    }
    weekly = {**NIGHTLY, "name": "weekly", "cron": "0 4 * * 7"}
    later = [*HEADER, "# nightly: The nightly run", LINES[-1].replace("30 1", "0 3")]
    (tmp_path / "convosphere-other").write_text("# of another origin\n")
    run_law(
        MODULE,
        cases=[
            Case(
                "create",
                options,
                diff={"before": {}, "after": {path: {"lines": LINES}}},
                returns={"timers": ["nightly"], "removed": [], "next_runs": {}},
            ),
            Case(
                "change",
                {**options, "timers": [{**NIGHTLY, "cron": "0 3 * * *"}]},
                diff={"before": {path: {"lines": LINES}}, "after": {path: {"lines": later}}},
            ),
            Case(
                "absent",
                {"environment_name": "prod", "method": "cron", "directory": str(tmp_path), "state": "absent"},
                diff={"before": {path: {"lines": later}}, "after": {}},
                returns={"timers": [], "removed": [path]},
            ),
            Case(
                "two",
                {**options, "timers": [NIGHTLY, weekly]},
                diff={"before": {}, "after": ANY},
                returns={"timers": ["nightly", "weekly"]},
            ),
            Case(
                "none in the list",
                {**options, "timers": []},
                diff={"before": ANY, "after": {}},
                returns={"timers": [], "removed": [path]},
            ),
        ],
        refused=[
            Refused("twice", {**options, "timers": [NIGHTLY, NIGHTLY]}, "nightly is named twice"),
            Refused("no times", {**options, "timers": [{**NIGHTLY, "cron": ""}]}, "nightly has no cron"),
            Refused("line", {**options, "user": "a\nb"}, "has a line break"),
            Refused("two words", {**options, "user": "root sh"}, "user is 'root sh': give the name of one user"),
            Refused("line of times", {**options, "timers": [{**NIGHTLY, "cron": "* *\n"}]}, "has a line break"),
            Refused("path", {**options, "timers": [{**NIGHTLY, "name": "../x"}]}, "the name '../x' is not allowed"),
            Refused("dot", {**options, "environment_name": "prod.eu"}, "cron reads no file whose name has a dot"),
            Refused("foreign", {**options, "environment_name": "other"}, "is not of this collection"),
            Refused("directory", {**options, "directory": str(tmp_path / "no")}, "Install cron"),
            Refused("user", {key: options[key] for key in options if key != "user"}, "missing: user"),
        ],
    )
    assert (tmp_path / "convosphere-other").read_text() == "# of another origin\n"
