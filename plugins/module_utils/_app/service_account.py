# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give one run an account of the platform for the seconds in which it needs one.

Some requests of the REST interface require an administrator. No password is kept for that: a row of the table users
exists while a block runs, and the run signs its token itself. The statements run in the container of the backend, which
reaches the database in every topology.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import inspect
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .._core.errors import ApiError
from .._core.redaction import Secret
from .._engine import execution
from . import platform_token, service_account_script

if TYPE_CHECKING:
    from docker.models.containers import Container

TOKEN_SECONDS = 600


def environment_of(container: Container) -> dict[str, str]:
    """Return the variables of a container. They hold secrets."""
    pairs = (text.partition("=") for text in container.attrs["Config"].get("Env") or ())
    return {name: value for name, _equals, value in pairs}


def reader(environment: Mapping[str, str]) -> Secret:
    """Return a token for requests that only read, for which the platform looks no user up."""
    return _token(environment, str(uuid.uuid4()))


@contextmanager
def administrator(container: Container, environment: Mapping[str, str]) -> Iterator[Secret]:
    """Yield the token of an administrator who exists while the block runs. Raises ApiError if there is no row."""
    identifier = str(uuid.uuid4())
    token = _token(environment, identifier)
    _run(container, "add", identifier)
    try:
        yield token
    finally:
        _run(container, "remove", identifier)


def _token(environment: Mapping[str, str], subject: str) -> Secret:
    return platform_token.mint(environment, subject, now=time.time(), seconds=TOKEN_SECONDS)


def _run(container: Container, action: str, identifier: str) -> None:
    program = inspect.getsource(service_account_script)
    done = execution.run(container, ["python3", "-c", program, action, identifier])
    if done.exit_code:
        lines = [line for line in done.text.splitlines() if line.strip()]
        raise ApiError(
            f"Cannot {action} the account of this run through {container.name}: "
            f"{lines[-1][:300] if lines else f'exit code {done.exit_code}'}",
            hint="The backend's image needs python3 with SQLAlchemy, as the platform's own has.",
        )
