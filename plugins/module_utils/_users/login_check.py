# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log users in through the platform's REST interface, within its rate limit.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._app.api_client import Answer, Api
from .._core.errors import ApiError

#: The platform allows so many logins in five minutes from one address. A refused one counts too.
LIMIT = 5


def verify(params: Mapping[str, Any], credentials: Sequence[tuple[str, str, str]]) -> dict[str, list[str]]:
    """Log in with each (email, username, password), at most LIMIT of them.

    Returns the emails that are ``verified`` and ``untried``. Raises ApiError, which names refused ones.
    """
    api = Api.of(params)
    verified: list[str] = []
    refused: list[str] = []
    untried = [email for email, _username, _password in credentials]
    for email, username, password in credentials[:LIMIT]:
        # By the username, because the platform refuses emails of special domains such as .local at its login.
        answer = api.post("/api/v1/auth/login", {"username": username, "password": password})
        if answer.status == 429:
            break
        untried.remove(email)
        if _has_token(answer):
            verified.append(email)
        else:
            refused.append(f"{email} ({answer.status})")
    if refused:
        raise ApiError(
            f"The users were changed, but the platform refuses the login of {', '.join(refused)}",
            hint="Only users with status active may log in. Is api_url that of the same environment as the database?",
            verified=verified,
            refused=refused,
            untried=untried,
        )
    return {"verified": verified, "untried": untried}


def _has_token(answer: Answer) -> bool:
    return answer.status == 200 and bool(answer.json().get("access_token"))
