# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments whose backend is ConvoSphere's own, from an image that CONVOSPHERE_REAL_BACKEND names.

Build the image by hand: no registry has one. It starts without a Weaviate, with TESTING=1. All other
images may be stand-ins.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from support.content_routes import ROUTES
from support.environment import Environment, environment
from support.rotation import values
from support.tokens import sign

VARIABLE = "CONVOSPHERE_REAL_BACKEND"
#: The lists of content, and those that everything else depends on.
LISTS = sorted(
    {route.path for route in ROUTES if route.shown and route.place.endswith("[]") and "?" not in route.path}
    | {"/knowledge/settings", "/mcp/servers", "/mcp/tools", "/users/"}
)
#: Users of each role. The content of content_file belongs to the first, and names the second.
USERS = [
    {"email": "ada@example.com", "username": "ada", "role": "user", "password": "planted-Password-of-ada-1"},
    {"email": "bob@example.com", "username": "bob", "role": "manager"},
    {"email": "root@example.com", "username": "root", "role": "super_admin"},
]


def image() -> str:
    """Return the image of the backend; raise AssertionError with the next action without one."""
    found = os.environ.get(VARIABLE, "")
    assert found, (
        f"{VARIABLE} is not set. These tests need an image of ConvoSphere's own backend: set {VARIABLE}=<image>, or "
        "leave them out with -k 'not real_backend'."
    )
    return found


@contextmanager
def real_environment(name: str, folder: Path, **more: Any) -> Iterator[Environment]:
    """Yield an environment with the real backend, deployed, that has users of every role."""
    variables = {
        "stack_image_source": "pull",
        "stack_pull": "missing",
        "stack_allow_standins": True,
        "stack_images": {"backend": image()},
        "stack_debug": True,
        "stack_settings": {"TESTING": "1"},
        "maintenance_lock": str(folder / "maintenance"),
        **more,
    }
    with environment(name, folder, variables) as found:
        found.run("deploy.yml").succeeded()
        found.run("users.yml", extra_vars={"users_list": USERS}).succeeded()
        yield found


def ask(env: Environment, path: str, user: str = "admin") -> tuple[int, Any]:
    """Return status and answer of a route of the API to a user, by username."""
    return _get(env, path, _tokens(env)[user])


def failing_lists(env: Environment) -> list[str]:
    """Return the lists that do not answer 200, by user."""
    answers = ((user, path, _get(env, path, token)[0]) for user, token in _tokens(env).items() for path in LISTS)
    return [f"{path} as {user}: {status}" for user, path, status in answers if status != 200]


def _tokens(env: Environment) -> dict[str, str]:
    """Return a token of each user, by username."""
    rows = (line.split("|") for line in env.sql("SELECT username, id FROM users").splitlines())
    key = values(env)["SECRET_KEY"]
    return {name: sign(identifier, key) for name, identifier in rows}


def _get(env: Environment, path: str, token: str) -> tuple[int, Any]:
    # A connection of its own: the platform resets one on which it answered 500.
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.get(f"http://127.0.0.1:{env.api_port}/api/v1{path}", headers=headers, timeout=30)
    try:
        return answer.status_code, answer.json()
    except ValueError:
        return answer.status_code, answer.text
