# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the options of the role stack: what each may be, and which do not go together. No input or output.

The role's argument spec checks types; this checks meaning. What depends on the host (ports that are taken, how many
processors there are) is checked on the host, by convosphere_stack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._app import platform_rules
from ansible_collections.convosphere.platform.plugins.module_utils._core.display import quoted
from ansible_collections.convosphere.platform.plugins.module_utils._core.option_numbers import LEAST_MEMORY
from ansible_collections.convosphere.platform.plugins.module_utils._engine import compose_parser
from ansible_collections.convosphere.platform.plugins.plugin_utils import (
    _edge_routes,
    _managed_database,
    _mcp_server_check,
    _settings_check,
)
from ansible_collections.convosphere.platform.plugins.plugin_utils import _value_checks as checks
from ansible_collections.convosphere.platform.plugins.plugin_utils._value_checks import Check, number

SERVICES = ("agentrepo", "backend", "edge", "frontend", "minio", "postgres", "redis", "weaviate")
#: Variables that the role keeps in .env, which no setting may give in plain text.
SECRETS = (
    "DATABASE_URL",
    "DEFAULT_ADMIN_PASSWORD",
    "MINIO_ACCESS_KEY",
    "MINIO_SECRET_KEY",
    "POSTGRES_PASSWORD",
    "SECRET_KEY",
)

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MEMORY = checks.optional(checks.bytes_of(LEAST_MEMORY, "512m"))

#: What each option of one value may be. Those of yes or no, and of a fixed choice, the argument spec knows.
SINGLE: dict[str, Check] = {
    "stack_directory": checks.path,
    "stack_project_name": checks.matching(
        r"[a-z0-9][a-z0-9_-]{0,62}",
        "give at most 63 lower-case letters, digits, dashes and underscores, beginning with a letter or a digit",
    ),
    "stack_image_archive": checks.optional(checks.path),
    "stack_image_required_bytes": checks.whole(0),
    "stack_version": checks.tag,
    "stack_domain": checks.optional(checks.host_name),
    "stack_acme_email": checks.optional(checks.email),
    "stack_tls_directory": checks.optional(checks.path),
    "stack_private_address": checks.optional(checks.address),
    "stack_http_port": checks.port,
    "stack_https_port": checks.port,
    "stack_api_port": checks.port,
    "stack_postgres_port": checks.port,
    "stack_postgres_user": checks.database_role,
    "stack_postgres_database": checks.database,
    "stack_backup_dir": checks.path,
    "stack_migration_timeout": checks.whole(1, what="a number of seconds"),
    "stack_lock_timeout": checks.whole(1, what="a number of seconds"),
    "stack_idle_transaction_timeout": checks.whole(0, what="a number of seconds"),
    "stack_admin_email": checks.email,
    "stack_admin_username": checks.matching(
        r"[^\s\x00-\x1f$](?:[^\x00-\x1f$]*[^\s\x00-\x1f$])?", "give a name without control characters and '$'"
    ),
    "stack_pids_limit": checks.whole(1),
    "stack_log_max_size": checks.bytes_of(1, "10m"),
    "stack_log_max_file": checks.whole(1),
    "stack_health_interval": checks.duration,
    "stack_wait_timeout": checks.whole(1, what="a number of seconds"),
    "stack_edge_wait": checks.whole(0, what="a number of seconds"),
    "stack_releases_kept": checks.whole(1),
    "stack_health_timeout": checks.whole(0, what="a number of seconds"),
}

#: What each value may be in the options that have one for each service.
OF_SERVICES: dict[str, Check] = {
    "stack_images": checks.image,
    "stack_memory": _MEMORY,
    "stack_cpus": checks.processors,
    "stack_build_contexts": checks.path,
    "stack_private_ports": checks.port,
}

#: The same for the options that have one for each environment variable.
OF_VARIABLES: dict[str, Check] = {
    "stack_settings": checks.setting,
    "stack_secrets": checks.storable,
    "stack_extra_settings": checks.setting,
}

