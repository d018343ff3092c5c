#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_release_info
short_description: List the kept releases of a stack
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Lists the releases that M(convosphere.platform.convosphere_stack) recorded, newest first, each with its images, its
    schema, who deployed it and when.
  - Reports whether a release is complete on the host, and whether a rollback to it is possible. A rollback never
    downgrades the schema of the database.
  - The database is queried only if a release needs another schema than the one that serves.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.database.published
  - convosphere.platform.engine
  - convosphere.platform.engine.project
  - convosphere.platform.attributes.info
options:
  project_src:
    description: The directory of the stack on the host.
    type: path
    required: true
  release:
    description:
      - The release to return as RV(target), by its id, or V(previous). The module fails if there is no such release.
      - V(previous) is the newest release from before the one that serves of which every file and image is on the host.
        If none is complete, the newest one from before. After a rollback, the releases from before the restored one
        count, so that a second rollback restores an older release.
    type: str
  backup_dir:
    description: The directory of the backups on the host, to find the one to restore if the schema forbids a rollback.
    type: path
seealso:
  - module: convosphere.platform.convosphere_stack
  - module: convosphere.platform.convosphere_prune
"""

EXAMPLES = r"""
- name: List the releases
  convosphere.platform.convosphere_release_info:
    project_name: convosphere-prod
    project_src: /opt/convosphere/prod
    login_service: postgres
    login_env_file: /opt/convosphere/prod/.env
    backup_dir: /var/backups/convosphere/prod
  register: found

- name: Show those that a rollback can restore
  ansible.builtin.debug:
    msg: "{{ found.releases | selectattr('complete') | selectattr('refusal', 'none') | map(attribute='id') }}"
"""

RETURN = r"""
releases:
  description: The kept releases, newest first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id, which sorts by time.
      type: str
      sample: 20261123T114500123Z
    environment:
      description: Its environment.
      type: str
      sample: prod
    released_at:
      description: The time of the deploy.
      type: str
      sample: "2026-11-23T11:45:00+00:00"
    released_by:
      description: The name of the operator.
      type: str
      sample: alice
    restored_from:
      description: The release that this one restored, if it was a rollback; otherwise null.
      type: str
    rolled_back_from:
      description: The release that served before that rollback; otherwise null.
      type: str
    images:
      description: The image of each service.
      type: list
      elements: dict
      contains:
        service:
          description: The name of the service.
          type: str
          sample: backend
        reference:
          description: The reference by which it was deployed.
          type: str
          sample: ghcr.io/convosphere/convosphere/backend:0.1.2-beta
        image_id:
          description: The first 12 digits of its id.
          type: str
          sample: 0283efa179da
        present:
          description: Whether the host has the image with that id.
          type: bool
    files:
      description: The first digits of the sha256 of each of its files.
      type: dict
      sample: {compose.yaml: 3f1c2a9be001}
    schema_revisions:
      description: The revisions of the database that its code needs; null if they were not recorded.
      type: list
      elements: str
    serves:
      description: Whether it is the release that serves.
      type: bool
    complete:
      description: Whether every file and image is on the host.
      type: bool
    missing:
      description: What is missing.
      type: list
      elements: str
      sample: ["image redis:7-alpine@0283efa179da of redis"]
    images_to_bring:
      description:
        - Its missing images for M(convosphere.platform.convosphere_image). An image whose reference means another image
          by now is not among them.
      type: list
      elements: dict
      sample: [{"name": "redis:7-alpine"}]
    refusal:
      description: Why a rollback to it is refused, and the next action; null if it is possible once nothing is missing.
      type: str
    backup:
      description: The id of the backup to restore before; null if none has to be restored, or none is suitable.
      type: str
target:
  description:
    - The release that O(release) names, with the same fields; null if it is not given.
  returned: success
  type: dict
"""

from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._backup import release_report
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._engine import client as engine_client
from ansible_collections.convosphere.platform.plugins.module_utils._engine import project as engine_project
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import DATABASE_OPTIONS


class ReleaseInfoModule(InfoModule):
    """The kept releases of one stack."""

    argument_spec = {
        **DATABASE_OPTIONS,
        **engine_project.PUBLISHED_OPTIONS,
        **engine_client.PROJECT_OPTIONS,
        "project_src": {"type": "path", "required": True},
        "release": {"type": "str"},
        "backup_dir": {"type": "path"},
    }

    def report(self) -> dict[str, Any]:
        """Return the releases, and the one that the options name."""
        connect = engine_client.connect_if_there if self.check_mode else engine_client.connect
        return release_report.report(connect(self.params["docker_host"], self.params["timeout"]), self.params)


def main() -> None:
    ReleaseInfoModule.main()


if __name__ == "__main__":
    main()
