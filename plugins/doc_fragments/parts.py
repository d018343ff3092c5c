# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the options for the components of a backup beside the database."""

from __future__ import annotations


class ModuleDocFragment:
    """Document the place of uploads and vectors, and how writes are paused."""

    DOCUMENTATION = r"""
options:
  project_name:
    description:
      - The name of the Compose project, for example V(convosphere-prod), whose service C(backend) keeps the uploads in
        C(/app/uploads), or C(minio) in C(/data), and whose service C(weaviate) keeps the vectors.
      - Required for uploads and vectors.
    type: str
  freeze:
    description:
      - Pause the backend while uploads are read and the vector store writes its backup, so that all components are
        consistent. Requests wait meanwhile and do not fail, unless a proxy reaches its timeout. The snapshot of the
        database takes only an instant of that time, and is dumped afterwards. MinIO is paused too while it is read.
      - A guard process resumes the backend when the run ends, also if it is interrupted.
      - With V(false) nothing waits, and the uploads may have a file that the database does not know yet, or lack one
        that it knows.
      - Ignored for a backup of the database alone, which is always consistent.
    type: bool
    default: true
  freeze_timeout:
    description:
      - How many seconds the backend may be paused, and the vector store may take to write its backup.
      - After that time the backend resumes and the backup fails.
    type: int
    default: 600
  freeze_elsewhere:
    description:
      - The path of a file, below C(/run), by which this module and the run talk to each other if backends run on other
        hosts, such as V(/run/convosphere/prod.freeze-4711). Set it for a task with C(async) only. Each run needs a path
        of its own. Those that differ from it only in what follows the last dash are of earlier runs, and are removed.
      - The module writes the path with C(.backup) appended. It says C(ready) when backends may be paused, C(read) when
        they may go on, and C(over) at its end.
      - The run then writes the path with C(.run) appended, in JSON. First C(paused), a list of the paused containers,
        and at the end C(problem), an empty text if all of them stood still until then, or the reason why the backup is
        not valid. Without an answer within two minutes there is no backup.
      - Ignored if O(freeze) does not pause anything.
    type: path
  weaviate_api_key:
    description: The API key of the vector store, if it requires one. If not given, the first one that it allows.
    type: str
requirements:
  - Docker SDK for Python >= 5.0.3 for uploads and vectors (Debian and Ubuntu package python3-docker)
  - requests, for vectors (Debian and Ubuntu package python3-requests)
"""
