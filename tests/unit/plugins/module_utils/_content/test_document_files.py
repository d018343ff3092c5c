# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._app import uploads
from ansible_collections.convosphere.platform.plugins.module_utils._content import document_files
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError


def test_uploads_in_minio_are_refused(monkeypatch):
    # A platform with MinIO takes another service, for one message.
    volume = uploads.Volume(Mock(), "", uploads.MINIO)
    monkeypatch.setattr(uploads, "find", lambda *_arguments: volume)

    with pytest.raises(InputError, match="The backend of shop stores its uploads in MinIO"):
        document_files.DocumentFiles.of(Mock(), "", "shop")
