#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_report_info
short_description: List the reports of maintenance runs, and read one of them
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Returns the reports that M(convosphere.platform.convosphere_report) wrote, oldest first.
  - With O(content) also the text of one of them.
extends_documentation_fragment:
  - convosphere.platform.attributes.info
options:
  environment_name:
    description: The name of the environment. Reports of other environments are ignored.
    type: str
    required: true
  reports_dir:
    description: The directory of the reports. One that does not exist has none.
    type: path
    required: true
  run:
    description: The id of the run whose report is read. If not given, the newest one.
    type: str
  content:
    description: Whether to return the text of that report.
    type: bool
    default: false
seealso:
  - module: convosphere.platform.convosphere_report
"""

EXAMPLES = r"""
- name: Read the newest report of prod
  convosphere.platform.convosphere_report_info:
    environment_name: prod
    reports_dir: /var/log/convosphere/prod.reports
    content: true
  register: found

- name: Show the verdicts of all reports
  ansible.builtin.debug:
    msg: "{{ found.reports | map(attribute='line') }}"
"""

RETURN = r"""
reports:
  description: The reports, oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    run:
      description: The id of the run.
      type: str
      sample: "4711"
    started:
      description: When the run began, in UTC.
      type: str
      sample: "2026-11-30T01:30:00Z"
    ended:
      description: When it ended.
      type: str
      sample: "2026-11-30T01:38:12Z"
    status:
      description: V(well), V(attention) or V(failed).
      type: str
      sample: well
    line:
      description: The verdict in one line.
      type: str
      sample: "prod is well: 8 steps done"
    html:
      description: The path of the page.
      type: str
      sample: /var/log/convosphere/prod.reports/4711.html
    json:
      description: The path of the document.
      type: str
      sample: /var/log/convosphere/prod.reports/4711.json
report:
  description: The report that was read, with the values of RV(reports), and the texts C(html_content), C(json_content).
  returned: if O(content)
  type: dict
"""

from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._operations.report import listing


class ReportInfoModule(InfoModule):
    """The reports of one environment."""

    argument_spec = {
        "environment_name": {"type": "str", "required": True},
        "reports_dir": {"type": "path", "required": True},
        "run": {"type": "str"},
        "content": {"type": "bool", "default": False},
    }

    def report(self) -> dict[str, Any]:
        """Return the reports."""
        return listing.report(self.params)


def main() -> None:
    ReportInfoModule.main()


if __name__ == "__main__":
    main()