#: What each item may be of the options that are lists.
LISTS: dict[str, Check] = {
    "stack_backend_command": lambda value: None if isinstance(value, str) and value else "quote it, and leave out ''",
    "stack_edge_denied": _edge_routes.reason,
    "stack_edge_allowed": _edge_routes.reason,
    "stack_accept_revisions": checks.matching(r"\S+", "give the id of a revision"),
    "stack_assume_revisions": checks.matching(r"\S+", "give the id of a revision"),
}


def problems(options: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with these options, a sentence each without its final dot. Only given ones are checked.

    No sentence shows a value that may be a secret.
    """
    found = [*_without_value(options), *_wrong_types(options)]
    usable = {name: value for name, value in options.items() if not any(each.startswith(f"{name} ") for each in found)}
    for check in (_single, _of_services, _of_variables, _of_catalogue, _of_lists, _override, _together):
        found += [problem for problem in check(usable) if problem not in found]
    return found


def _without_value(options: Mapping[str, Any]) -> Iterator[str]:
    for name, value in options.items():
        if value is None:
            yield f"{name} has no value: give one, or remove the line so that its default counts"


def _wrong_types(options: Mapping[str, Any]) -> Iterator[str]:
    # Text that only looks like a dictionary may hold secrets: it is not shown.
    for name in (*OF_SERVICES, *OF_VARIABLES, _managed_database.OPTION):
        if options.get(name) is not None and not isinstance(options[name], Mapping):
            yield (
                f"{name} is no dictionary: on a command line it is given as "
                f"""-e '{{"{name}": {{"name": "value"}}}}'"""
            )
    for name in (*LISTS, _mcp_server_check.OPTION):
        if options.get(name) is not None and not isinstance(options[name], (list, tuple)):
            yield f"""{name} is text and no list: on a command line it is given as -e '{{"{name}": ["item"]}}'"""


def _sentence(subject: str, value: Any, reason: str) -> str:
    """Join a problem: a reason that says what is allowed needs the value before it."""
    return (
        f"{subject} {reason}"
        if reason.startswith(("is ", "has ", "contains "))
        else f"{subject} is {quoted(value)}: {reason}"
    )


def _single(options: Mapping[str, Any]) -> Iterator[str]:
    for name, check in SINGLE.items():
        reason = check(options[name]) if name in options else None
        if reason:
            yield _sentence(name, options[name], reason)


def _of_services(options: Mapping[str, Any]) -> Iterator[str]:
    for name, check in OF_SERVICES.items():
        for service, value in options.get(name, {}).items():
            if service not in SERVICES:
                yield f"{name} names the service {quoted(service)}; there are {', '.join(SERVICES)}"
            elif reason := check(value):
                yield _sentence(f"{name} of {service}", value, reason)


def _of_variables(options: Mapping[str, Any]) -> Iterator[str]:
    for name, check in OF_VARIABLES.items():
        for variable, value in options.get(name, {}).items():
            if not _is_variable(variable):
                hint = _settings_check.written(str(variable))
                yield f"{name} has {quoted(variable)}, which cannot be the name of an environment variable{hint}"
            elif name == "stack_secrets" and (value is None or value == ""):
                yield f"stack_secrets has '{variable}' without a value: leave it out, or give one"
            elif reason := check(value):
                yield f"{name}: the value of '{variable}' {reason}"
    secrets = {*SECRETS, *options.get("stack_secrets", {})}
    for variable in options.get("stack_settings", {}):
        if variable in secrets:
            yield f"stack_settings has '{variable}', which is a secret: give it in stack_secrets"


def _of_catalogue(options: Mapping[str, Any]) -> Iterator[str]:
    # Names and values that no container's environment can hold have been reported.
    sound = {
        name: {key: value for key, value in options[name].items() if _is_variable(key) and not check(value)}
        for name, check in OF_VARIABLES.items()
        if name in options
    }
    yield from _settings_check.problems({**options, **sound})


def _is_variable(name: Any) -> bool:
    return isinstance(name, str) and bool(_VARIABLE.fullmatch(name))


def _of_lists(options: Mapping[str, Any]) -> Iterator[str]:
    for name, check in LISTS.items():
        for item in options.get(name, ()):
            if reason := check(item):
                yield f"{name} has {quoted(item)}: {reason}"
    yield from _mcp_server_check.problems(options.get(_mcp_server_check.OPTION, ()))
    twice = set(map(str, options.get("stack_accept_revisions", ()))) & set(
        map(str, options.get("stack_assume_revisions", ()))
    )
    for revision in sorted(twice):
        yield (
            f"stack_accept_revisions and stack_assume_revisions both name {quoted(revision)}: "
            "a revision is either run or only recorded"
        )


def _override(options: Mapping[str, Any]) -> Iterator[str]:
    name = "stack_compose_override"
    given = options.get(name)
    if given is None or isinstance(given, Mapping):
        return
    if not isinstance(given, str):
        yield f"{name} is neither a dictionary nor the text of a Compose file"
        return
    if not given.strip():
        return
    try:
        compose_parser.parse(given)
    except (TypeError, ValueError):  # what the parser says may show a line of the text, and that a secret
        yield (
            f"{name} is text, and not that of a Compose file, which is a dictionary in YAML: check its indentation "
            "with docker compose config"
        )


def _together(options: Mapping[str, Any]) -> Iterator[str]:
    for rule in (_ports, _certificate, _archive, _administrator, _exceptions, _managed_database.problems):
        yield from rule(options)


def _ports(options: Mapping[str, Any]) -> Iterator[str]:
    names = ["stack_http_port", "stack_api_port"]
    if not options.get(_managed_database.OPTION):
        names.append("stack_postgres_port")
    if options.get("stack_domain"):
        names.insert(1, "stack_https_port")
    by_port: dict[int, list[str]] = {}
    private = options.get("stack_private_ports") or {}
    given = {name: options.get(name) for name in names} | {
        f"stack_private_ports.{name}": private[name] for name in private
    }
    for name, value in given.items():
        port = number(value)
        if port is not None:
            by_port.setdefault(port, []).append(name)
    for port, sharing in by_port.items():
        if len(sharing) > 1:
            yield f"{' and '.join(sharing)} are both {port}: each needs a port of its own"


def _certificate(options: Mapping[str, Any]) -> Iterator[str]:
    if options.get("stack_domain") and options.get("stack_tls") == "acme" and options.get("stack_acme_email") == "":
        yield "stack_tls is acme, and stack_acme_email is empty: the authority writes there before a certificate ends"
    if options.get("stack_tls") == "files" and options.get("stack_tls_directory") == "":
        yield "stack_tls is files, and stack_tls_directory is empty: give the directory with tls.crt and tls.key"
    if options.get("stack_tls_directory") and options.get("stack_tls", "files") != "files":
        yield f"stack_tls_directory is not used with stack_tls {options.get('stack_tls')}: set stack_tls to files"


def _archive(options: Mapping[str, Any]) -> Iterator[str]:
    if options.get("stack_image_source") == "load" and options.get("stack_image_archive") == "":
        yield "stack_image_source is load, and stack_image_archive is empty: give the archive that docker save wrote"


def _administrator(options: Mapping[str, Any]) -> Iterator[str]:
    username = options.get("stack_admin_username")
    reason = platform_rules.problem(platform_rules.USER["username"], username) if isinstance(username, str) else None
    if reason:
        yield f"stack_admin_username {reason}"


def _exceptions(options: Mapping[str, Any]) -> Iterator[str]:
    denied, allowed = (list(options.get(f"stack_edge_{name}") or ()) for name in ("denied", "allowed"))
    if any(map(_edge_routes.reason, [*denied, *allowed])):
        return
    for text in _edge_routes.idle(denied, allowed):
        yield f"stack_edge_allowed has {quoted(text)}, which no entry of the deny list covers: docs/edge.md lists them"
