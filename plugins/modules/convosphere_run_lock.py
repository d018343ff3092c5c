#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_run_lock
short_description: Hold a lock over several tasks of one run
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Takes, renews and releases a lock that one run of Ansible holds over several tasks. Another run fails, at once or
    after O(wait_timeout), with the holder of the lock, its start and its latest end.
  - The lock ends by itself after O(lease) seconds, and with a restart of the host, so that an interrupted run does not
    block the next one for longer.
  - A module of this collection renews the lock for 20 seconds, every 5 seconds and for as long as it works, if its
    environment has C(CONVOSPHERE_LEASE), the O(path), or several of them separated by colons, and
    C(CONVOSPHERE_LEASE_RUN), the O(run_id). So a short lease is
    enough for tasks that take hours, and the next run can soon take over the lock of an interrupted one. If the
    connection was lost meanwhile, the lock ends with the module.
  - If another run took over the lock because this one did not renew it in time, such a module fails and changes
    nothing, also after that run has released the lock.
  - The seconds are those of a monotonic clock. Changes of the host's time of day have no effect.
extends_documentation_fragment:
  - convosphere.platform.attributes
options:
  path:
    description:
      - The file of the lock on the managed host. Its directory is created with mode 0700.
      - Use a path below C(/run), which does not depend on free disk space.
      - Required with O(state=present) and O(state=absent).
    type: path
  run_id:
    description:
      - The unique id of this run, for example the number of an AWX job.
      - Required with O(state=present) and O(state=absent).
    type: str
  holder:
    description:
      - The name of the holder, for the message that other runs get.
      - If not given, the user that runs the module.
    type: str
  purpose:
    description: The purpose of the run, with which that message begins.
    type: str
    default: A run
  lease:
    description:
      - The number of seconds until the lock ends, unless it is renewed or released.
      - A lock of the same run that ends then, or up to a tenth of O(lease) earlier, is not changed.
    type: int
    default: 20
  wait_timeout:
    description:
      - The number of seconds to wait for a lock that another run holds. The lock of an interrupted run ends meanwhile.
      - Check mode does not wait.
    type: int
    default: 0
  grace:
    description:
      - The number of seconds for which the lock of another run counts as held after its end, for a run on some hosts
        of an environment, of which the other run may be at work on another one.
    type: int
    default: 0
  only_wait:
    description:
      - Only wait until no other run holds the lock, and take nothing. So a run that needs the locks of several hosts
        takes none of them while one is held.
    type: bool
    default: false
  runs_file:
    description:
      - A file with the records of runs, one line of JSON each. If given, a run that releases its lock adds its record,
        and one that takes over the lock of an interrupted run adds that of the other run.
      - Lines are only added. The file has the mode 0600; at one mebibyte it is rotated, and nine older ones are kept.
      - A record that cannot be written is a warning. A run that did not get the lock has no record.
    type: path
  result:
    description:
      - The result of the run, for its record. With V(failed) the record and RV(failures) have what failed.
    type: str
    choices: [ok, failed]
    default: ok
  releases_dir:
    description: The directory of the kept releases. If given, the record names the release that serves after the run.
    type: path
  details:
    description: Further values for the record of the run. They must not have secrets.
    type: dict
  state:
    description:
      - V(present) takes the lock, or renews it if this run holds it.
      - V(absent) releases it if this run holds it. The lock of another run is not changed.
      - V(extended) lets the locks that C(CONVOSPHERE_LEASE) names, as far as this run holds them, last for O(lease)
        seconds from now, longer or shorter than before. It takes none. For tasks of other modules that take long.
    type: str
    choices: [present, absent, extended]
    default: present
"""

EXAMPLES = r"""
- name: Take the lock for the next ten minutes
  convosphere.platform.convosphere_run_lock:
    path: /run/convosphere/prod.maintenance
    run_id: "{{ awx_job_id }}"
    holder: nightly
    purpose: The maintenance of prod
    lease: 600
    wait_timeout: 45

- name: Create a backup, and renew the lock meanwhile
  convosphere.platform.convosphere_db_backup:
    environment_name: prod
    login_env_file: /opt/convosphere/prod/.env
    login_container: convosphere-prod-postgres-1
    backup_dir: /var/backups/convosphere/prod
  environment:
    CONVOSPHERE_LEASE: /run/convosphere/prod.maintenance
    CONVOSPHERE_LEASE_RUN: "{{ awx_job_id }}"

- name: Hold the lock for ten minutes, in which no module of the collection works
  convosphere.platform.convosphere_run_lock:
    state: extended
    lease: 600
  environment:
    CONVOSPHERE_LEASE: /run/convosphere/prod.maintenance
    CONVOSPHERE_LEASE_RUN: "{{ awx_job_id }}"

- name: Release the lock
  convosphere.platform.convosphere_run_lock:
    path: /run/convosphere/prod.maintenance
    run_id: "{{ awx_job_id }}"
    state: absent
    runs_file: /var/log/convosphere/prod.runs.jsonl
    result: ok
"""

RETURN = r"""
lease:
  description: The lock after the task; in check mode the predicted one; null if there is no lock.
  returned: success
  type: dict
  contains:
    run_id:
      description: The id of the run that holds it.
      type: str
      sample: "4711"
    holder:
      description: The name of the holder.
      type: str
      sample: nightly
    purpose:
      description: The purpose of the run.
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
  description: The expired lock of another run, which this run took over; null if there was no such lock.
  returned: success
  type: dict
  sample: null
held:
  description: Whether this run held the lock before the task.
  returned: success
  type: bool
  sample: true
failures:
  description:
    - The first five failures of modules of this collection on the host, of a run with O(result=failed) that releases
      its lock. They have no secrets. The modules note them beside the lock, which the variables above name.
  returned: success
  type: list
  elements: dict
  contains:
    module:
      description: The module.
      type: str
      sample: convosphere_stack
    message:
      description: Its message, at most 2000 characters of it.
      type: str
      sample: The backend of the new release crashed.
    at:
      description: When it failed, in UTC.
      type: str
      sample: "2026-01-31T01:02:03Z"
"""

from ansible_collections.convosphere.platform.plugins.module_utils._core import lease
from ansible_collections.convosphere.platform.plugins.module_utils._core.lock_extension import LockExtensionWork
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.run_lock import RunLockWork
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work


class RunLockModule(ConvosphereModule):
    """One lock, held by one run."""

    argument_spec = {
        "path": {"type": "path"},
        "run_id": {"type": "str"},
        "holder": {"type": "str"},
        "purpose": {"type": "str", "default": "A run"},
        "lease": {"type": "int", "default": lease.SECONDS},
        "wait_timeout": {"type": "int", "default": 0},
        "grace": {"type": "int", "default": 0},
        "only_wait": {"type": "bool", "default": False},
        "runs_file": {"type": "path"},
        "result": {"type": "str", "choices": ["ok", "failed"], "default": "ok"},
        "releases_dir": {"type": "path"},
        "details": {"type": "dict"},
        "state": {"type": "str", "choices": ["present", "absent", "extended"], "default": "present"},
    }
    rules = {"required_if": [("state", "present", ("path", "run_id")), ("state", "absent", ("path", "run_id"))]}
    least = {"lease": 1}

    @property
    def is_fenced(self) -> bool:
        """False: it decides itself what it does about the lock of another run."""
        return False

    def build(self) -> Work:
        """Return the work on the lock."""
        if self.params["state"] == "extended":
            return LockExtensionWork(self.invocation)
        return RunLockWork(self.invocation)


def main() -> None:
    RunLockModule.main()


if __name__ == "__main__":
    main()
