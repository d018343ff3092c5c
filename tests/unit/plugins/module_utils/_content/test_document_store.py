# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from unittest.mock import Mock

from ansible_collections.convosphere.platform.plugins.module_utils._app import uploads
from ansible_collections.convosphere.platform.plugins.module_utils._content import document_store
from ansible_collections.convosphere.platform.plugins.module_utils._content.document_files import DocumentFiles
from ansible_collections.convosphere.platform.plugins.module_utils._content.document_objects import DocumentObjects


def test_the_store_is_that_of_the_uploads(monkeypatch):
    found = {}
    for store in (uploads.FILES, uploads.MINIO):
        volume = uploads.Volume(Mock(), "", store)
        monkeypatch.setattr(uploads, "find", lambda *_arguments, volume=volume: volume)
        found[store.name] = document_store.of(Mock(), "", "shop")

    assert (type(found["files"]), type(found["minio"])) == (DocumentFiles, DocumentObjects)
    assert found["files"].address == "local://knowledge-base/documents/"
    assert found["minio"].address == "minio://knowledge-base/documents/"
