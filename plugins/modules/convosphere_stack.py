#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_stack
short_description: Bring the Compose project of one environment up, or take it away
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Writes the files and secrets of a stack, has Docker Compose create and start what differs, waits until all of it is
    healthy and runs the images that are wanted, and records a release.
  - A file of the release that serves which is not wanted any more is removed. A C(compose.override.yaml) that is not
    wanted and of no release gets another name, C(compose.override.yaml.kept-) and when it was written, for Compose
    merges it wherever it finds its files by itself.
  - A service whose containers have other variables than they would get now is created anew, also if Compose sees no
    difference, which it does not for the proxies in the Docker client's C(config.json).
  - Ports that others hold, and processors or memory that the host cannot give, are an error before anything is changed.
  - A service that has a file of the stack mounted, or a folder of such files, and that started before the file was
    written, is restarted. Compose does not see a change in a file.
  - Where a step fails after the first change, the files, secrets and images of before are put back and started again.
  - Images are not pulled or built here. M(convosphere.platform.convosphere_image) brings them to the host first.
options:
  project_src:
    description: The directory of the stack on the host. It must exist, and is needed for O(state=present).
    type: path
    required: true
  state:
    description:
      - With V(present) the stack is brought up.
      - With V(absent) its containers and networks are removed. Its volumes, files and secrets stay, unless
        O(remove_volumes=true).
    type: str
    choices: [present, absent]
    default: present
  environment_name:
    description:
      - The environment, for example V(prod). The release is recorded for it.
      - O(project_src) and the containers of O(project_name) must belong to it, in check mode too, or nothing is
        changed. A directory that nobody has used yet is marked as this environment's.
    type: str
    required: true
  files:
    description: The files of the stack, C(compose.yaml) among them. Needed for O(state=present).
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The name of the file, relative to O(project_src) and below it.
        type: str
        required: true
      content:
        description: The whole text of the file. A dictionary or a list is refused, as it would become its Python form.
        type: raw
        required: true
      mode:
        description: The permission bits, octal.
        type: str
        default: '0640'
      validate:
        description:
          - How to try the text before anything is changed, in check mode too. Where that fails, so does the module.
          - It is done in a container of its own, without a network, which is removed at once. It has the service's
            environment and what the service mounts from the host.
          - A file that does not change is not tried, nor one whose image is not on the host yet.
        type: dict
        suboptions:
          service:
            description: The service of the stack whose image has the program.
            type: str
            required: true
          command:
            description: The program and its arguments, in which C(%s) stands for the file.
            type: list
            elements: str
            required: true
  secrets:
    description:
      - The variables that C(compose.yaml) refers to as C(${NAME}). They are kept in the file C(.env) in O(project_src),
        mode 0600. A secret that is neither given nor there is made up once; the values are never returned.
      - A secret that the stack was deployed with before is never made up again, for its data knows only the old one.
        Where C(.env) is missing or lacks it, the module fails before it changes anything, in check mode too.
      - Variables of that file which are not listed here are left alone.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name of the variable.
        type: str
        required: true
      value:
        description:
          - Its value, a text, which may have several lines. It wins over the one in the file.
          - A number, a boolean, a list or a dictionary is refused, for its text would be another secret.
        type: raw
      derive:
        description:
          - A text to make the value of, in which C({NAME}) stands for another secret, percent-encoded for use in a URL.
        type: raw
      length:
        description: How many letters and digits a secret that is made up has.
        type: int
        default: 40
  allow_standins:
    description:
      - Whether images may be deployed that are the collection's own stand-ins, which carry the label
        C(org.convosphere.sandbox=true). They answer like the platform and are none.
      - With V(false) they are refused before anything is changed, in check mode too.
    type: bool
    default: true
  api_url:
    description:
      - Where the backend is reached from the host. The deploy is complete when C(/api/v1/health/detailed) says healthy,
        or shows that the platform serves and is busy.
      - On the way back to the release of before, which may be reached elsewhere, this is not asked.
      - Not given, only the containers' own health checks are waited for.
    type: str
  api_service:
    description:
      - The service that answers at O(api_url).
      - If its health check fails only because the platform is busy, it is not waited for. The platform is busy if all
        its connections to the database are in use, or if it reports itself healthy and takes more than five seconds to
        do so.
    type: str
    default: backend
  wait_timeout:
    description: For how many seconds to wait until everything is healthy.
    type: int
    default: 240
  releases_kept:
    description: How many releases are kept, the present one included; at least 1.
    type: int
    default: 5
  released_by:
    description: Who deploys, for the record.
    type: str
    default: ''
  schema:
    description:
      - What M(convosphere.platform.convosphere_db_migration) returned as C(schema) of the backend's image.
      - It is kept in the release, so that the next deploy knows without a container whether the database is where the
        code wants it.
      - An error where no service of the stack has that image.
    type: dict
  schema_image:
    description:
      - The image of the backend that is wanted. If given, the stack is brought up only where the release that serves
        tells this image's revisions and the database is at them, and O(schema) is that of this release.
      - Everywhere else nothing is looked at or done, and RV(schema_known) is false. Then
        M(convosphere.platform.convosphere_db_migration) finds out what the backend needs, and the stack is brought up
        with its O(schema). An unchanged deploy does without that.
      - The O(login_host) options and their like are only of use with it.
    type: str
  images_to_come:
    description:
      - The images that other tasks bring to the host before the stack is brought up. In check mode they need not be
        there yet; any other that the host lacks is an error, as it is in a real run.
      - Not given, no image has to be there in check mode.
    type: list
    elements: str
  advice:
    description:
      - What to tell before the error wherever the module fails, for example that the database was migrated for this
        deploy, and how to go back.
    type: str
    default: ''
  remove_volumes:
    description:
      - With O(state=absent), also removes the volumes, and O(project_src) with its secrets and releases.
      - What else lies in that directory stays, and the directory with it.
      - This deletes the database.
    type: bool
    default: false
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.database.published
  - convosphere.platform.engine
  - convosphere.platform.engine.project
  - convosphere.platform.ownership.confirm
  - convosphere.platform.attributes
