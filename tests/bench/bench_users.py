# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users cost: a thousand of them beside the least that Ansible needs, and beside a loop of upserts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

from support import memory
from support.bench import Contender, Row, command, memory_row, playbook_of
from support.environment import Environment

#: A module that takes the list and does nothing: what Ansible itself needs to bring it there.
ACCEPT = """\
#!/usr/bin/python
from ansible.module_utils.basic import AnsibleModule

options = {name: {"type": "list", "elements": "dict"} for name in ("users", "assistants")}
module = AnsibleModule(argument_spec=options, supports_check_mode=True)
module.exit_json(changed=False)
"""
HASH = "$2b$12$abcdefghijklmnopqrstuuZ0Y1QWmZV0mX5p7lS7bqPZ0oC3iVY1e"
#: Enough of them that the start of Ansible does not count beside the hashes.
PLAINTEXTS = 200
#: What a managed host has to spare for a long list, in MB.
MEMORY = 300.0
UPSERT = """
INSERT INTO users (id, email, username, hashed_password, first_name, last_name, department, job_title, auth_provider,
  status, role, is_verified, failed_login_attempts, language, timezone)
VALUES (gen_random_uuid(), %(email)s, %(username)s, %(password_hash)s, %(first_name)s, %(last_name)s, %(department)s,
  %(job_title)s, 'LOCAL', 'ACTIVE', 'USER', false, '0', 'de', 'Europe/Berlin')
ON CONFLICT (email) DO UPDATE SET first_name = excluded.first_name, last_name = excluded.last_name,
  department = excluded.department, job_title = excluded.job_title
"""
_MEASURED: dict[str, float] = {}
BARE_HASHES = f"""
import bcrypt, os
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
    list(pool.map(lambda number: bcrypt.hashpw(b"password %d" % number, bcrypt.gensalt(12)), range({PLAINTEXTS})))
"""


class Slow(Contender):
    """One that takes minutes: it is timed once, and that time stands for every round."""

    def seconds(self) -> float:
        """Return how long the one run took."""
        if self.name not in _MEASURED:
            _MEASURED[self.name] = super().seconds()
        return _MEASURED[self.name]


def rows(environment: Environment) -> list[Row]:
    """Compare lists and files with their minimum, plain passwords with bare bcrypt, and all with today's practice."""
    ping = Contender("ping", playbook_of(environment.folder, "users-ping", {"ansible.builtin.ping": {}}))
    listing = {"users": users(1000, password_hash=HASH)}
    accept = Contender(
        "a module that only accepts the list", list_play(environment, "accept", "accept_list", {}, listing)
    )
    listed = list_play(environment, "list", "convosphere.platform.convosphere_user", login(environment), listing)
    created = Contender("1,000 users from group_vars, created", listed, lambda: _empty(environment))
    unchanged = Contender("1,000 users from group_vars, unchanged", listed)
    filed = _file_contenders(environment, 1000)
    loop = _loop(environment, 1000)
    return [
        Row(created, accept, limit=1.2),
        Row(unchanged, accept, limit=1.2),
        *(Row(contender, ping, limit=1.6) for contender in filed),
        *(Row(contender, ping, limit=4) for contender in _file_contenders(environment, 10_000)),
        _plaintext(environment),
        Row(_file_contenders(environment, 100)[0], _loop(environment, 100), limit=1 / 10),
        Row(created, loop, limit=1 / 90),
        Row(filed[0], loop, limit=1 / 120),
        *(memory_row(found, MEMORY, memory.is_module) for found in _file_contenders(environment, 100_000)),
    ]


def users(count: int, **more: Any) -> list[dict[str, Any]]:
    """Return users with a handful of fields each."""
    return [
        {
            "email": f"user{number:06}@example.com",
            "username": f"user{number:06}",
            "first_name": f"First {number}",
            "last_name": f"Last {number}",
            "department": f"Department {number % 20}",
            "job_title": "Engineer",
            **more,
        }
        for number in range(count)
    ]


def login(environment: Environment) -> dict[str, Any]:
    """Return the login_ options for the database of the environment."""
    return {"login_port": environment.postgres_port, "login_env_file": str(environment.directory / ".env")}


def _empty(environment: Environment) -> None:
    environment.sql("TRUNCATE users, user_group_association, audit_logs CASCADE")


def list_play(
    environment: Environment, name: str, module: str, options: Mapping[str, Any], listing: Mapping[str, Any]
) -> Callable[[], None]:
    """Return the run of a play whose task gets a list from group_vars; `listing` is the option and its list."""
    [(option, items)] = listing.items()
    folder = environment.folder / f"{option}-{name}"
    run = playbook_of(environment.folder, folder.name, {module: {**options, option: f"{{{{ platform_{option} }}}}"}})
    (folder / "library").mkdir()
    (folder / "library/accept_list.py").write_text(ACCEPT)
    _write_yaml(folder / "group_vars/all.yml", {f"platform_{option}": items})
    return run


def _write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.dump(content, Dumper=yaml.CSafeDumper, sort_keys=False))


@cache
def _file_contenders(environment: Environment, count: int) -> Sequence[Contender]:
    """Build the contenders that create users from a YAML file, and leave them unchanged."""
    file = environment.folder / f"users-{count}.yml"
    _write_yaml(file, {"users": users(count, password_hash=HASH)})
    task = {"convosphere.platform.convosphere_user": {**login(environment), "users_file": str(file)}}
    run = playbook_of(environment.folder, f"users-file-{count}", task)
    return (
        Contender(f"{count:,} users from a YAML file, created", run, lambda: _empty(environment)),
        Contender(f"{count:,} users from a YAML file, unchanged", run),
    )


def _plaintext(environment: Environment) -> Row:
    file = environment.folder / "users-plaintext.json"
    file.write_text(json.dumps([{**user, "password": f"Passw0rd {user['email']}"} for user in users(PLAINTEXTS)]))
    task = {"convosphere.platform.convosphere_user": {**login(environment), "users_file": str(file)}}
    run = playbook_of(environment.folder, "users-plaintext", task)
    bare = command(["/usr/bin/python3", "-c", BARE_HASHES], environment.folder)
    return Row(
        Contender(f"{PLAINTEXTS} users with plain passwords, created", run, lambda: _empty(environment)),
        Contender(f"{PLAINTEXTS} bare bcrypt hashes on all cores", bare),
        limit=1.1,
    )


def _loop(environment: Environment, count: int) -> Slow:
    """Build today's practice: one upsert per user."""
    query = {
        "login_host": "127.0.0.1",
        "login_port": environment.postgres_port,
        "login_user": "convosphere",
        "login_password": unquote(urlsplit(environment.secrets()["DATABASE_URL"]).password or ""),
        "login_db": "convosphere",
        "query": UPSERT,
        "named_args": "{{ item }}",
    }
    # So many labels on the screen would be timed as well.
    task = {
        "community.postgresql.postgresql_query": query,
        "loop": users(count, password_hash=HASH),
        "loop_control": {"label": "-"},
    }
    run = playbook_of(environment.folder, f"users-loop-{count}", task)
    return Slow(f"a loop of {count:,} upserts, timed once", run, lambda: _empty(environment))
