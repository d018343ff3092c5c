#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_host_info
short_description: Report what a host lacks to run a ConvoSphere environment
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Checks all requirements of a host in one task, so that a deploy to a host which is ready needs one task only.
  - Requires Python only, so that it also runs on a host without any installed packages.
  - Reports problems and never fails because of them. The role P(convosphere.platform.environment#role) can install
    RV(missing); a person has to solve RV(problems).
extends_documentation_fragment:
  - convosphere.platform.attributes.info
  - convosphere.platform.engine.probe
options:
  commands:
    description: Programs that must be installed.
    type: list
    elements: str
    default: []
  python_modules:
    description: Top-level Python modules that the interpreter running this task must be able to import.
    type: list
    elements: str
    default: []
  user:
    description: A system user that must exist.
    type: str
  directories:
    description: Directories that must exist.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The absolute path.
        type: path
        required: true
      owner:
        description: The name of the owner; if not given, any.
        type: str
      group:
        description: The name of the group; if not given, any.
        type: str
      mode:
        description: The permissions as octal text, for example V('0750'); if not given, any.
        type: str
      environment:
        description:
          - The environment to which the directory must belong. It must have the marker C(.convosphere.json).
          - A directory counts as missing without the marker if it is new or unused, or if its release or its backups
            name this environment. Any other directory without the marker is a problem.
        type: str
  environment_name:
    description:
      - The environment for which the host is checked. If given, it is a problem if one of O(directories) is shared by
        the whole system, belongs to another environment, or exists with another owner, group or mode and nothing shows
        that it belongs to this environment.
    type: str
  ports:
    description: TCP ports that the environment will publish on this host.
    type: list
    elements: dict
    default: []
    suboptions:
      port:
        description: The number of the port.
        type: int
        required: true
      host_ip:
        description: The address on which the port will be published.
        type: str
        default: 0.0.0.0
  disk:
    description: Directories that need space. For one that does not exist yet, its nearest existing parent is checked.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The absolute path.
        type: path
        required: true
      required_bytes:
        description: The number of bytes that must be free.
        type: int
        default: 0
  required_bytes:
    description: The number of bytes that must be free in Docker's root directory, which stores the images.
    type: int
    default: 0
  images:
    description: The images to check, each a name with a tag.
    type: list
    elements: str
    default: []
  project_name:
    description: The Compose project of the environment. Ports that its own containers use do not count as taken.
    type: str
  services:
    description: The services of O(project_name) whose images and memory are reported, if they run.
    type: list
    elements: str
    default: []
  secret_files:
    description: Files with secrets. One that exists, and that other users than root can read, is a problem.
    type: list
    elements: path
    default: []
  backup_dir:
    description: The directory of the backups. If given, the last verified one is reported.
    type: path
  controller_time:
    description:
      - The time of the controller in seconds since 1970, as it is when the task begins. It is returned beside the time
        of the host, so that both can be compared.
    type: float
seealso:
  - module: convosphere.platform.convosphere_image
"""

EXAMPLES = r"""
- name: Check the requirements of the host
  convosphere.platform.convosphere_host_info:
    commands: [docker, zstd]
    python_modules: [docker, psycopg2]
    environment_name: dev
    directories:
      - path: /opt/convosphere/dev
        owner: root
        mode: '0750'
        environment: dev
    ports:
      - port: 8080
    required_bytes: 5000000000
    project_name: convosphere-dev
    services: [backend, frontend]
    secret_files: [/opt/convosphere/dev/.env]
    backup_dir: /var/backups/convosphere/dev
    controller_time: "{{ now(utc=true).timestamp() }}"
  register: host

- name: Stop if a person has to solve a problem
  ansible.builtin.fail:
    msg: "{{ host.problems | join('. ') }}"
  when: host.problems | length > 0
"""

RETURN = r"""
ready:
  description: Whether nothing is missing, Docker Engine runs and the Compose plugin is there.
  type: bool
  returned: success
missing:
  description: The requirements that are not met.
  type: dict
  returned: success
  contains:
    commands:
      description: The missing programs.
      type: list
      elements: str
    python_modules:
      description: The missing Python modules.
      type: list
      elements: str
    user:
      description: Whether the user is missing.
      type: bool
    directories:
      description:
        - The directories that are absent or differ, each with its C(path), its C(current) properties (null, C(file), or
          owner, group, mode and, if requested, environment) and the C(desired) ones.
      type: list
      elements: dict
  sample:
    commands: [age]
    python_modules: []
    user: false
    directories:
      - path: /opt/convosphere
        current: null
        desired: {owner: root, group: root, mode: "0755"}
present_images:
  description: The images of O(images) that are on the host; empty if Docker Engine does not run.
  type: list
  elements: str
  returned: success
  sample: [redis:7-alpine]
image_ids:
  description: The ids of these images, by the names in O(images).
  type: dict
  returned: success
  sample: {"redis:7-alpine": "sha256:201a23c24c6e8f1c0e3b6bd3a1a3c6de2f3b8a4c5d6e7f8091a2b3c4d5e6f708"}
memory:
  description: The memory of the host, C(total_bytes) and C(available_bytes); null if the kernel does not report it.
  type: dict
  returned: success
  sample: {total_bytes: 8323264512, available_bytes: 3221225472}
clock:
  description: The time of the C(host), and O(controller_time) as C(controller), in seconds since 1970.
  type: dict
  returned: success
  sample: {host: 1795939443.21, controller: 1795939442.87}
running:
  description: The running containers of O(services), each with C(image), C(image_id) and C(memory_bytes).
  type: dict
  returned: success
  sample:
    backend:
      image: ghcr.io/convosphere/convosphere/backend:0.1.2-beta
      image_id: "sha256:dde98533ef05b1c0e3b6bd3a1a3c6de2f3b8a4c5d6e7f8091a2b3c4d5e6f7081"
      memory_bytes: 423624704
last_verified_backup:
  description:
    - The newest verified backup in O(backup_dir), with C(id), C(level) and C(age_hours); null without one.
    - Only returned with O(backup_dir).
  type: dict
  returned: with backup_dir
  sample: {id: 20261128T010002Z-nightly, level: restore, age_hours: 7.2}
engine:
  description:
    - Docker Engine. C(state) is one of V(missing), V(stopped), V(no_permission), V(not_answering), V(running).
    - C(program) is the path of dockerd, C(processes) lists which of dockerd and containerd run, C(root) is the
      directory that stores the images, and C(detail) is the error, if there was one.
  type: dict
  returned: success
  sample: {state: running, version: 20.10.24, api_version: "1.41", program: /usr/sbin/dockerd,
           processes: [dockerd, containerd], root: /var/lib/docker, detail: null}
compose:
  description: The path of the Compose plugin; null if it is not installed.
  type: str
  returned: success
  sample: /usr/libexec/docker/cli-plugins/docker-compose
service_manager:
  description: V(systemd) if it runs, or else V(none).
  type: str
  returned: success
ports_taken:
  description:
    - The ports that are in use, with the C(address), and C(process) and C(pid), or C(container) and its Compose
      C(project).
    - The process is null if only root can determine it.
  type: list
  elements: dict
  returned: success
  sample: [{port: 8080, host_ip: 0.0.0.0, address: 127.0.0.1, process: nginx, pid: 812, container: null, project: null}]
ports_free:
  description: The ports that are free, or that the project itself uses.
  type: list
  elements: int
  returned: success
disk:
  description: The space of every directory in O(disk), and last that of Docker's root directory.
  type: list
  elements: dict
  returned: success
  sample:
    - path: /var/lib/docker
      file_system: /
      required_bytes: 5000000000
      free_bytes: 9100000000
      enough: true
foreign_directories:
  description:
    - A sentence for each of O(directories) of which nothing shows that it belongs to O(environment_name).
    - They are also in RV(problems).
  type: list
  elements: str
  returned: success
  sample: ["The directory /srv is shared by the whole system or is a user's home"]
problems:
  description: A sentence for each obstacle that a person has to remove, with the next action. Empty without obstacles.
  type: list
  elements: str
  returned: success
  sample: ["Port 8080 is already taken by nginx (process 812). Stop it, or choose another port for the environment"]
"""

from pathlib import Path
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._backup import listing
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._engine.client import PROBE_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._host import host_report


class HostInfoModule(InfoModule):
    """Report what a host lacks."""

    argument_spec = {
        **PROBE_OPTIONS,
        "commands": {"type": "list", "elements": "str", "default": []},
        "python_modules": {"type": "list", "elements": "str", "default": []},
        "user": {"type": "str"},
        "directories": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "path": {"type": "path", "required": True},
                "owner": {"type": "str"},
                "group": {"type": "str"},
                "mode": {"type": "str"},
                "environment": {"type": "str"},
            },
        },
        "environment_name": {"type": "str"},
        "ports": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "port": {"type": "int", "required": True},
                "host_ip": {"type": "str", "default": "0.0.0.0"},
            },
        },
        "disk": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "path": {"type": "path", "required": True},
                "required_bytes": {"type": "int", "default": 0},
            },
        },
        "required_bytes": {"type": "int", "default": 0},
        "images": {"type": "list", "elements": "str", "default": []},
        "project_name": {"type": "str"},
        "services": {"type": "list", "elements": "str", "default": []},
        "secret_files": {"type": "list", "elements": "path", "default": [], "no_log": False},
        "backup_dir": {"type": "path"},
        "controller_time": {"type": "float"},
    }

    def report(self) -> dict[str, Any]:
        """Return the report."""
        directory = self.params["backup_dir"]
        backup = {"last_verified_backup": listing.last_verified(Path(directory), self.params)} if directory else {}
        return {**host_report.report(self.params), **backup}


def main() -> None:
    HostInfoModule.main()


if __name__ == "__main__":
    main()