requirements:
  - Docker Compose >= 2.20 as a plugin of the docker client
  - PyYAML
seealso:
  - module: convosphere.platform.convosphere_image
  - module: convosphere.platform.convosphere_service
"""

EXAMPLES = r"""
- name: Bring a stack up
  convosphere.platform.convosphere_stack:
    project_name: convosphere-dev
    project_src: /opt/convosphere/dev
    environment_name: dev
    api_url: http://127.0.0.1:18000
    files:
      - path: compose.yaml
        content: "{{ lookup('ansible.builtin.template', 'compose.yaml.j2') }}"
    secrets:
      - name: POSTGRES_PASSWORD
      - name: DATABASE_URL
        derive: postgresql://convosphere:{POSTGRES_PASSWORD}@postgres:5432/convosphere

- name: Bring up a stack whose proxy has to take its settings first
  convosphere.platform.convosphere_stack:
    project_name: convosphere-dev
    project_src: /opt/convosphere/dev
    environment_name: dev
    files:
      - path: compose.yaml
        content: "{{ lookup('ansible.builtin.template', 'compose.yaml.j2') }}"
      - path: Caddyfile
        content: "{{ lookup('ansible.builtin.template', 'Caddyfile.j2') }}"
        validate:
          service: edge
          command: [caddy, validate, --adapter, caddyfile, --config, '%s']

- name: Bring it up where the database is known to be what the backend needs
  convosphere.platform.convosphere_stack:
    project_name: convosphere-dev
    project_src: /opt/convosphere/dev
    environment_name: dev
    files:
      - path: compose.yaml
        content: "{{ lookup('ansible.builtin.template', 'compose.yaml.j2') }}"
    schema_image: ghcr.io/convosphere/convosphere/backend:0.1.2-beta
    login_port: 18032
    login_env_file: /opt/convosphere/dev/.env
  register: stack

- name: Bring the database to what the backend needs where that is not known
  convosphere.platform.convosphere_db_migration:
    project_name: convosphere-dev
    image: ghcr.io/convosphere/convosphere/backend:0.1.2-beta
    login_port: 18032
    login_env_file: /opt/convosphere/dev/.env
    backup_dir: /var/backups/convosphere/dev
  register: migration
  when: not stack.schema_known

- name: Bring the stack up on it
  convosphere.platform.convosphere_stack:
    project_name: convosphere-dev
    project_src: /opt/convosphere/dev
    environment_name: dev
    files:
      - path: compose.yaml
        content: "{{ lookup('ansible.builtin.template', 'compose.yaml.j2') }}"
    schema: "{{ migration.schema }}"
  when: not stack.schema_known

