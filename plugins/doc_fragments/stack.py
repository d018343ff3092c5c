# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the options that describe the desired stack, for the modules that deploy it and that plan its deploy."""

from __future__ import annotations


class ModuleDocFragment:
    """The files, secrets and images of a stack."""

    DOCUMENTATION = r"""
options:
  files:
    description: The files of the stack, including C(compose.yaml).
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The name of the file, relative to O(project_src) and below it.
        type: str
        required: true
      content:
        description: The whole text of the file. A dictionary or a list is refused, because it would become Python text.
        type: raw
        required: true
      mode:
        description: The permission bits, octal.
        type: str
        default: '0640'
      validate:
        description:
          - How to validate the text before anything is changed, in check mode too. If that fails, the module fails.
          - The command runs in a throwaway container without a network, which has the service's environment and host
            mounts.
          - A file that does not change is not validated, nor is one whose image is not on the host yet.
        type: dict
        suboptions:
          service:
            description: The service of the stack whose image contains the program.
            type: str
            required: true
          command:
            description: The program and its arguments, in which C(%s) stands for the file.
            type: list
            elements: str
            required: true
  secrets:
    description:
      - The variables that C(compose.yaml) refers to as C(${NAME}). They are stored in the file C(.env) in
        O(project_src), mode 0600. A secret that is neither given nor stored is generated once. Values are never
        returned.
      - A secret with which the stack was deployed before is never generated again, because its data needs the old one.
        If C(.env) is missing or lacks it, the module fails before it changes anything, in check mode too.
      - Other variables in that file are kept unchanged.
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
          - The value, a text, which may have several lines. It takes precedence over the one in the file.
          - A number, a boolean, a list or a dictionary is refused, because its text would be another secret.
        type: raw
      derive:
        description:
          - A text from which the value is derived. C({NAME}) stands for another secret, percent-encoded for a URL.
          - C({POSTGRES_LOGIN:-convosphere}) stands for the login role that has the password of the database. The name
            in it is that of the owner of the database, which logs in before the first rotation.
        type: raw
      length:
        description: The length of a generated secret, in letters and digits.
        type: int
        default: 40
  rotate:
    description:
      - The secrets of a rotation that a run in check mode has only predicted, for the plan of a deploy with new values.
      - Without check mode it has no effect. M(convosphere.platform.convosphere_secret_rotation) records the new values.
    type: list
    elements: str
    default: []
  hold_rotation:
    description:
      - Whether to keep the current secrets although a rotation is not finished, and leave that to a later deploy. It is
        needed if M(convosphere.platform.convosphere_secret_rotation) could not prepare the rotation.
    type: bool
    default: false
  external_services:
    description:
      - Services that the environment has elsewhere, for example C(postgres) with a managed database.
      - If O(project_name) has a container of one, or the stack or the kept release defines one, the module fails before
        it changes anything, in check mode too. The data would be left behind, or there would be two of it.
    type: list
    elements: str
    default: []
  allow_standins:
    description:
      - Whether the collection's own stand-in images may be deployed, which carry the label
        C(org.convosphere.sandbox=true). They imitate the platform's API only.
      - With V(false) they are refused before anything is changed, in check mode too.
    type: bool
    default: true
  schema:
    description:
      - The C(schema) that M(convosphere.platform.convosphere_db_migration) returned for the backend's image.
      - It is recorded in the release, so that the next deploy can check without a container whether the database is at
        the revisions that the code needs.
      - It is an error if the stack has the service of the backend with another image. On a host without that service,
        which has the database of backends on other hosts, the release records the schema for all of them.
    type: dict
  schema_image:
    description:
      - The desired image of the backend. If given, the stack is deployed only if the release that serves records the
        revisions of this image and the database is at them. O(schema) is then that of this release.
      - In every other case nothing is checked or changed, and RV(schema_known) is false. Then run
        M(convosphere.platform.convosphere_db_migration), and deploy with the O(schema) that it returns. An unchanged
        deploy does without that.
      - Only with it are O(login_host) and the other options of the connection used.
    type: str
  images_to_come:
    description:
      - The images that other tasks bring to the host before the stack is deployed. In check mode they need not be on
        the host yet; any other missing image is an error, as in a real run.
      - If not given, check mode does not require any image.
    type: list
    elements: str
  edge:
    description:
      - The service through which users reach the platform, a Caddy that mounts the folder of its configuration at
        C(/etc/caddy).
      - A changed file of that folder is loaded by C(caddy reload), without a restart.
        So are its files if the running edge has another configuration, for example after an interrupted run.
    type: dict
    suboptions:
      service:
        description: The name of the service.
        type: str
        default: edge
      config:
        description: The path of the Caddyfile in O(files).
        type: str
        default: edge/Caddyfile
  beside:
    description:
      - The services that are replaced by a new container beside the one that serves. The O(edge) sends requests to the
        containers that C(edge/state/SERVICE.caddy) names, which its Caddyfile has to import.
      - If the edge does not run, or if such a service publishes a port of its own, all services are recreated instead.
    type: list
    elements: dict
    default: []
    suboptions:
      service:
        description: The name of the service.
        type: str
        required: true
      port:
        description: The port at which its container answers.
        type: int
        required: true
      variable:
        description:
          - The variable that names the port of the host in the Compose file, as in
            C("10.0.0.11:${BACKEND_PORT:-18000}:8000"). For an edge on another host, which cannot reach a container by
            its name.
          - Each new container gets a port between O(beside[].first_port) and O(beside[].last_port) that no other
            container of the service has, and keeps it. C(.env) has the last one.
        type: str
      first_port:
        description: The first port of the host. Required with O(beside[].variable).
        type: int
      last_port:
        description: The last port of the host, so that at least two are there. Required with O(beside[].variable).
        type: int
"""
