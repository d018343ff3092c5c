#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_document
short_description: Make a folder the documents of a knowledge base
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Brings the text files of a folder into ConvoSphere as documents of one user, with their chunks, tags and stored
    files, and on request as objects of the class C(Knowledge) in Weaviate.
  - A document is identified by its owner and its source, which is O(source) and the path in the folder. Its content is
    compared by SHA-256. Only documents that differ are written, in one transaction.
  - ConvoSphere 0.1.2 reads none of these tables itself. Its pages of documents and its REST routes for documents and
    tags fail for every row, also for rows that it made. Only the objects in Weaviate can be searched, by every user,
    with C(POST /api/v1/search/knowledge). The documents count in the platform's statistics.
  - Documents of an owner on hold are not deleted (M(convosphere.platform.convosphere_hold)). The run is refused before
    it changes anything. New contents of documents that stay are written as usual.
  - Options that describe documents and are not given do not change them. An empty value, V("") or V([]), clears a
    field.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.database.audit
  - convosphere.platform.engine
  - convosphere.platform.engine.project
  - convosphere.platform.attributes
options:
  environment_name:
    description: The environment of O(project_name). A project of another environment is refused.
    type: str
    required: true
  owner:
    description: The username of the user who owns the documents.
    type: str
    required: true
  folder:
    description:
      - The folder with the documents, on the managed host. Files and folders whose names begin with a dot, and symbolic
        links, are ignored.
      - Files are text in UTF-8, with the extension C(.md), C(.markdown), C(.txt), C(.rst), C(.html), C(.htm), C(.csv)
        or C(.json). Other files that O(patterns) choose are refused, because reading them, such as PDF, takes a
        library.
    type: path
  src:
    description:
      - The same on the controller, O(source) is needed then. The folder is copied to the host for the time of the run,
        also in check mode.
      - A relative path is resolved in the directory in which Ansible was started, then beside the playbook, there in
        C(files/) first.
    type: path
  source:
    description:
      - The name of the folder in the platform, the first part of each document's source. Give it if the path of the
        folder may change.
      - If not given, the path of O(folder).
    type: str
  patterns:
    description: The files of the folder that are documents, by patterns of their paths in the folder or of their names.
    type: list
    elements: str
    default: ["*"]
  exclude:
    description: The files that are no documents although O(patterns) choose them, by patterns as there.
    type: list
    elements: str
    default: []
  description:
    description: The description of the documents.
    type: str
  document_type:
    description: The type of the documents, at most 50 characters.
    type: str
  language:
    description: The language of the documents, for example V(de), at most 10 characters.
    type: str
  author:
    description: The author of the documents, at most 255 characters.
    type: str
  year:
    description: The year of the documents.
    type: int
  keywords:
    description: The keywords of the documents.
    type: list
    elements: str
  tags:
    description:
      - The tags of the documents. The platform keeps tags in lower case, so does this module. Tags that are missing are
        created, and the number of documents that each tag has is kept right.
    type: list
    elements: str
  overrides:
    description:
      - What single documents have otherwise, by their paths in the folder. Each is a dictionary of C(title),
        C(description), C(document_type), C(language), C(author), C(year), C(keywords) and C(tags).
      - Without a C(title) here, the title is the first heading of Markdown or reStructuredText, the title of an HTML
        page, or else the file's name without its extension.
    type: dict
    default: {}
  chunk_size:
    description: The largest number of characters in a chunk, V(100) to V(2000).
    type: int
    default: 500
  chunk_overlap:
    description:
      - The largest number of characters that a chunk repeats of the one before, V(0) to V(500) and at most half of
        O(chunk_size).
    type: int
    default: 50
  weaviate_url:
    description:
      - The URL of Weaviate for the managed host. Each chunk becomes an object of the class C(Knowledge), which the
        platform searches.
      - If not given, no object is written, and documents that have objects cannot be changed or deleted.
      - Objects that were lost in Weaviate itself are not noticed. After a loss, remove the documents and create them
        again.
    type: str
  weaviate_api_key:
    description: The API key of Weaviate.
    type: str
  weaviate_vectorizer:
    description:
      - The module of Weaviate that makes the vectors, for example V(text2vec-transformers). It must be enabled in
        Weaviate.
      - Needed if the class C(Knowledge) does not exist. It is created then, and never changed later.
    type: str
  state:
    description:
      - V(present) creates and changes the documents of the folder.
      - V(absent) deletes all documents of this owner and source that this module made, whether the folder exists or
        not.
    type: str
    choices: [present, absent]
    default: present
  prune:
    description: >-
      Whether to delete the documents of this owner and source that this module created and the folder lacks now. It
      keeps marks of them in the schema C(convosphere_platform). A folder without documents is refused.
    type: bool
    default: false
  prune_limit:
    description: The largest number of documents that O(prune) may delete. More are refused.
    type: int
    default: 10
  planned:
    description: >-
      What earlier tasks would do in check mode. V(tags) has the names of tags by id that would be created or renamed,
      V(removed) the ids of those that would be removed: RV(convosphere.platform.convosphere_tag#module:new_names).
    type: dict
notes:
  - The files are stored in the volume of the backend's uploads, or as objects of the platform's MinIO, which must be on
    the managed host.
  - Tokens are estimated as a quarter of the characters.
requirements:
  - boto3 >= 1.20.34 for a platform with MinIO (Debian and Ubuntu package python3-boto3)
seealso:
  - module: convosphere.platform.convosphere_user
"""

EXAMPLES = r"""
- name: Make a handbook a knowledge base
  convosphere.platform.convosphere_document:
    login_env_file: /opt/convosphere/prod/.env
    environment_name: prod
    project_name: convosphere-prod
    owner: librarian
    folder: /srv/handbook
    source: handbook
    patterns: ["*.md", "*.html"]
    language: de
    tags: [handbook]
    overrides:
      travel/expenses.md:
        title: Reisekosten
        tags: [handbook, travel]
    prune: true

- name: Make a folder beside the playbook a knowledge base
  convosphere.platform.convosphere_document:
    login_env_file: /opt/convosphere/prod/.env
    environment_name: prod
    project_name: convosphere-prod
    owner: librarian
    src: content/handbook
    source: handbook

- name: Have the platform search it too
  convosphere.platform.convosphere_document:
    login_env_file: /opt/convosphere/prod/.env
    environment_name: prod
    project_name: convosphere-prod
    owner: librarian
    folder: /srv/handbook
    source: handbook
    weaviate_url: http://127.0.0.1:18081
    weaviate_api_key: "{{ vault_weaviate_api_key }}"
    weaviate_vectorizer: text2vec-transformers

- name: Remove it from the platform
  convosphere.platform.convosphere_document:
    login_env_file: /opt/convosphere/prod/.env
    environment_name: prod
    project_name: convosphere-prod
    owner: librarian
    source: handbook
    state: absent
"""

RETURN = r"""
created:
  description: The paths in the folder of the documents that were created.
  returned: success
  type: list
  elements: str
  sample: [travel/expenses.md]
updated:
  description: The changed fields, by the path in the folder.
  returned: success
  type: dict
  sample: {index.md: [file_size, sha256]}
deleted:
  description: The paths of the documents that were deleted.
  returned: success
  type: list
  elements: str
pruned:
  description: Those of RV(deleted) that O(prune) deleted.
  returned: success
  type: list
  elements: str
unchanged:
  description: The paths in the folder of the documents that did not change.
  returned: success
  type: list
  elements: str
ids:
  description: The ids of the documents that exist afterwards, by the path in the folder. Check mode predicts them.
  returned: success
  type: dict
  sample: {index.md: 0b7c8e1e-6f53-5b7c-a1b0-0d6f0f6a7c11}
deleted_ids:
  description: The ids of RV(deleted), in the same order.
  returned: success
  type: list
  elements: str
new_names:
  description: The titles that documents would get, by id, for O(planned) of a later task.
  returned: in check mode
  type: dict
"""

from ansible_collections.convosphere.platform.plugins.module_utils._app.audit_log import AUDIT_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._content.document_run import DocumentWork
from ansible_collections.convosphere.platform.plugins.module_utils._content.document_spec import (
    DOCUMENT_OPTIONS,
    PLANNED_OPTION,
)
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._engine.client import PROJECT_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._host.environment_directory import ENVIRONMENT_OPTION
from ansible_collections.convosphere.platform.plugins.module_utils._people import holds
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import DATABASE_OPTIONS


class DocumentModule(ConvosphereModule):
    """The documents of one folder."""

    argument_spec = {
        **DATABASE_OPTIONS,
        **AUDIT_OPTIONS,
        **PROJECT_OPTIONS,
        **ENVIRONMENT_OPTION,
        **DOCUMENT_OPTIONS,
        **PLANNED_OPTION,
    }
    rules = {
        "mutually_exclusive": [("folder", "src")],
        "required_by": {"src": ["source"]},
        "required_if": [("state", "present", ("folder", "src"), True), ("state", "absent", ("folder", "source"), True)],
    }
    may_be_empty = frozenset({"description", "document_type", "language", "author"})

    def build(self) -> Work:
        """Return the work on the documents."""
        return DocumentWork(self.invocation, holds.held)


def main() -> None:
    DocumentModule.main()


if __name__ == "__main__":
    main()