- name: Take it away, and keep its data
  convosphere.platform.convosphere_stack:
    project_name: convosphere-dev
    project_src: /opt/convosphere/dev
    environment_name: dev
    state: absent
    confirm: dev
"""

RETURN = r"""
release:
  description: The record of the release that serves; none in check mode before the first deploy, nor after V(absent).
  returned: always
  type: dict
  sample:
    id: 20261123T114500123Z
    environment: dev
    released_at: "2026-11-23T11:45:00+00:00"
    released_by: alice
    images: {redis: "redis:7-alpine@0283efa179da"}
    files: {compose.yaml: 3f1c2a9be001}
    secrets: [POSTGRES_PASSWORD]
    schema_revisions: [2025_08_14_add_agents, 2025_08_16_add_ai_models_and_settings_tables]
schema_known:
  description:
    - Whether the release that serves tells where O(schema_image) needs the database, and the database is there.
    - Where it is not, nothing was done.
  returned: with O(schema_image) and O(state=present)
  type: bool
services:
  description: Each service that serves; empty in check mode, after V(absent), and where RV(schema_known) is false.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name of the service.
      type: str
      sample: backend
    state:
      description: The state of its containers.
      type: str
      sample: running
    health:
      description: Its health; none for a service without a health check.
      type: str
      sample: healthy
    version:
      description: The version that the platform reports at O(api_url), else that of its image.
      type: str
      sample: 0.1.2-beta
    image:
      description: The reference of its image. C(image_id), C(digest) and C(containers) say more.
      type: str
      sample: ghcr.io/convosphere/convosphere/backend:0.1.2-beta
    sandbox:
      description: Whether the image is one of the collection's own stand-ins.
      type: bool
      sample: false
