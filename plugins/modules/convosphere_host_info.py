#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_host_info
short_description: Tell what a host lacks to carry a ConvoSphere environment
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Looks at everything a host must have in one task, so that a host which is ready costs a deploy one task and no more.
  - Needs Python alone, so that it also runs on a host where nothing is installed yet.
  - It reports and never fails for what it finds. RV(missing) is what the role P(convosphere.platform.environment#role)
    can bring; RV(problems) is what a person has to solve.
extends_documentation_fragment:
  - convosphere.platform.attributes.info
options:
  commands:
    description: Programs that must be there.
    type: list
    elements: str
    default: []
  python_modules:
    description: Top-level Python modules that the interpreter running this task must be able to import.
    type: list
    elements: str
    default: []
  user:
    description: A system user that must be there.
    type: str
  directories:
    description: Directories that must be there.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The absolute path.
        type: path
        required: true
      owner:
        description: The name of the owner; any where it is not given.
        type: str
      group:
        description: The name of the group; any where it is not given.
        type: str
      mode:
        description: The permissions as octal text, for example V('0750'); any where it is not given.
        type: str
      environment:
        description:
          - The environment that the directory alone belongs to. It must have the marker C(.convosphere.json).
          - The marker is missing from a directory that is new or unused, or whose environment was set up before there
            were markers, which its release or its backups show. Any other directory without it is a problem.
        type: str
  environment_name:
    description:
      - The environment that the host is looked at for. If given, it is a problem if one of O(directories) is shared by
        the whole system, belongs to another environment, or exists with another owner, group or mode and nothing shows
        that it belongs to this one.
    type: str
  ports:
    description: TCP ports that the environment is going to publish on this host.
    type: list
    elements: dict
    default: []
    suboptions:
      port:
        description: The number of the port.
        type: int
        required: true
      host_ip:
        description: The address it is going to be published on.
        type: str
        default: 0.0.0.0
  disk:
    description: Directories that need space. One that does not exist yet counts as its nearest parent that does.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The absolute path.
        type: path
        required: true
      required_bytes:
        description: How many bytes must be free.
        type: int
        default: 0
  image_bytes:
    description: How many bytes must be free in Docker's root directory, where images are kept.
    type: int
    default: 0
  images:
    description: Images to look for, each a name with a tag.
    type: list
    elements: str
    default: []
  project_name:
    description: The Compose project whose own containers hold their ports rightfully.
    type: str
  docker_host:
    description:
      - The URL of the Docker Engine on this host, V(unix://) or V(tcp://).
      - Where it is not given, the environment variable E(DOCKER_HOST) is used.
    type: str
    default: unix:///var/run/docker.sock
  timeout:
    description: How many seconds to wait for each answer of Docker Engine before it counts as not answering.
    type: int
    default: 10
seealso:
  - module: convosphere.platform.convosphere_image
"""

EXAMPLES = r"""
- name: Look at what the host has
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
    image_bytes: 5000000000
    project_name: convosphere-dev
  register: host

- name: Stop where a person is needed
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
  description: What was asked for and is not there.
  type: dict
  returned: success
  contains:
    commands:
      description: The programs.
      type: list
      elements: str
    python_modules:
      description: The Python modules.
      type: list
      elements: str
    user:
      description: Whether the user is missing.
      type: bool
    directories:
      description:
        - The directories that are absent or not as wanted, each with its C(path), what was C(found)
          (null, C(file), or owner, group, mode and, if asked for, environment) and what is C(wanted).
      type: list
      elements: dict
  sample:
    commands: [age]
    python_modules: []
    user: false
    directories:
      - path: /opt/convosphere
        found: null
        wanted: {owner: root, group: root, mode: "0755"}
present_images:
  description: The images of O(images) that are on the host; none where Docker Engine does not run.
  type: list
  elements: str
  returned: success
  sample: [redis:7-alpine]
engine:
  description:
    - Docker Engine. C(state) is one of V(missing), V(stopped), V(no_permission), V(not_answering), V(running).
    - C(program) is the path of dockerd, C(processes) tells which of dockerd and containerd live, C(root) is the
      directory it keeps images in, and C(detail) is what went wrong, where something did.
  type: dict
  returned: success
  sample: {state: running, version: 20.10.24, api_version: "1.41", program: /usr/sbin/dockerd,
           processes: [dockerd, containerd], root: /var/lib/docker, detail: null}
compose:
  description: The path of the Compose plugin, null where there is none.
  type: str
  returned: success
  sample: /usr/libexec/docker/cli-plugins/docker-compose
service_manager:
  description: V(systemd) where it runs, else V(none).
  type: str
  returned: success
ports_taken:
  description:
    - The ports that somebody else listens on, with the C(address), and C(process) and C(pid), or C(container) and
      its Compose C(project).
    - The process is null where only root may know it.
  type: list
  elements: dict
  returned: success
  sample: [{port: 8080, host_ip: 0.0.0.0, address: 127.0.0.1, process: nginx, pid: 812, container: null, project: null}]
ports_free:
  description: The ports that nobody listens on, or that the project itself holds.
  type: list
  elements: int
  returned: success
disk:
  description: The space of every directory asked for, and of Docker's root directory as the last.
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
    - A sentence for each of O(directories) that is not shown to be that of O(environment_name).
    - They are among RV(problems), too.
  type: list
  elements: str
  returned: success
  sample: ["The directory /srv is shared by the whole system or is a user's home"]
problems:
  description: A sentence for each obstacle that a person has to remove, and how. Empty where there is none.
  type: list
  elements: str
  returned: success
  sample: ["Port 8080 is already taken by nginx (process 812). Stop it, or choose another port for the environment"]
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import env_fallback
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._engine.client import DEFAULT_HOST
from ansible_collections.convosphere.platform.plugins.module_utils._host import engine_probe, requirements


class HostInfo(InfoModule):
    """One look at a host."""

    argument_spec = {
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
        "image_bytes": {"type": "int", "default": 0},
        "images": {"type": "list", "elements": "str", "default": []},
        "project_name": {"type": "str"},
        "docker_host": {"type": "str", "default": DEFAULT_HOST, "fallback": (env_fallback, ["DOCKER_HOST"])},
        "timeout": {"type": "int", "default": 10},
    }

    def report(self) -> dict[str, Any]:
        """Look at everything that was asked for."""
        probe = engine_probe.EngineProbe(self.params["docker_host"], self.params["timeout"])
        engine = probe.state()
        compose = engine_probe.find_compose_plugin()
        missing = self._missing()
        running = engine["state"] == engine_probe.RUNNING
        taken = self._taken(probe if running else None)
        foreign = self._foreign()
        disk = [requirements.space(entry["path"], entry["required_bytes"]) for entry in self.params["disk"]]
        disk.append(requirements.space(engine["root"], self.params["image_bytes"]))
        held = {entry["port"] for entry in taken}
        return {
            "ready": not any(missing.values()) and running and compose is not None,
            "missing": missing,
            "present_images": self._present_images(probe if running else None),
            "engine": engine,
            "compose": compose,
            "service_manager": "systemd" if Path("/run/systemd/system").is_dir() else "none",
            "ports_taken": taken,
            "ports_free": [entry["port"] for entry in self.params["ports"] if entry["port"] not in held],
            "disk": disk,
            "foreign_directories": foreign,
            "problems": [
                *_engine_problems(engine, probe),
                *foreign,
                *(requirements.port_problem(entry) for entry in taken),
                *(_disk_problem(entry) for entry in disk if not entry["enough"]),
            ],
        }

    def _missing(self) -> dict[str, Any]:
        user = self.params["user"]
        return {
            "commands": requirements.missing_commands(self.params["commands"]),
            "python_modules": requirements.missing_python_modules(self.params["python_modules"]),
            "user": user is not None and not requirements.user_exists(user),
            "directories": requirements.wrong_directories(self.params["directories"]),
        }

    def _foreign(self) -> list[str]:
        name = self.params["environment_name"]
        return requirements.foreign_directories(self.params["directories"], name) if name else []

    def _present_images(self, probe: engine_probe.EngineProbe | None) -> list[str]:
        wanted: list[str] = self.params["images"]
        return probe.present_images(wanted) if wanted and probe else []

    def _taken(self, probe: engine_probe.EngineProbe | None) -> list[dict[str, Any]]:
        if not self.params["ports"]:
            return []
        published = probe.published() if probe else []
        return requirements.taken_ports(self.params["ports"], published, self.params["project_name"])


def _engine_problems(engine: dict[str, Any], probe: engine_probe.EngineProbe) -> list[str]:
    if engine["state"] == engine_probe.NO_PERMISSION:
        return [f"No permission to talk to Docker Engine at {probe.docker_host}. Use become: true"]
    if engine["state"] == engine_probe.NOT_ANSWERING:
        return [
            f"Docker Engine at {probe.docker_host} is there and does not answer within {probe.timeout} s"
            f" ({engine['detail']}). Look at its log (journalctl -u docker, or /var/log/dockerd.log) and restart it"
        ]
    return []


def _disk_problem(entry: dict[str, Any]) -> str:
    return (
        f"{entry['path']} needs {requirements.readable(entry['required_bytes'])} and the file system "
        f"{entry['file_system']} has {requirements.readable(entry['free_bytes'])} free. "
        "Make room there, or use a larger disk"
    )


def main() -> None:
    """Enter the module."""
    HostInfo.main()


if __name__ == "__main__":
    main()
