#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_run_lock
short_description: Let one run at a time do something that takes several tasks
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Takes, renews and releases a lock that one run of Ansible holds over several tasks. Another run fails at once, and
    is told who holds the lock since when, and until when at the latest.
  - The lock ends by itself after O(lease) seconds, and with a restart of the host, so that a run that was killed does
    not block the next one for longer than that.
  - A module of this collection renews the lock for 120 seconds, every 30 seconds and for as long as it works, if its
    environment has C(CONVOSPHERE_LEASE), the O(path), and C(CONVOSPHERE_LEASE_RUN), the O(run_id). So a short lease is
    enough for tasks that take hours, and the next run takes over what a killed one has left as soon as it has ended.
  - The seconds are those of a clock that nobody can set. That the host's time of day jumps makes no difference.
extends_documentation_fragment:
  - convosphere.platform.attributes
options:
  path:
    description:
      - The file on the managed host that is the lock. Its directory is made, with mode 0700.
      - Best below C(/run), where no full disk is in the way.
    type: path
    required: true
  run_id:
    description: What tells this run from every other one, for example the number of an AWX job.
    type: str
    required: true
  holder:
    description:
      - Who runs it, for the message that others get.
      - Not given means the account that the module runs as.
    type: str
  purpose:
    description: What it is run for, the beginning of that message.
    type: str
    default: A run
  lease:
    description:
      - For how many seconds from now on the lock is held, unless it is renewed or released.
      - A lock of the same run that ends then, or up to a tenth of O(lease) earlier, is left as it is.
    type: int
    default: 120
  state:
    description:
      - V(present) takes the lock, or renews it where this run holds it.
      - V(absent) releases it where this run holds it. One of another run is left alone.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- name: Keep other runs out for the next ten minutes
  convosphere.platform.convosphere_run_lock:
    path: /run/convosphere/prod.maintenance
    run_id: "{{ awx_job_id }}"
    holder: nightly
    purpose: The maintenance of prod
    lease: 600

- name: Back up, and keep the lock for as long as that takes
  convosphere.platform.convosphere_db_backup:
    environment_name: prod
    login_env_file: /opt/convosphere/prod/.env
    login_container: convosphere-prod-postgres-1
    backup_dir: /var/backups/convosphere/prod
  environment:
    CONVOSPHERE_LEASE: /run/convosphere/prod.maintenance
    CONVOSPHERE_LEASE_RUN: "{{ awx_job_id }}"

- name: Let them in again
  convosphere.platform.convosphere_run_lock:
    path: /run/convosphere/prod.maintenance
    run_id: "{{ awx_job_id }}"
    state: absent
"""

RETURN = r"""
lease:
  description: The lock as this run leaves it, or in check mode would; null where nobody holds it.
  returned: success
  type: dict
  contains:
    run_id:
      description: Whose it is.
      type: str
      sample: "4711"
    holder:
      description: Who runs it.
      type: str
      sample: nightly
    purpose:
      description: What it is run for.
      type: str
      sample: The maintenance of prod
    since:
      description: When it was taken, in UTC.
      type: str
      sample: "2026-01-31T01:00:00Z"
    until:
      description: When it ends by itself, in UTC.
      type: str
      sample: "2026-01-31T01:10:00Z"
abandoned:
  description: The lock of a run that did not release it, which this run took over; null where there was none.
  returned: success
  type: dict
  sample: null
"""

from ansible_collections.convosphere.platform.plugins.module_utils._core import lease
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.run_lock import RunLockWork
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work


class RunLockModule(ConvosphereModule):
    """One lock, held by one run."""

    argument_spec = {
        "path": {"type": "path", "required": True},
        "run_id": {"type": "str", "required": True},
        "holder": {"type": "str"},
        "purpose": {"type": "str", "default": "A run"},
        "lease": {"type": "int", "default": lease.SECONDS},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }
    least = {"lease": 1}

    def build(self) -> Work:
        """Return the work on the lock."""
        return RunLockWork(self.invocation)


def main() -> None:
    RunLockModule.main()


if __name__ == "__main__":
    main()
