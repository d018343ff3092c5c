# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._app import weaviate


@pytest.mark.parametrize(
    ("variables", "key"),
    [(["AUTHENTICATION_APIKEY_ALLOWED_KEYS=first-key,second"], "first-key"), (["OTHER=x"], None), (None, None)],
)
def test_without_a_key_the_first_one_that_the_store_allows_is_used(variables, key):
    container = Mock(attrs={"Config": {"Env": variables}})

    assert weaviate._key(container) == key
