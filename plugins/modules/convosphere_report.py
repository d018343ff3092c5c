#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_report
short_description: Write the report and the metrics of a maintenance run
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Writes one page of HTML, which loads nothing and runs nothing, and the same as JSON, into a directory with a bounded
    number of reports. Optionally writes metrics for the textfile collector of node_exporter.
  - Reads the backups, the ages of secrets, the overrides and the database itself. A part that cannot be read is a
    finding of the report, not an error.
  - Continues what the last report has, such as the sizes of backups that are deleted meanwhile, and names who became an
    administrator since.
  - Run it on the host of the database.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.ownership
  - convosphere.platform.attributes
options:
  project_src:
    description: The directory of the stack, C(/opt/convosphere/<environment>).
    type: path
    required: true
  backup_dir:
    description: The directory of the backups.
    type: path
    required: true
  reports_dir:
    description:
      - The directory of the reports. It is created with the mode 0700.
      - Reports name administrators. Their files have the mode 0640.
    type: path
    required: true
  reports_kept:
    description:
      - The number of reports to keep, with the new one. Older ones of the same environment are removed, and no other
        file.
    type: int
    default: 90
  metrics_file:
    description:
      - The file of the metrics, in the directory that node_exporter reads; it ends with C(.prom). It has no secret and
        no name of a person, and the mode 0644, which node_exporter needs.
      - If not given, no metrics are written.
    type: path
  rto_target:
    description: The number of seconds that a recovery may take. If a measured one takes longer, it is a finding.
    type: int
    default: 0
  rpo_target:
    description:
      - The number of seconds of data that a recovery may lose. The longest period without a newer verified backup is
        compared with it, of the last two.
    type: int
    default: 0
  expires_within:
    description: The number of days within which certificates, secrets, overrides and backups that end are listed.
    type: int
    default: 30
  retention:
    description: The retention policy of the backups, to know when one of them ends by its age.
    type: dict
    suboptions:
      keep_last:
        description: The number of the last backups.
        type: int
      keep_daily:
        description: The number of days.
        type: int
      keep_weekly:
        description: The number of weeks.
        type: int
      keep_monthly:
        description: The number of months.
        type: int
      keep_within:
        description: A period such as V(30d).
        type: str
  run:
    description: The run that is reported.
    type: dict
    required: true
    suboptions:
      id:
        description: Its id, the name of the files of the report.
        type: str
        required: true
      started:
        description: When it began, in UTC.
        type: str
        required: true
      ended:
        description: When it ended, in UTC. All ages in the report are those of this time.
        type: str
        required: true
      operator:
        description: Who ran it.
        type: str
        default: ""
      left_out:
        description: The steps that were not selected for it.
        type: list
        elements: str
        default: []
      partial:
        description:
          - Whether it was without a step, or a host, of a full night.
          - Then the metrics keep the results of the other steps and hosts from earlier runs, and the time of the last
            full run.
        type: bool
        default: false
  hosts:
    description: The hosts of the environment.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The name of the host.
        type: str
        required: true
      steps:
        description:
          - The results of its steps, each with C(step), C(status), C(seconds), C(message), and optionally C(data).
          - If not given, the host has no result, which is a finding.
        type: list
        elements: dict
      services:
        description: Its services, as M(convosphere.platform.convosphere_service_info) returns them.
        type: list
        elements: dict
        default: []
      problem:
        description: Why its services could not be read.
        type: str
        default: ""
seealso:
  - module: convosphere.platform.convosphere_report_info
  - module: convosphere.platform.convosphere_service_info
"""

EXAMPLES = r"""
- name: Report the night of prod
  convosphere.platform.convosphere_report:
    environment_name: prod
    project_src: /opt/convosphere/prod
    backup_dir: /var/backups/convosphere/prod
    reports_dir: /var/log/convosphere/prod.reports
    metrics_file: /var/lib/node_exporter/convosphere-prod.prom
    rto_target: 3600
    login_env_file: /opt/convosphere/prod/.env
    run:
      id: "4711"
      started: "2026-11-30T01:30:00Z"
      ended: "2026-11-30T01:38:12Z"
    hosts:
      - name: prod-1
        steps:
          - {step: backup, status: changed, seconds: 13.7, message: created}
  register: written

- name: Show the verdict
  ansible.builtin.debug:
    msg: "{{ written.verdict.line }}"
"""

RETURN = r"""
verdict:
  description: The verdict of the report; in check mode of what is there now, without the backup of a real run.
  returned: success
  type: dict
  contains:
    status:
      description: V(well), V(attention) or V(failed).
      type: str
      sample: attention
    line:
      description: One line.
      type: str
      sample: "prod needs attention: /var on prod-1 is full in 9 days"
findings:
  description: What needs attention, the worst first, each with C(severity), C(subject) and C(text).
  returned: success
  type: list
  elements: dict
  sample:
    - {"severity": "attention", "subject": "disk", "text": "/var on prod-1 is full in 9 days"}
json:
  description: The path of the document.
  returned: success
  type: str
  sample: /var/log/convosphere/prod.reports/4711.json
html:
  description: The path of the page.
  returned: success
  type: str
  sample: /var/log/convosphere/prod.reports/4711.html
metrics_file:
  description: The path of the metrics; null without them.
  returned: success
  type: str
  sample: /var/lib/node_exporter/convosphere-prod.prom
removed:
  description: The ids of the runs whose reports were removed, oldest first; in check mode the predicted ones.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.convosphere.platform.plugins.module_utils._backup.retention import RETENTION_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._host.environment_directory import (
    ENVIRONMENT_OPTION,
)
from ansible_collections.convosphere.platform.plugins.module_utils._operations.report.run import ReportRun
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import DATABASE_OPTIONS

RUN = {
    "id": {"type": "str", "required": True},
    "started": {"type": "str", "required": True},
    "ended": {"type": "str", "required": True},
    "operator": {"type": "str", "default": ""},
    "left_out": {"type": "list", "elements": "str", "default": []},
    "partial": {"type": "bool", "default": False},
}
HOST = {
    "name": {"type": "str", "required": True},
    "steps": {"type": "list", "elements": "dict"},
    "services": {"type": "list", "elements": "dict", "default": []},
    "problem": {"type": "str", "default": ""},
}


class ReportModule(ConvosphereModule):
    """The report of one run."""

    argument_spec = {
        **DATABASE_OPTIONS,
        **ENVIRONMENT_OPTION,
        "project_src": {"type": "path", "required": True},
        "backup_dir": {"type": "path", "required": True},
        "reports_dir": {"type": "path", "required": True},
        "reports_kept": {"type": "int", "default": 90},
        "metrics_file": {"type": "path"},
        "rto_target": {"type": "int", "default": 0},
        "rpo_target": {"type": "int", "default": 0},
        "expires_within": {"type": "int", "default": 30},
        "retention": {"type": "dict", "options": RETENTION_OPTIONS},
        "run": {"type": "dict", "required": True, "options": RUN},
        "hosts": {"type": "list", "elements": "dict", "required": True, "options": HOST},
    }
    least = {"reports_kept": 1}
    may_be_empty = frozenset({"run.operator", "hosts.problem"})

    def build(self) -> Work:
        """Return the run."""
        return ReportRun(self.invocation)


def main() -> None:
    ReportModule.main()


if __name__ == "__main__":
    main()
