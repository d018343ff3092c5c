# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An id of the run, which is the same in all of its tasks and on all hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: run_id
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Return an id of this run of Ansible
description:
  - Returns an id that is the same in all tasks of one run and on all of its hosts, and that no other run has, for
    M(convosphere.platform.convosphere_run_lock).
  - In AWX it is the number of the job, from the variable C(awx_job_id) or C(tower_job_id). Otherwise it names the
    controller, the process of Ansible and its start.
options:
  _terms:
    description: Nothing.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Take the lock of the environment
  convosphere.platform.convosphere_run_lock:
    path: /run/convosphere/prod.lock
    run_id: "{{ lookup('convosphere.platform.run_id') }}"
    purpose: The deploy of prod
"""

RETURN = r"""
_raw:
  description: The id.
  type: list
  elements: str
  sample: [controller-1/4711/8861523]
"""

from collections.abc import Mapping
from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.convosphere.platform.plugins.plugin_utils import _operator


class LookupModule(LookupBase):
    """The id of the run."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **_options: Any) -> list[str]:
        """Return the id as the only element."""
        known = variables or {}
        names = [each for each in _operator.AWX_JOBS if each in known]
        return [_operator.run_id({each: self._templar.template(known[each]) for each in names})]
