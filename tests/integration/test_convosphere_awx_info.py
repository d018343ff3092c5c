# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from support.awx_server import PASSWORD, USER, awx_server
from support.law import Refused

RULE = "DTSTART;TZID=Europe/Berlin:20260101T013000 RRULE:FREQ=DAILY;INTERVAL=1"
NEVER = "DTSTART;TZID=Europe/Berlin:20260101T013000 RRULE:FREQ=MONTHLY;INTERVAL=1;BYDAY=MO,2SU"
REFUSED = "DTSTART;TZID=Europe/Berlin:20260101T013000 RRULE:FREQ=DAILY"


@pytest.mark.law
def test_law(run_info_law):
    # AWX itself is replaced by a contract server.
    with awx_server(["playbooks/health.yml"]) as (address, awx):
        organization = awx.create("organizations", {"name": "ConvoSphere"})["id"]
        project = awx.create("projects", {"name": "ConvoSphere", "organization": organization, "scm_type": "git"})["id"]
        awx.synchronise(project)
        awx.create("inventories", {"name": "ConvoSphere prod", "organization": organization, "description": "d"})
        awx.create("inventories", {"name": "ConvoSphere prod-eu", "organization": organization})
        options = {
            "controller_host": address,
            "controller_username": USER,
            "controller_password": PASSWORD,
            "prefix": "ConvoSphere prod",
            "organization": "ConvoSphere",
            "project": "ConvoSphere",
        }
        (machine,) = awx.find("credential_types", name="Machine")
        fields = {
            "organization": organization,
            "credential_type": machine["id"],
            "inputs": {"username": "ops", "password": "x"},
        }
        awx.create("credentials", {"name": "ConvoSphere prod ssh", "description": "d", **fields})
        empty = ("execution_environments", "inventory_sources", "job_templates", "workflow_job_templates", "schedules")
        shown = {
            "organization": "ConvoSphere",
            "scm_type": "git",
            "scm_url": "",
            "scm_branch": "",
            "credential": "",
            "description": "",
            "synchronised": True,
        }
        objects = {
            "organizations": {"ConvoSphere": {}},
            "projects": {"ConvoSphere": shown},
            "inventories": {"ConvoSphere prod": {"description": "d", "organization": "ConvoSphere"}},
            "credentials": {
                "ConvoSphere prod ssh": {
                    "description": "d",
                    "organization": "ConvoSphere",
                    "credential_type": "Machine",
                    "inputs": {"username": "ops", "password": "$encrypted$"},
                }
            },
            **{kind: {} for kind in (*empty, "credential_types", "notification_templates")},
        }
        run = run_info_law(
            "convosphere_awx_info",
            {**options, "rules": [RULE, NEVER, REFUSED]},
            returns={"objects": objects},
            refused=[
                Refused(
                    "password", {**options, "controller_password": "planted-wrong"}, "Check the token, or the user"
                ),
                Refused("address", {**options, "controller_host": "http://127.0.0.1:9"}, "Cannot reach AWX at"),
            ],
        )
        found = run.task("read").result["previews"]
        assert len(found[RULE]["utc"]) == 3
        assert found[NEVER] == {"utc": [], "error": ""}
        assert "INTERVAL required" in found[REFUSED]["error"]
        assert awx.writes == []
