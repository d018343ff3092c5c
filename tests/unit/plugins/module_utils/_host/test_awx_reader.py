# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ApiError
from ansible_collections.convosphere.platform.plugins.module_utils._host.awx_reader import Client

OPTIONS: dict[str, Any] = {
    "controller_host": "https://awx.example.com/",
    "controller_username": "ada",
    "controller_password": "",
    "controller_oauthtoken": "planted",
    "request_timeout": 1,
    "validate_certs": True,
}


@pytest.mark.parametrize("answer", [{"detail": "hello"}, ["x"], None])
def test_another_server_than_awx_is_named(monkeypatch, answer):
    monkeypatch.setattr(Client, "get", lambda *_path, **_query: answer)

    with pytest.raises(ApiError, match=r"https://awx\.example\.com does not answer as AWX does"):
        list(Client(OPTIONS).all("schedules/"))
