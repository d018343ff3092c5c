#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_person_export
short_description: Export everything that ConvoSphere has about one person
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Writes one tar archive for a person who asks what is stored. It has the rows of every table that belong to the
    user, the rows of others that name the user in a text, uploaded files, objects of the vector store, a manifest
    and checksums.
  - C(rows) in the archive has what belongs to the person, C(mentions) texts of others with the id or the address of
    the person. Read C(mentions) before you hand it on. It may have what is private to others.
  - The hash of the password, the token of a new password and the tokens of invitations are left out.
  - The database is read in one transaction, so that all rows are of the same time.
extends_documentation_fragment:
  - convosphere.platform.ownership
  - convosphere.platform.database
  - convosphere.platform.attributes
attributes:
  idempotent:
    description: A second run writes the archive again.
    support: none
options:
  user:
    description: The e-mail address or the id of the person.
    type: str
    required: true
  path:
    description:
      - The archive on the managed host, in an existing directory. An existing file is replaced in one step.
      - Exactly one of this and O(fetch_to) is needed.
    type: path
  fetch_to:
    description:
      - An existing directory on the controller, or a path in one, for the archive. It gets the mode C(0600). Nothing
        stays on the managed host.
      - The archive passes through the memory of the controller. Leave a large one on the host with O(path).
    type: str
  project_name:
    description:
      - The name of the Compose project with the uploaded files and the vector store, for example V(convosphere-prod).
      - Without it the archive has neither.
    type: str
  docker_host:
    description: The URL of the Docker Engine.
    type: str
    default: unix:///var/run/docker.sock
  image:
    description: An image of the backend, for a host without a container of it.
    type: str
  weaviate_api_key:
    description: The API key of the vector store, if it requires one. If not given, the first one that it allows.
    type: str
requirements:
  - Docker SDK for Python >= 5.0.3 with O(project_name) (Debian and Ubuntu package python3-docker)
  - requests, with O(project_name) (Debian and Ubuntu package python3-requests)
seealso:
  - module: convosphere.platform.convosphere_person_erasure
"""

EXAMPLES = r"""
- name: Export a person
  convosphere.platform.convosphere_person_export:
    environment_name: prod
    login_env_file: /opt/convosphere/prod/.env
    user: ada@example.com
    project_name: convosphere-prod
    fetch_to: ~/requests
"""

RETURN = r"""
path:
  description: The archive, on the controller with O(fetch_to).
  returned: success
  type: str
  sample: /home/eve/requests/prod-person.tar
rows:
  description: The numbers of rows that belong to the person, by table.
  returned: success
  type: dict
  sample: {"messages": 1200, "conversations": 40, "users": 1}
mentions:
  description: The numbers of rows of others that name the person, by table.
  returned: success
  type: dict
  sample: {"messages": 2}
files:
  description: The number of uploaded files.
  returned: success
  type: int
  sample: 12
objects:
  description: The number of objects of the vector store.
  returned: success
  type: int
  sample: 12
missing_files:
  description: The files that the archive lacks, each with the reason. Files in MinIO are only named.
  returned: success
  type: list
  elements: str
bytes:
  description: The size of the archive. Null in check mode.
  returned: success
  type: int
  sample: 40321
sha256:
  description: Its checksum. Null in check mode.
  returned: success
  type: str
"""

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._people.export_run import EXPORT_OPTIONS, ExportWork


class PersonExportModule(ConvosphereModule):
    """The archive of one person."""

    argument_spec = EXPORT_OPTIONS
    rules = {"required_one_of": [("path", "fetch_to")], "mutually_exclusive": [("path", "fetch_to")]}

    def build(self) -> Work:
        """Return the export."""
        return ExportWork(self.invocation)


def main() -> None:
    PersonExportModule.main()


if __name__ == "__main__":
    main()
