#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_run_info
short_description: List the runs that changed an environment
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Returns the records of runs that M(convosphere.platform.convosphere_run_lock) wrote, oldest first.
  - With O(rows) also the rows of the platform's audit trail that each run wrote. A database that cannot be read is not
    an error; RV(rows_problem) names the reason.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.database.published
  - convosphere.platform.engine
  - convosphere.platform.engine.project
  - convosphere.platform.attributes.info
options:
  runs_file:
    description: The file with the records. A file that does not exist has none.
    type: path
    required: true
  since:
    description: The begin of the period in which a run ended, as a period such as V(7d), or as a time in UTC.
    type: str
  limit:
    description: The number of runs to return, the newest.
    type: int
    default: 100
  rows:
    description: Whether to read the rows that the runs wrote.
    type: bool
    default: false
  changes_shown:
    description: The number of rows to return of each run.
    type: int
    default: 5
seealso:
  - module: convosphere.platform.convosphere_run_lock
"""

EXAMPLES = r"""
- name: List the runs of the last week
  convosphere.platform.convosphere_run_info:
    project_name: convosphere-prod
    runs_file: /var/log/convosphere/prod.runs.jsonl
    since: 7d
  register: found

- name: Show those that failed
  ansible.builtin.debug:
    msg: "{{ found.runs | rejectattr('result', 'eq', 'ok') }}"
"""

RETURN = r"""
runs:
  description: The runs, in the order of their ends.
  returned: success
  type: list
  elements: dict
  contains:
    run:
      description: The id of the run; in AWX the number of the job.
      type: str
      sample: "4711"
    who:
      description: The user who ran it; in AWX the user who started the job.
      type: str
      sample: alice
    what:
      description: The purpose of the run.
      type: str
      sample: deploy.yml of prod
    since:
      description: Its begin, in UTC.
      type: str
      sample: "2026-11-29T10:00:00Z"
    until:
      description: Its end, in UTC; of an interrupted run the latest one.
      type: str
      sample: "2026-11-29T10:00:36Z"
    seconds:
      description: The number of seconds between both.
      type: int
      sample: 36
    result:
      description: V(ok), V(failed), or V(interrupted) for a run that did not release its lock.
      type: str
      sample: ok
    release:
      description: The release that served after the run; null if there was no release, or it is not known.
      type: str
      sample: 20261129T100031123Z
    details:
      description: Further values, for example the steps of a maintenance; or null.
      type: dict
    failures:
      description: The first failures of modules on the host, each with its C(module), C(message) and C(at).
      returned: if a module of this collection failed
      type: list
      elements: dict
    changes:
      description: The first rows of the audit trail that the run wrote, each with C(at) and C(description).
      returned: if O(rows)
      type: list
      elements: dict
    changes_total:
      description: The number of those rows.
      returned: if O(rows)
      type: int
other_changes:
  description:
    - Of each run that wrote rows and has no record the C(run), the first row, and C(changes_total). For example a play
      of your own, that takes no lock.
  returned: success
  type: list
  elements: dict
rows_problem:
  description: Why the rows could not be read; otherwise null.
  returned: success
  type: str
"""

from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._engine import client as engine_client
from ansible_collections.convosphere.platform.plugins.module_utils._engine import project as engine_project
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import DATABASE_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._stack import run_report


class RunInfoModule(InfoModule):
    """The runs of one environment."""

    argument_spec = {
        **DATABASE_OPTIONS,
        **engine_project.PUBLISHED_OPTIONS,
        **engine_client.PROJECT_OPTIONS,
        "runs_file": {"type": "path", "required": True},
        "since": {"type": "str"},
        "limit": {"type": "int", "default": 100},
        "rows": {"type": "bool", "default": False},
        "changes_shown": {"type": "int", "default": 5},
    }
    least = {"limit": 1, "changes_shown": 1}

    def report(self) -> dict[str, Any]:
        """Return the runs."""
        return run_report.report(self.params)


def main() -> None:
    RunInfoModule.main()


if __name__ == "__main__":
    main()
