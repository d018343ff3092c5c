# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the role and the password with which a module connects: those of the options, or those of a stack.

A stack has two login roles, of which one has the password: the owner of the database and a member of it. A rotation
gives the other one a new password, so that for a while both can connect. The file ``.env`` names the one that counts,
in DATABASE_URL.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from .._core import dotenv, files
from .._core.errors import InputError

PASSWORD, URL = "POSTGRES_PASSWORD", "DATABASE_URL"
_LONGEST = 63  # of a name in PostgreSQL


def logins(owner: str) -> tuple[str, str]:
    """Return the two login roles of a stack: the owner of its database, and the member of it."""
    return owner, f"{owner[: _LONGEST - 2]}_2"


def other(owner: str, login: str) -> str:
    """Return the login role that is not this one."""
    return next(name for name in logins(owner) if name != login)


def login_of(variables: Mapping[str, str], owner: str) -> str:
    """Return the login role that has the password in these variables of a stack."""
    try:
        url = urlsplit(variables.get(URL, ""))
        user, password = unquote(url.username or ""), unquote(url.password or "")
    except ValueError:
        return owner
    return user if user in logins(owner) and password == variables.get(PASSWORD) else owner


def find(params: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return the role, and its password or None if libpq is to find it.

    They are login_user and login_password; without a password, the login role of ``login_env_file`` and its password.
    """
    if params["login_password"] is not None or not params["login_env_file"]:
        return params["login_user"], params["login_password"]
    path = Path(params["login_env_file"])
    text = files.read_text(path)
    variables = dotenv.parse(text or "")
    found = variables.get(PASSWORD)
    if found is None:
        raise InputError(
            f"There is no {PASSWORD} in {path}" if text is not None else f"There is no file {path}",
            hint="Deploy the environment first, which writes it, or set login_password.",
        )
    return login_of(variables, params["login_user"]), str(found)
