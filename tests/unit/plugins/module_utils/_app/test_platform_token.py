# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import json

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._app.platform_token import mint
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError


def test_a_token_is_signed_as_the_standard_says():
    # Computed with PyJWT 2.10: jwt.encode({"sub": "someone", "exp": 1060}, "k" * 32, algorithm="HS256")
    token = mint({"SECRET_KEY": "k" * 32}, "someone", now=1000, seconds=60)

    header, payload, signature = (json_of(part) if index < 2 else part for index, part in enumerate(token.split(".")))
    assert header == {"alg": "HS256", "typ": "JWT"}
    assert payload == {"sub": "someone", "exp": 1060}
    assert signature == "u5MZoZidNJl6cfSMU48gy6COF8TtyLie_wY73dM3cI0"
    assert repr(token) == "********"


def json_of(part: str) -> object:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_the_algorithm_is_that_of_the_backend():
    token = mint({"SECRET_KEY": "k" * 32, "JWT_ALGORITHM": "HS512"}, "someone", now=0, seconds=1)

    assert json_of(token.split(".")[0]) == {"alg": "HS512", "typ": "JWT"}
    assert len(token.split(".")[2]) == 86


@pytest.mark.parametrize(
    ("environment", "message"),
    [({}, "has no SECRET_KEY"), ({"SECRET_KEY": "k", "JWT_ALGORITHM": "RS256"}, "JWT_ALGORITHM=RS256, which")],
)
def test_a_backend_without_a_usable_key_is_refused(environment, message):
    with pytest.raises(InputError, match=message):
        mint(environment, "someone", now=0, seconds=1)
