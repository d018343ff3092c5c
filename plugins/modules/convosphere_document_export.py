#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_document_export
short_description: Export the documents of a knowledge base as folders
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Returns the folders that M(convosphere.platform.convosphere_document) has brought into ConvoSphere, in the form of
    its options, and writes their files to a directory on the controller. Only files that differ are brought.
  - Each file is compared with the SHA-256 that was noted when it was stored. One that is lost, or has another content,
    is returned in RV(not_exported), as are documents that came from elsewhere.
  - The database is only read.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.engine
  - convosphere.platform.engine.project
  - convosphere.platform.attributes
options:
  environment_name:
    description: The environment of O(project_name). The files of a project of another environment are not read.
    type: str
    required: true
  dest:
    description:
      - A directory on the controller for the folders, one for each source and owner. It is created.
      - A file gets the mode C(0600), and replaces another one in one step. Nothing is deleted, and no link is followed.
        Files that belong to no document any more are returned in RV(unused).
      - Without this and O(archive) no file is read.
    type: str
  max_mib:
    description: How many MiB of files O(dest) takes in one run. More are refused before any file is written.
    type: int
    default: 1024
  archive:
    description:
      - Instead of O(dest), a tar archive on the managed host, whose files have the ids of their documents as names. It
        is written in each run.
    type: path
  ids:
    description: Only these documents are in O(archive), by id. If not given, all.
    type: list
    elements: str
attributes:
  check_mode:
    details: No stored file is read, so that one with another content than the noted one counts as written.
    support: partial
  idempotent:
    description: With O(archive) each run writes the archive.
    support: partial
requirements:
  - boto3 >= 1.20.34 for a platform with MinIO (Debian and Ubuntu package python3-boto3)
seealso:
  - module: convosphere.platform.convosphere_document
  - module: convosphere.platform.convosphere_content_info
"""

EXAMPLES = r"""
- name: Export the documents to files on the controller
  convosphere.platform.convosphere_document_export:
    login_env_file: /opt/convosphere/prod/.env
    environment_name: prod
    project_name: convosphere-prod
    dest: content/documents
  register: found

- name: Show what is not exported
  ansible.builtin.debug:
    var: found.not_exported
"""

RETURN = r"""
folders:
  description: The folders in the form of the options of M(convosphere.platform.convosphere_document), sorted by source.
  returned: success
  type: list
  elements: dict
  sample:
    - source: handbook
      owner: ada
      src: documents/handbook.ada
      tags: [faq]
      chunk_size: 500
      chunk_overlap: 50
documents:
  description: The documents of the folders, with the id, the path in the folder and the SHA-256 of each.
  returned: success
  type: list
  elements: dict
not_exported:
  description: The documents that are not exported, by owner and reason. RV(not_exported[].names) has five of them.
  returned: success
  type: list
  elements: dict
  contains:
    owner:
      description: The username of their owner.
      type: str
    reason:
      description: Why they are not exported.
      type: str
    count:
      description: The number of documents.
      type: int
    names:
      description: Their sources or titles, at most five.
      type: list
      elements: str
  sample:
    - owner: ada
      reason: convosphere_document did not write them, for example because they were uploaded in the user interface
      count: 2
      names: [Expenses, Travel]
lost:
  description: >-
    The documents among these whose folders are known, with source, owner and name. Their files of an earlier export
    are not RV(unused): apply the folder again, and they are stored again.
  returned: success
  type: list
  elements: dict
remarks:
  description: What a list of these folders does not have, such as the API key of a vector store.
  returned: success
  type: list
  elements: str
written:
  description: The files that were written, by their paths on the controller.
  returned: with O(dest)
  type: list
  elements: str
unused:
  description: The files in O(dest) that belong to no document.
  returned: with O(dest)
  type: list
  elements: str
"""

from ansible_collections.convosphere.platform.plugins.module_utils._content.document_export_run import DocumentExport
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._engine.client import PROJECT_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._host.environment_directory import ENVIRONMENT_OPTION
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import DATABASE_OPTIONS


class DocumentExportModule(ConvosphereModule):
    """The folders of documents. The action plugin brings their files to ``dest``."""

    argument_spec = {
        **DATABASE_OPTIONS,
        **PROJECT_OPTIONS,
        **ENVIRONMENT_OPTION,
        "dest": {"type": "str"},
        "max_mib": {"type": "int", "default": 1024},
        "archive": {"type": "path"},
        "ids": {"type": "list", "elements": "str"},
    }
    rules = {"mutually_exclusive": [("dest", "archive")], "required_by": {"ids": ["archive"]}}

    def build(self) -> Work:
        """Return the export."""
        return DocumentExport(self.invocation)


def main() -> None:
    DocumentExportModule.main()


if __name__ == "__main__":
    main()
