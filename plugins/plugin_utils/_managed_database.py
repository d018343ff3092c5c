# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the option that describes a managed PostgreSQL, which takes the place of the stack's own. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.display import quoted
from ansible_collections.convosphere.platform.plugins.plugin_utils import _certificates
from ansible_collections.convosphere.platform.plugins.plugin_utils import _value_checks as checks

OPTION = "stack_managed_database"
_LOOPBACK = ("localhost", "localhost.localdomain")
_REQUIRED = {
    "host": "give the name or address of the server, for which its certificate is",
    "ca": "give the certificate of the authority that issued the server's, as PEM text",
}


def host_problem(value: Any) -> str | None:
    """Check the host: a name, or an address, that containers reach."""
    if str(value).lower() in _LOOPBACK or checks.address(value) == "give an address that other hosts can reach":
        return "give a host that containers can reach, and not the loopback address"
    if checks.address(value) is None:
        return None
    return checks.host_name(value)


_CHECKS: Mapping[str, checks.Check] = {
    "host": host_problem,
    "port": checks.port,
    "name": checks.database,
    "user": checks.database_role,
}


def problems(options: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the option, and with the secrets that it needs, a sentence each."""
    given = options.get(OPTION)
    if not given:
        return
    if "password" in given:
        yield f"{OPTION} has a password: give it in stack_secrets, as POSTGRES_PASSWORD"
    unknown = sorted(str(name) for name in given if name not in (*_CHECKS, "ca", "password"))
    if unknown:
        yield f"{OPTION} has {', '.join(map(quoted, unknown))}; there are host, port, name, user, ca"
    for name, allowed in _REQUIRED.items():
        if given.get(name) in (None, ""):
            yield f"{OPTION} has no {name}: {allowed}"
    for name, check in _CHECKS.items():
        if given.get(name, "") not in (None, "") or (name in given and name not in _REQUIRED):
            reason = check(given[name])
            if reason:
                yield f"{OPTION}.{name} is {quoted(given[name])}: {reason}"
    if given.get("ca") not in (None, "") and (reason := _certificates.authority_problem(given["ca"])):
        yield f"{OPTION}.ca {reason}"
    yield from _secrets(options)


def _secrets(options: Mapping[str, Any]) -> Iterator[str]:
    secrets = options.get("stack_secrets")
    if secrets is None:
        return
    if "POSTGRES_PASSWORD" not in secrets:
        yield f"{OPTION} is given, and stack_secrets has no POSTGRES_PASSWORD: give the password of the server's role"
    if "DATABASE_URL" in secrets:
        yield f"stack_secrets has DATABASE_URL beside {OPTION}, from which it is derived: leave it out"