"""

import platform
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ansible_collections.convosphere.platform.plugins.module_utils._app import health
from ansible_collections.convosphere.platform.plugins.module_utils._app.api_client import Api
from ansible_collections.convosphere.platform.plugins.module_utils._core import files
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import Plan
from ansible_collections.convosphere.platform.plugins.module_utils._engine import client as engine_client
from ansible_collections.convosphere.platform.plugins.module_utils._engine import (
    confirmation,
    proxies,
    published_port,
    service_stats,
)
from ansible_collections.convosphere.platform.plugins.module_utils._engine import project as engine_project
from ansible_collections.convosphere.platform.plugins.module_utils._engine.health_waiter import WAIT_SECONDS, Waiter
from ansible_collections.convosphere.platform.plugins.module_utils._host import (
    engine_probe,
    environment_directory,
    served_release,
)
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import DATABASE_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._stack import (
    deploy_plan,
    deployment,
    file_validation,
    host_limits,
    lost_secrets,
    project_owner,
    schema_record,
    state,
    teardown,
)

if TYPE_CHECKING:
    from docker import DockerClient

ASK_SECONDS = 5  # between two questions to a platform whose health check fails

VALIDATE = {
    "service": {"type": "str", "required": True},
    "command": {"type": "list", "elements": "str", "required": True},
}
FILE = {
    "path": {"type": "str", "required": True},
    "content": {"type": "raw", "required": True},
    "mode": {"type": "str", "default": "0640"},
    "validate": {"type": "dict", "options": VALIDATE},
}
SECRET = {
    "name": {"type": "str", "required": True},
    "value": {"type": "raw", "no_log": True},
    "derive": {"type": "raw"},
    "length": {"type": "int", "default": 40},
}


class StackModule(ConvosphereModule):
    """One stack: deployed or taken away."""

    argument_spec = {
        **DATABASE_OPTIONS,
        **published_port.PUBLISHED_OPTIONS,
        **engine_client.PROJECT_OPTIONS,
        "project_src": {"type": "path", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        **environment_directory.ENVIRONMENT_OPTION,
        **confirmation.CONFIRM_OPTION,
        "files": {"type": "list", "elements": "dict", "default": [], "options": FILE},
        "secrets": {"type": "list", "elements": "dict", "default": [], "options": SECRET, "no_log": False},
        "allow_standins": {"type": "bool", "default": True},
        "api_url": {"type": "str"},
        "api_service": {"type": "str", "default": "backend"},
        "wait_timeout": {"type": "int", "default": WAIT_SECONDS},
        "releases_kept": {"type": "int", "default": 5},
        "released_by": {"type": "str", "default": ""},
        "schema": {"type": "dict"},
        "schema_image": {"type": "str"},
        "images_to_come": {"type": "list", "elements": "str"},
        "advice": {"type": "str", "default": ""},
        "remove_volumes": {"type": "bool", "default": False},
    }
    rules = {
        "mutually_exclusive": [("schema", "schema_image")],
        "required_if": [("state", "present", ("files",))],
    }

    may_be_empty = frozenset({"files.content"})
    # With no wait every deploy would be given up at once, and rolled back. The release that serves is always kept.
    least = {"wait_timeout": 1, "releases_kept": 1}

    project: engine_project.Project | None = None
    schema: Mapping[str, Any] | None = None
    versions: Mapping[str, str] = {}  # by service, as the platform reports them
    ask_again = 0.0  # when the platform may be asked again whether it is busy, of time.monotonic()
    noted = False  # whether the operator was warned that the platform is busy
    changing = False  # whether something has been changed in this run
    waits = False  # for the database to be brought to what the backend needs

    def execute(self) -> dict[str, Any]:
        """Under the lock of the stack's directory, so that two runs never change it at once."""
        self.directory = Path(self.params["project_src"])
        environment_directory.refuse_foreign_directory(
            self.directory, self.params["environment_name"], "project_src", self.params["project_name"]
        )
        if self.check_mode or not self.directory.is_dir():
            return super().execute()
        with files.locked(self.directory / state.LOCK, f"the stack {self.params['project_name']}"):
            files.remove_temporary(self.directory)
            return super().execute()

    def plan(self) -> Plan:
        """What differs from the wanted stack, or what there is to take away."""
        connect = engine_client.connect_if_there if self.check_mode else engine_client.connect
        self.client = connect(self.params["docker_host"], self.params["timeout"])
        name, environment = self.params["project_name"], self.params["environment_name"]
        if self.client:
            project_owner.refuse_foreign_project(self.client, name, environment, self.directory)
        if self.params["state"] == "absent":
            self.teardown = teardown.Teardown(self.client, name, self.directory, self.params["remove_volumes"])
            return self._confirmed(self.teardown.plan())
        self.schema = self.params["schema"]
        if self.params["schema_image"]:
            self.schema = schema_record.find(self.client, self.params)
            self.waits = self.schema is None
        return Plan() if self.waits else self._plan_present()

    def apply(self, plan: Plan) -> None:
        """Deploy and record a release, or take away."""
        if self.params["state"] == "absent":
            return self.teardown.apply(plan)
        environment_directory.write_marker(self.directory, self.params["environment_name"], self.params["project_name"])
        self.changing = True
        changed = {change.name for change in plan}
        if changed == {"release"}:  # deployed by a run that was killed before it could write that down
            self.deployment.complete()
        else:
            self.deployment.apply()
        if "release" in changed:
            deployment.record_release(
                self.stack,
                environment=self.params["environment_name"],
                released_by=self.params["released_by"],
                keep=self.params["releases_kept"],
            )
        return None

    def verify(self, plan: Plan) -> None:
        """Where nothing was to do, the stack must still be healthy."""
        if self.params["state"] == "present" and not plan.changed and not self.waits:
            self.deployment.gate()

    def report(self, plan: Plan) -> dict[str, Any]:
        """The release and the services that serve."""
        services: list[dict[str, Any]] = []
        if self.client and self.project:
            for service in self.project.services.values():
                services.append({**engine_project.describe(service), **service_stats.image_of(self.client, service)})
                services[-1]["version"] = self.versions.get(service.name, services[-1]["version"])
        absent = self.params["state"] == "absent"
        release = None if absent else served_release.current(self.directory / "releases")
        known = {"schema_known": not self.waits} if self.params["schema_image"] and not absent else {}
        return {"release": release, "services": services, **known}

    def _fail(self, message: str, details: Mapping[str, Any]) -> NoReturn:
        # Whatever failed, and be it a refusal: who does not know what was done before takes nothing for changed.
        super()._fail(f"{self.params['advice']}\n{message}".lstrip(), details)

    def _plan_present(self) -> Plan:
        if not self.directory.is_dir() and not self.check_mode:
            raise InputError(f"The directory {self.directory} does not exist", hint="Run the playbook setup.yml first.")
        self.stack = state.Stack(
            name=self.params["project_name"],
            directory=self.directory,
            docker_host=self.params["docker_host"],
            texts=state.texts_of(self.params["files"]),
            secret_entries=self.params["secrets"],
            schema=self.schema,
        )
        self.stack.read_files()
        self.hide(*self.stack.secret_values())
        lost_secrets.refuse_lost(self.stack, self.client)
        if self.client is None or (self.check_mode and not _compose_is_there()):
            return deploy_plan.plan(self.stack, engine_read=False)
        self.stack.read_model()
        self.stack.read_engine(self.client)
        to_come = self.params["images_to_come"] if self.check_mode else []
        if to_come is not None:
            state.refuse_missing_images(self.stack, to_come)
        state.refuse_schema_of_another_image(self.stack)
        host_limits.refuse_excess(self.stack, self.client)
        self._warn_of_lost_exceptions()
        if not self.params["allow_standins"]:
            state.refuse_standins(self.stack, self.client)
        file_validation.refuse_invalid(self.stack, self.client, self.params["files"])
        client, timeout = self.client, self.params["wait_timeout"]
        self.deployment = deployment.Deployment(
            self.stack, client, lambda names: self._wait(client, names), self._ask_platform, timeout
        )
        return deploy_plan.plan(self.stack, engine_read=True)

    def _warn_of_lost_exceptions(self) -> None:
        excepted = proxies.not_bypassed(self.stack.model["services"], self.stack.proxies)
        if excepted:
            self.warn(
                f"The Docker client on the host excepts {', '.join(excepted)} from its proxies (noProxy in "
                "config.json). Services that have a NO_PROXY of their own do not get that: name these hosts there too "
                "(the role stack adds NO_PROXY of stack_settings to all services)."
            )

    def _wait(self, client: DockerClient, names: Iterable[str]) -> None:
        waiter = Waiter(
            lambda: engine_project.read_project(client, self.params["project_name"]),
            self.params["wait_timeout"],
            self._is_busy,
        )
        self.project = waiter.wait(names)

    def _is_busy(self, service: engine_project.Service) -> bool:
        if (
            not self.params["api_url"]
            or service.name != self.params["api_service"]
            or time.monotonic() < self.ask_again
        ):
            return False
        found = self._look()
        self.ask_again = time.monotonic() + ASK_SECONDS
        return self._note(found)

    def _note(self, found: Mapping[str, Any]) -> bool:
        """Return True if the platform is busy; the operator is warned once."""
        busy = health.is_busy(found)
        if busy and not self.noted:
            seconds = round(found["latency_ms"] / 1000)
            self.warn(f"The platform is busy, and answered after {seconds} s. {'; '.join(found['problems'])}".strip())
            self.noted = True
        return busy

    def _look(self) -> dict[str, Any]:
        """Ask the platform. What a deploy did not change and is slow fails for lack of time, and not by this deploy."""
        found = health.ask_platform(self._api())
        late = found["status"] == health.DEGRADED and health.is_slow(found)
        return {**found, "status": health.BUSY} if late and not self.changing else found

    def _api(self) -> Api:
        patience = min(health.PATIENT_SECONDS, max(self.params["wait_timeout"], 15))
        return Api(str(self.params["api_url"]), timeout=patience, validate_certs=True)

    def _ask_platform(self) -> None:
        if self.params["api_url"]:
            # The containers' own checks have passed by now; this is the platform's word on all of its parts.
            what = f"The platform at {self.params['api_url']}"
            found = health.until_healthy(self._look, seconds=30, what=what, patience=self.params["wait_timeout"])
            self._note(found)
            self.versions = health.versions(found, self.params["api_service"])

    def _confirmed(self, plan: Plan) -> Plan:
        """Refuse to take anything away that is not shown to be the environment's, or was not confirmed."""
        if plan.changed:
            environment, name = self.params["environment_name"], self.params["project_name"]
            self.teardown.refuse_unproven(environment)
            step = f"This removes the environment {environment} from {platform.node()}:"
            host = self.params["docker_host"]
            confirmation.refuse_unconfirmed(
                self.params,
                step,
                lambda: [f"Compose project {name}", *self.teardown.losses(host)],
                check_mode=self.check_mode,
                warn=self.warn,
            )
        return plan


def _compose_is_there() -> bool:
    return bool(engine_probe.find_program("docker") and engine_probe.find_compose_plugin())


def main() -> None:
    StackModule.main()


if __name__ == "__main__":
    main()
