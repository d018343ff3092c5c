# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The defaults that several roles share: directories, the Compose project, and the login to the database.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

ENVIRONMENT = "convosphere_environment"
#: The variable with the address of a managed PostgreSQL, which takes the place of the stack's own.
MANAGED = "stack_managed_database"
_REFERENCE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Default:
    """A value that roles share, and the variable of an inventory or a role that replaces it.

    With a managed database ``variable`` does not count.
    """

    #: A number, or a text in which ``{name}`` is another default or the environment.
    value: Any
    variable: str = ""
    #: The field of the managed database that has the value, if there is one.
    field: str = ""
    #: The value with a managed database that does not give the field; None if it is no other one.
    managed: Any = None


#: By name. The roles environment and stack have some of the values as literal defaults of the variables named here.
DEFAULTS: dict[str, Default] = {
    "environment_root": Default("/opt/convosphere", "environment_root"),
    "backup_root": Default("/var/backups/convosphere", "environment_backup_root"),
    "backup_dir": Default("{backup_root}/{environment}"),
    "runs_file": Default("/var/log/convosphere/{environment}.runs.jsonl", "environment_runs_file"),
    "environment_directory": Default("{environment_root}/{environment}"),
    "stack_directory": Default("{environment_directory}", "stack_directory"),
    "environment_project": Default("convosphere-{environment}"),
    "project_name": Default("{environment_project}", "stack_project_name"),
    "login_container": Default("{project_name}-postgres-1", managed=""),
    "login_env_file": Default("{stack_directory}/.env"),
    "login_host": Default("127.0.0.1", field="host"),
    "login_port": Default(5432, "stack_postgres_port", field="port"),
    "login_user": Default("convosphere", "stack_postgres_user", field="user"),
    "login_db": Default("convosphere", "stack_postgres_database", field="name"),
    "login_ssl_mode": Default("prefer", managed="verify-full"),
    "login_ca": Default("", managed="{stack_directory}/tls/ca.crt"),
    "api_port": Default(8000, "stack_api_port"),
    "api_url": Default("http://127.0.0.1:{api_port}"),
    "wait_timeout": Default(240, "stack_wait_timeout"),
}


def resolve(name: str, lookup: Callable[[str, Any], Any]) -> Any:
    """Return the value of a default.

    ``lookup`` returns the value of a variable, or its second argument if the variable is not set. Raises KeyError for
    an unknown name, and for an environment that is not set.
    """
    if name == "environment":
        value = lookup(ENVIRONMENT, None)
        if not value:
            raise KeyError(ENVIRONMENT)
        return value
    default = DEFAULTS[name]
    value = default.value
    managed = lookup(MANAGED, None) if default.field or default.managed is not None else None
    if managed and isinstance(managed, Mapping):
        if default.field in managed:
            return managed[default.field]
        value = value if default.managed is None else default.managed
    else:
        given = lookup(default.variable, None) if default.variable else None
        if given is not None:
            return given
    if not isinstance(value, str):
        return value
    return _REFERENCE.sub(lambda match: str(resolve(match[1], lookup)), value)
