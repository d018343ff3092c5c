# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the values to mask in what is read of a stack: those of its files, of its containers, and of a rotation.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core.errors import ConvosphereError
from .._core.redaction import SHORTEST, by_form
from .._engine import compose_parser
from .._host import served_release
from . import secret_record
from .secrets import variables_in

if TYPE_CHECKING:
    from docker.models.containers import Container

#: The names of variables that hold a secret.
_SECRET_NAME = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|KEY\b|_DSN\b", re.IGNORECASE)


def is_secret_name(name: str) -> bool:
    """Return whether a variable of that name holds a secret."""
    return bool(_SECRET_NAME.search(name))


def of_stack(directory: Path | None, containers: Sequence[Container]) -> list[str]:
    """Return the values to mask in the logs of a stack: its secrets now, and those with which its containers run.

    Those of a rotation that is not finished are among them. Of other variables only long values count, as in
    ``Secrets.values``. A file that cannot be read is no error, and does not keep the others from being read.
    """
    variables: Mapping[str, str] = {}
    named: set[str] = set()
    values: set[str] = set()
    if directory:
        with suppress(ConvosphereError):
            variables = variables_in(directory)
        with suppress(ConvosphereError):
            named = set((served_release.current(directory / "releases") or {}).get("secrets") or [])
        with suppress(ConvosphereError):
            rotation = secret_record.of_project(directory).rotation
            several = (rotation.values, rotation.extra, rotation.previous) if rotation else ()
            values = {str(value) for each in several for value in each.values()}
    values |= {str(value) for name, value in variables.items() if name in named or len(value) >= SHORTEST}
    for container in containers:
        for assignment in container.attrs["Config"].get("Env") or ():
            name, _equals, value = assignment.partition("=")
            values |= {found for found in by_form(value) if len(found) >= SHORTEST}
            if name in named or (len(value) >= SHORTEST and (name in variables or is_secret_name(name))):
                values.add(value)
    return sorted(values - {""})


def in_compose_file(text: str) -> set[str]:
    """Return the values that a Compose file itself gives to variables which hold a secret; only long ones count.

    Empty for another file, and without PyYAML. A reference such as ``${NAME}`` is no value.
    """
    try:
        services = (compose_parser.parse(text) or {}).values()
    except (ImportError, TypeError, ValueError):
        return set()
    found = {
        value.replace("$$", "$")
        for service in services
        for name, value in _assignments(_untagged(service))
        if is_secret_name(name) and "$" not in value.replace("$$", "")
    }
    return {value for value in found if len(value) >= SHORTEST}


def _assignments(service: Any) -> Iterator[tuple[str, str]]:
    """Yield the variables of a service with their values; Compose allows a dictionary and a list."""
    given = _untagged(service.get("environment")) if isinstance(service, Mapping) else None
    if isinstance(given, Mapping):
        yield from ((str(name), str(value)) for name, value in given.items())
    elif isinstance(given, list):
        for each in given:
            name, _equals, value = str(each).partition("=")
            yield name, value


def _untagged(value: Any) -> Any:
    """Return the value below a tag of Compose such as ``!override``."""
    return getattr(value, "value", value)
