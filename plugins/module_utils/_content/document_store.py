# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find where a platform keeps the files of documents: in the volume of the backend, or in MinIO.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Union

from .._app import uploads
from .document_files import DocumentFiles
from .document_objects import DocumentObjects

if TYPE_CHECKING:
    from docker import DockerClient

DocumentStore = Union[DocumentFiles, DocumentObjects]


def of(client: DockerClient, docker_host: str, project_name: str) -> DocumentStore:
    """Return the store of a project, by the setting of its backend. Raises InputError without a container of it."""
    volume = uploads.find(client, project_name, docker_host)
    return DocumentObjects(volume.container) if volume.store is uploads.MINIO else DocumentFiles(volume)
