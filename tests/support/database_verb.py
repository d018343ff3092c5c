# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a playbook that needs nothing of an environment but its database, which is one of a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.platform_database import PlatformDatabase
from support.playbook import ROOT, PlaybookRun, run_playbook
from support.sandbox import DATABASE_KEY

_INVENTORY = """\
all:
  children:
    {name}:
      vars: {{convosphere_environment: {name}, ansible_python_interpreter: /usr/bin/python3}}
      hosts: {{{name}-local: {{ansible_connection: local}}}}
    edge: {{hosts: {{{name}-local: }}}}
    app: {{hosts: {{{name}-local: }}}}
    database: {{hosts: {{{name}-local: }}}}
"""


def database_verb(folder: Path, database: PlatformDatabase, role: str, env: str) -> Callable[..., PlaybookRun]:
    """Return a function that runs a playbook in an environment of its own, with the variables of a role's login."""
    inventory = folder / "inventory.yml"
    inventory.write_text(_INVENTORY.format(name=env))
    env_file = folder / ".env"
    env_file.write_text(f'POSTGRES_PASSWORD="{DATABASE_KEY}"\n')
    settings = {
        "env": env,
        f"{role}_env_file": str(env_file),
        f"{role}_login_port": database.login["login_port"],
        f"{role}_login_db": database.name,
    }

    def run(name: str, *, check: bool = False, **variables: Any) -> PlaybookRun:
        run = run_playbook(
            ROOT / f"playbooks/{name}",
            folder,
            inventory=inventory,
            extra_vars={**settings, **variables},
            check=check,
            verbosity=3,
        )
        assert DATABASE_KEY not in run.output
        return run

    return run
